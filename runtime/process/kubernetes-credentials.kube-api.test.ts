import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openCutter } from '../../test/env/cutter.ts'
import { accessTo, describeOnKubeApi, limitedToken, openAdministrator } from '../../test/env/kube-tests.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { openCredentialRig, secretKind, shiftedClock, type CredentialRig } from '../../test/rig/credential-rig.ts'
import { secretsOfCredential, tokenSecretName } from '../../flow/credential/token-secret.ts'
import { openKubeClient, type KubeClient, type KubeRequest } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { preparationFailure } from '../runner/prepare-call.ts'
import { openKubernetesCredentials, type KubernetesCredentialsParts } from './kubernetes-credentials.ts'
import { openCredentialSource } from './open-credential-source.ts'

const waiting = { timeout: 60_000, interval: 20 }
const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function listening(client: KubeClient): { readonly client: KubeClient; readonly asked: KubeRequest[] } {
  const asked: KubeRequest[] = []
  return {
    asked,
    client: {
      ...client,
      request: (request) => (asked.push(request), client.request(request)),
      read: (request, parse) => (asked.push(request), client.read(request, parse)),
      stream: (request) => (asked.push(request), client.stream(request)),
    },
  }
}

describeOnKubeApi('credentials for runners', (place) => {
  let client: KubeClient
  let rig: CredentialRig
  beforeEach(async () => {
    client = await openAdministrator(place)
    ends.push(client.close)
    await applyCrds(client)
    rig = await openCredentialRig(client)
    ends.push(rig.close)
  })

  function opened(parts: Partial<KubernetesCredentialsParts> = {}) {
    const source = openKubernetesCredentials({ client, namespace: rig.namespace, ...parts })
    ends.push(source.close)
    return source
  }

  /** As the operator makes it. */
  async function giveToken(name: string, stringData: Readonly<Record<string, string>>, uid?: string): Promise<void> {
    const credential = await rig.read(name)
    const owner = { apiVersion: 'weir.dev/v1alpha1', kind: 'Credential', name, controller: true }
    const ownerReferences = [{ ...owner, uid: uid ?? credential.metadata.uid }]
    const metadata = { name: tokenSecretName(credential), ownerReferences }
    await rig.call('POST', secretKind, { body: { metadata, stringData } })
  }

  async function limited(names: readonly string[], credentials: readonly string[]): Promise<KubeClient> {
    const verbs = ['get', 'list', 'watch']
    const token = await limitedToken(client, {
      namespace: rig.namespace,
      rules: [
        { apiGroups: [''], resources: ['secrets'], resourceNames: names, verbs },
        { apiGroups: ['weir.dev'], resources: ['credentials'], resourceNames: credentials, verbs },
      ],
    })
    const { server, credentials: show } = await kubeconfigAccess({ path: place.kubeconfig })
    const access = accessTo({ url: server, ca: (await show()).tls.ca ?? '', token })
    const own = openKubeClient({ access, userAgent: 'limited' })
    ends.push(own.close)
    return own
  }

  it('give what is in the cluster now, and what has changed a moment ago', async () => {
    // Nothing but a watch could tell.
    const source = opened({ pollMs: 3_600_000 })
    expect(await source.get(rig.namespace, 'crm')).toBeUndefined()
    await rig.credential('crm', { type: 'basic', secretRef: { name: 'given', keys: { password: 'pw' } } })
    await vi.waitFor(
      () =>
        expect(source.get(rig.namespace, 'crm')).rejects.toMatchObject({
          name: 'TransientError',
          code: 'SecretNotFound',
        }),
      waiting,
    )
    await rig.secret('given', { username: 'u', pw: 'one' })
    await vi.waitFor(
      async () =>
        expect(await source.get(rig.namespace, 'crm')).toEqual({
          type: 'basic',
          fields: { username: 'u', password: 'one' },
        }),
      waiting,
    )
    await rig.change('given', { pw: 'two' })
    await vi.waitFor(
      async () => expect((await source.get(rig.namespace, 'crm'))?.fields['password']).toBe('two'),
      waiting,
    )
  })

  it('ask about nothing but what was named, and need no more than that', async () => {
    await rig.secret('given', { key: 'canary' })
    await rig.secret('stranger', { key: 'canary' })
    await rig.credential('crm', { type: 'apiKey', secretRef: { name: 'given' }, apiKey: { name: 'X-Key' } })
    await rig.credential('other', { type: 'apiKey', secretRef: { name: 'stranger' } })
    const names = secretsOfCredential(await rig.read('crm'))
    const { client: heard, asked } = listening(await limited(names, ['crm']))
    const source = opened({ client: heard })
    expect(await source.get(rig.namespace, 'crm')).toEqual({ type: 'apiKey', fields: { key: 'canary', name: 'X-Key' } })
    await rig.change('given', { key: 'next' })
    await vi.waitFor(async () => expect((await source.get(rig.namespace, 'crm'))?.fields['key']).toBe('next'), waiting)
    const about = asked.map(({ path, query }) => String(query?.['fieldSelector'] ?? path.split('/').at(-1)))
    expect(new Set(about)).toEqual(new Set(['crm', 'given', 'metadata.name=crm', 'metadata.name=given']))
    await expect(source.get(rig.namespace, 'other')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'CredentialAccessDenied',
    })
  })

  it('wait for a token, and for the next one when it has expired', async () => {
    const clock = shiftedClock()
    const source = opened({ clock })
    await rig.secret('given', { clientId: 'id', clientSecret: 'canary', refreshToken: 'canary', domain: 'd' })
    await rig.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' } })
    await expect(source.get(rig.namespace, 'crm')).rejects.toMatchObject({ code: 'CredentialPending' })
    await giveToken('crm', {
      accessToken: 'a1',
      refreshToken: 'canary',
      state: '{}',
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    })
    await vi.waitFor(
      async () =>
        expect((await source.get(rig.namespace, 'crm'))?.fields).toMatchObject({
          accessToken: 'a1',
          clientId: 'id',
          domain: 'd',
        }),
      waiting,
    )
    expect(JSON.stringify(await source.get(rig.namespace, 'crm'))).not.toContain('canary')
    clock.shift(61_000)
    const error = await source.get(rig.namespace, 'crm').catch((thrown: unknown) => thrown)
    // The message waits for half a minute, and no attempt is spent.
    expect(preparationFailure(error)).toMatchObject({ code: 'CredentialExpired', retryAfterSeconds: 30 })
    await expect(source.get(rig.namespace, 'crm')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'CredentialExpired',
    })
    const name = tokenSecretName(await rig.read('crm'))
    await rig.change(name, { accessToken: 'a2', expiresAt: new Date(Date.now() + 3_600_000).toISOString() })
    await vi.waitFor(
      async () => expect((await source.get(rig.namespace, 'crm'))?.fields['accessToken']).toBe('a2'),
      waiting,
    )
  })

  it('take no token that was put there for another Credential', async () => {
    const source = opened()
    await rig.secret('given', { clientId: 'id' })
    await rig.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' } })
    await giveToken('crm', { accessToken: 'forged' }, '00000000-0000-0000-0000-000000000000')
    await expect(source.get(rig.namespace, 'crm')).rejects.toMatchObject({ code: 'CredentialPending' })
  })

  it('read anew what is not watched, when something has failed with it', async () => {
    const clock = shiftedClock()
    const source = opened({ clock, watches: { credentials: 0, secrets: 0 }, pollMs: 3_600_000 })
    await rig.secret('given', { key: 'one' })
    await rig.credential('crm', { type: 'apiKey', secretRef: { name: 'given' } })
    await source.get(rig.namespace, 'crm')
    await rig.change('given', { key: 'two' })
    expect((await source.get(rig.namespace, 'crm'))?.fields['key']).toBe('one')
    expect((await source.get(rig.namespace, 'crm', { isFresh: true }))?.fields['key']).toBe('two')
    await rig.change('given', { key: 'three' })
    // A flow that fails a thousand times a second does not ask as often.
    expect((await source.get(rig.namespace, 'crm', { isFresh: true }))?.fields['key']).toBe('two')
    clock.shift(10_000)
    expect((await source.get(rig.namespace, 'crm', { isFresh: true }))?.fields['key']).toBe('three')
  })

  it('give the last that was seen while the API server cannot be reached', async () => {
    const { server, credentials } = await kubeconfigAccess({ path: place.kubeconfig })
    const cutter = await openCutter(server)
    ends.push(cutter.close)
    const access = { server: cutter.url, namespace: 'default', credentials }
    const away = openKubeClient({ access, userAgent: 'away' })
    ends.push(away.close)
    const source = opened({ client: away })
    await rig.secret('given', { key: 'one' })
    await rig.credential('crm', { type: 'apiKey', secretRef: { name: 'given' } })
    expect((await source.get(rig.namespace, 'crm'))?.fields['key']).toBe('one')
    cutter.refuse()
    expect((await source.get(rig.namespace, 'crm', { isFresh: true }))?.fields['key']).toBe('one')
    await expect(source.get(rig.namespace, 'unknown')).rejects.toMatchObject({
      name: 'TransientError',
      code: 'CredentialUnreadable',
    })
  })

  it('are of their own namespace, however they are named', async () => {
    const other = await openCredentialRig(client)
    ends.push(other.close)
    await other.secret('given', { key: 'canary' })
    await other.credential('crm', { type: 'apiKey', secretRef: { name: 'given' } })
    const { client: heard, asked } = listening(client)
    const source = opened({ client: heard })
    const names = [
      'crm',
      `../${other.namespace}/crm`,
      `../../${other.namespace}/credentials/crm`,
      '..',
      'crm/../crm',
      'crm,metadata.namespace=x',
      '',
      'CRM',
      'crm%2f..',
    ]
    expect(await source.get(other.namespace, 'crm')).toBeUndefined()
    for (const name of names.slice(1)) expect(await source.get(rig.namespace, name)).toBeUndefined()
    expect(await source.get(`${rig.namespace}/../${other.namespace}`, 'crm')).toBeUndefined()
    expect(asked).toEqual([])
    // A Credential of the same name has the Secret of its own namespace.
    await rig.credential('crm', { type: 'apiKey', secretRef: { name: 'given' } })
    await expect(source.get(rig.namespace, 'crm')).rejects.toMatchObject({ code: 'SecretNotFound' })
    // And none can be made that names another's.
    for (const name of [`../${other.namespace}/given`, `${other.namespace}/given`, '..', 'a,b'])
      await expect(
        rig.credential(`x${randomBytes(3).toString('hex')}`, { type: 'apiKey', secretRef: { name } }),
      ).rejects.toMatchObject({ status: 422 })
  })

  it('are forgotten when nobody asks for them', async () => {
    const { client: heard, asked } = listening(client)
    const source = opened({ client: heard, idleMs: 200 })
    await rig.secret('given', { key: 'one' })
    await rig.credential('crm', { type: 'apiKey', secretRef: { name: 'given' } })
    await source.get(rig.namespace, 'crm')
    await vi.waitFor(
      () =>
        expect(asked.filter(({ query }) => query?.['watch'] === true).every(({ signal }) => signal?.aborted)).toBe(
          true,
        ),
      waiting,
    )
    expect((await source.get(rig.namespace, 'crm'))?.fields['key']).toBe('one')
  })

  it('are opened by a word, and say what is missing where there is no cluster', async () => {
    await rig.secret('given', { key: 'one' })
    await rig.credential('crm', { type: 'apiKey', secretRef: { name: 'given' } })
    const source = await openCredentialSource('kubernetes', { KUBECONFIG: place.kubeconfig })
    ends.push(source.close)
    expect((await source.get(rig.namespace, 'crm'))?.fields['key']).toBe('one')
    await expect(openCredentialSource('kubernetes', {})).rejects.toMatchObject({ code: 'ClusterUnknown' })
    await expect(openCredentialSource('kubernetes', { KUBECONFIG: '/nowhere' })).rejects.toMatchObject({
      code: 'ClusterUnknown',
    })
    const directory = await mkdtemp(join(tmpdir(), 'weir-credentials-'))
    ends.push(() => rm(directory, { recursive: true }))
    await writeFile(join(directory, 'none'), '')
    const files = await openCredentialSource(directory, {})
    expect(await files.get(rig.namespace, 'crm')).toBeUndefined()
  })
})
