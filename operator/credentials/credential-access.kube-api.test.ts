import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import {
  accessTo,
  describeOnUnsharedKubeApi,
  limitedToken,
  openAdministrator,
  type Rule,
} from '../../test/env/kube-tests.ts'
import { openTokenServer, type TokenServer } from '../../test/env/token-server.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { openCredentialRig, runCredentials, shiftedClock, type CredentialRig } from '../../test/rig/credential-rig.ts'
import { pathOf, type Resource } from '../../kube/kube-object.ts'
import { openKubeClient, type KubeClient, type KubeRequest } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { openKubernetesCredentials } from '../../runtime/process/kubernetes-credentials.ts'
import { credentialRules, secretRules } from './rules.ts'

const waiting = { timeout: 60_000, interval: 25 }
const eventKind: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  isNamespaced: true,
}

const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Heard {
  readonly client: KubeClient
  readonly asked: KubeRequest[]
  /** Paths of what the server did not allow. */
  readonly denied: string[]
}

function listening(client: KubeClient): Heard {
  const asked: KubeRequest[] = []
  const denied: string[] = []
  const hear = async <T>(request: KubeRequest, call: Promise<T>): Promise<T> => {
    asked.push(request)
    const answer = await call
    const { failure } = answer as { readonly failure?: { readonly status: number } }
    if (failure?.status === 403) denied.push(`${request.method} ${request.path}`)
    return answer
  }
  return {
    asked,
    denied,
    client: {
      ...client,
      request: (request) => hear(request, client.request(request)),
      read: (request, parse) => hear(request, client.read(request, parse)),
      stream: (request) => hear(request, client.stream(request)),
    },
  }
}

await describeOnUnsharedKubeApi('the operator’s access to credentials', (place) => {
  let client: KubeClient
  let rig: CredentialRig
  let server: TokenServer
  beforeEach(async () => {
    client = await openAdministrator(place)
    ends.push(client.close)
    await applyCrds(client)
    rig = await openCredentialRig(client)
    server = await openTokenServer('canary')
    ends.push(rig.close, server.close)
  })

  async function limited(rules: readonly Rule[], isClusterWide: boolean): Promise<KubeClient> {
    const token = await limitedToken(client, { namespace: rig.namespace, rules, isClusterWide })
    const { server: url, credentials } = await kubeconfigAccess({ path: place.kubeconfig })
    const own = openKubeClient({
      access: accessTo({ url, ca: (await credentials()).tls.ca ?? '', token }),
      userAgent: 'limited',
    })
    ends.push(own.close)
    return own
  }

  function run(...[own, namespace, options]: Parameters<typeof runCredentials>) {
    const running = runCredentials(own, namespace, options)
    ends.push(running.stop)
    return running
  }

  async function withClient(secret: Readonly<Record<string, string>>): Promise<void> {
    await rig.secret('app-client', { clientId: 'id', clientSecret: 'canary-client' })
    const client = { secretRef: { name: 'app-client' } }
    await rig.app('crm', { oauth2: { tokenUrl: server.url, client }, rateBudget: { requests: 10, perSeconds: 1 } })
    await rig.secret('given', secret)
    await rig.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' }, app: 'crm' })
  }

  it('is enough with just the rules of this part', async () => {
    server.consent('canary-first')
    const { client: own, denied, asked } = listening(await limited([...credentialRules, ...secretRules], true))
    const { stop } = run(own, undefined)
    await withClient({ refreshToken: 'canary-first' })
    await rig.becomes('crm', 'Valid')
    await rig.change('app-client', { clientId: '' })
    await rig.becomes('crm', 'KeyMissing')
    await stop()
    ends.splice(ends.indexOf(stop), 1)
    const mine = asked.filter(({ path }) => path.includes(rig.namespace))
    expect(mine.some(({ path, method }) => method === 'POST' && path.endsWith('/events'))).toBe(true)
    // Namespaces of other tests are about to go, and take nothing new.
    expect(denied.filter((path) => path.includes(rig.namespace))).toEqual([])
    // Never all of a namespace.
    const lists = asked.filter(({ path, query }) => path.endsWith('/secrets') && query?.['fieldSelector'] === undefined)
    expect(lists.filter(({ method }) => method === 'GET')).toEqual([])
  })

  it('says how to open a namespace, and goes on when it is open', async () => {
    server.consent('canary-first')
    const own = await limited(credentialRules, true)
    run(own, rig.namespace, { howToOpen: (namespace) => `open ${namespace}` })
    await withClient({ refreshToken: 'canary-first' })
    const { status } = await rig.becomes('crm', 'SecretAccessDenied')
    expect(status?.conditions?.[0]?.message).toBe(
      `the operator may not read Secret "given" of namespace "${rig.namespace}": open ${rig.namespace}`,
    )
    expect(server.calls).toEqual([])
    const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${rig.namespace}/role`
    const account = await client.request<{
      readonly items: readonly { readonly metadata: { readonly name: string } }[]
    }>({
      method: 'GET',
      path: `/api/v1/namespaces/${rig.namespace}/serviceaccounts`,
    })
    const { name = '' } =
      orThrow(account).items.find(({ metadata }) => metadata.name.startsWith('limited-'))?.metadata ?? {}
    orThrow(
      await client.request({
        method: 'POST',
        path: `${roles}s`,
        body: { metadata: { name: 'open' }, rules: secretRules },
      }),
    )
    const binding = {
      metadata: { name: 'open' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'open' },
      subjects: [{ kind: 'ServiceAccount', name, namespace: rig.namespace }],
    }
    orThrow(await client.request({ method: 'POST', path: `${roles}bindings`, body: binding }))
    await rig.becomes('crm', 'Valid')
  })

  it('shows nothing secret anywhere but in Secrets', async () => {
    const clock = shiftedClock()
    server.consent('canary-first')
    const running = run(client, rig.namespace, { clock, timing: { callMs: 500 } })
    server.fail(
      { status: 400, body: { error: 'invalid_scope', error_description: 'canary-first of canary-client' } },
      { status: 400, body: { error: 'canary-first', error_description: 'canary-first' } },
      { status: 503, body: { error: 'canary-client' } },
      'garbage',
    )
    await withClient({ refreshToken: 'canary-first' })
    await rig.secret('login', { username: 'canary-user', other: 'canary' })
    await rig.credential('login', { type: 'basic', secretRef: { name: 'login' } })
    await rig.becomes('login', 'KeyMissing')
    for (const code of ['invalid_scope', 'http_400', '503', 'without a token']) {
      await vi.waitFor(async () => expect((await rig.read('crm')).status?.lastError).toContain(code), waiting)
      clock.shift(3_700_000)
      await rig.touch('given')
    }
    await rig.becomes('crm', 'ConsentRequired')
    server.consent('canary-second')
    await rig.change('given', { refreshToken: 'canary-second' })
    await rig.becomes('crm', 'Valid')
    await running.stop()
    ends.splice(ends.indexOf(running.stop), 1)
    const kinds = [resources.credentials, resources.apps, resources.flowRevisions, eventKind]
    const shown = await Promise.all(
      kinds.map((kind) => client.request({ method: 'GET', path: pathOf(kind, { namespace: rig.namespace }) })),
    )
    const told = JSON.stringify(shown.map(orThrow))
    expect(told).toContain('ConsentRequired')
    expect(told).not.toContain('canary')
    expect(running.lines.join('')).toContain('token not renewed')
    expect(running.lines.join('')).not.toContain('canary')
  })

  it('is to the Secrets and Apps of the Credential’s own namespace', async () => {
    const other = await openCredentialRig(client)
    ends.push(other.close)
    await withClient({ refreshToken: 'canary-first' })
    const { client: heard, asked } = listening(client)
    run(heard, undefined)
    // The same names, and nothing behind them here.
    await other.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' }, app: 'crm' })
    await other.becomes('crm', 'SecretNotFound')
    await other.secret('given', { refreshToken: 'stolen' })
    await other.becomes('crm', 'AppNotFound')
    const secrets = asked.filter(({ path }) => path.includes('/secrets') && path.includes(other.namespace))
    expect(secrets.length).toBeGreaterThan(0)
    expect(server.calls.filter(({ fields }) => fields['refresh_token'] === 'stolen')).toEqual([])
    for (const name of [`${rig.namespace}/given`, `../${rig.namespace}/given`, '..', 'given,metadata.namespace=x'])
      await expect(other.credential('bad', { type: 'basic', secretRef: { name } })).rejects.toMatchObject({
        status: 422,
      })
  })

  it('hands no Secret of Weir’s own to a component', async () => {
    run(client, rig.namespace)
    const kind: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
    const labels = { 'app.kubernetes.io/managed-by': 'weir' }
    await rig.call('POST', kind, {
      body: { metadata: { name: 'weir-runner', labels }, stringData: { password: 'canary' } },
    })
    await rig.credential('crm', { type: 'mixed', secretRef: { name: 'weir-runner' } })
    await rig.becomes('crm', 'SecretReserved')
    const source = openKubernetesCredentials({ client })
    ends.push(source.close)
    await expect(source.get(rig.namespace, 'crm')).rejects.toMatchObject({ code: 'SecretReserved' })
  })

  it('takes no Secret for a token’s that somebody else has made', async () => {
    server.consent('canary-first')
    await rig.secret('given', { clientId: 'id', tokenUrl: server.url })
    const { metadata } = await rig.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' } })
    const name = `weir-token-crm-${metadata.uid?.slice(0, 8)}`
    await rig.secret(name, { refreshToken: 'canary-first' })
    run(client, rig.namespace)
    await rig.becomes('crm', 'TokenSecretTaken')
    expect(server.calls).toEqual([])
    const kind: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
    await rig.call('DELETE', kind, { name })
    await rig.becomes('crm', 'ConsentRequired')
  })

  it('tells of an App what is missing', async () => {
    run(client, rig.namespace)
    const client2 = { secretRef: { name: 'app-client' } }
    await rig.app('crm', { oauth2: { tokenUrl: server.url, client: client2 } })
    const conditions = async () => {
      const { status } = (await rig.call('GET', resources.apps, { name: 'crm' })) as unknown as {
        readonly status?: {
          readonly observedGeneration?: number
          readonly conditions?: readonly Readonly<Record<string, unknown>>[]
        }
      }
      return (status?.conditions ?? []).map(
        ({ type, status, reason }) => `${String(type)}=${String(status)}/${String(reason)}`,
      )
    }
    const becomes = (want: readonly string[]) =>
      vi.waitFor(async () => expect(await conditions()).toEqual(want), waiting)
    await becomes(['Ready=False/SecretNotFound', 'Stalled=True/SecretNotFound'])
    await rig.secret('app-client', { clientSecret: 'canary' })
    await becomes(['Ready=False/KeyMissing', 'Stalled=True/KeyMissing'])
    await rig.change('app-client', { clientId: 'id' })
    await becomes(['Ready=True/Valid'])
  })

  it('gives runners the rate budget of its App with a Credential of whatever type, and each change of it', async () => {
    run(client, rig.namespace)
    await rig.secret('given', { username: 'u', password: 'p' })
    await rig.app('crm', { rateBudget: { requests: 100, perSeconds: 60 } })
    await rig.credential('mine', { type: 'basic', secretRef: { name: 'given' }, app: 'crm' })
    await rig.credential('free', { type: 'basic', secretRef: { name: 'given' } })
    const source = openKubernetesCredentials({ client })
    ends.push(source.close)
    const becomes = (want: object | undefined) =>
      vi.waitFor(async () => expect((await source.get(rig.namespace, 'mine'))?.rateBudget).toEqual(want), waiting)
    await becomes({ app: 'crm', requests: 100, perSeconds: 60, burst: 10 })
    expect(await source.get(rig.namespace, 'free')).not.toHaveProperty('rateBudget')
    await rig.call('PATCH', resources.apps, { name: 'crm', body: { spec: { rateBudget: { burst: 1 } } } })
    await becomes({ app: 'crm', requests: 100, perSeconds: 60, burst: 1 })
    await rig.call('PATCH', resources.apps, { name: 'crm', body: { spec: { rateBudget: null } } })
    await becomes(undefined)
  })
})
