import { generateKeyPairSync, verify } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { describeOnKubeApi, openAdministrator } from '../../test/env/kube-tests.ts'
import { openTokenServer, type TokenServer } from '../../test/env/token-server.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import {
  openCredentialRig,
  runCredentials,
  secretKind,
  shiftedClock,
  type CredentialRig,
  type ShiftedClock,
} from '../../test/rig/credential-rig.ts'
import { fencedClient } from '../../kube/election/fenced-client.ts'
import type { KubeClient, KubeRequest } from '../../kube/transport/kube-client.ts'
import type { CredentialsOptions } from './open-credentials.ts'
import { claimAnnotation } from './decide/token-state.ts'

const waiting = { timeout: 60_000, interval: 25 }
const hourMs = 3_600_000

const ends: (() => Promise<unknown> | void)[] = []
const burials: (() => void)[] = []
afterEach(async () => {
  for (const bury of burials.splice(0)) bury()
  for (const end of ends.splice(0).reverse()) await end()
})

/** A process that dies in the middle of a write of a token: from then on nothing that it does is seen, until the test is over. */
function dying(client: KubeClient): KubeClient {
  const buried = Promise.withResolvers<never>()
  buried.promise.catch(() => {})
  burials.push(() => buried.reject(new Error('dead')))
  return { ...client, request: (request) => (request.method === 'GET' ? client.request(request) : buried.promise) }
}

function counting(client: KubeClient): { readonly client: KubeClient; readonly writes: KubeRequest[] } {
  const writes: KubeRequest[] = []
  const request: KubeClient['request'] = (asked) => {
    if (asked.method !== 'GET') writes.push(asked)
    return client.request(asked)
  }
  return { client: { ...client, request }, writes }
}

describeOnKubeApi('credentials', (place) => {
  let client: KubeClient
  let rig: CredentialRig
  let server: TokenServer
  let clock: ShiftedClock
  beforeEach(async () => {
    client = await openAdministrator(place)
    ends.push(client.close)
    await applyCrds(client)
    rig = await openCredentialRig(client)
    server = await openTokenServer('canary')
    ends.push(rig.close, server.close)
    clock = shiftedClock()
  })

  function run(options: CredentialsOptions & { readonly client?: KubeClient } = {}) {
    const { client: own = client, ...rest } = options
    const running = runCredentials(own, rig.namespace, { clock, ...rest })
    ends.push(running.stop)
    return running
  }

  /** One with a consent, whose first token is there. */
  async function consented(options: CredentialsOptions = {}) {
    server.consent('canary-first')
    await rig.secret('given', {
      clientId: 'id',
      clientSecret: 'canary-client',
      refreshToken: 'canary-first',
      tokenUrl: server.url,
    })
    const running = run(options)
    await rig.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' } })
    await rig.becomes('crm', 'Valid')
    return running
  }

  /** Time passes, and somebody looks. */
  async function pass(ms: number): Promise<void> {
    clock.shift(ms)
    await rig.touch('given')
  }

  it('say what is missing, and are Valid as soon as it is there', async () => {
    run()
    await rig.credential('login', { type: 'basic', secretRef: { name: 'given', keys: { password: 'pw' } } })
    const missing = await rig.becomes('login', 'SecretNotFound')
    expect(missing.status).toMatchObject({
      observedGeneration: 1,
      conditions: [
        { type: 'Ready', status: 'False', observedGeneration: 1 },
        { type: 'Stalled', status: 'True' },
      ],
    })
    await rig.secret('given', { username: 'u' })
    await rig.becomes('login', 'KeyMissing')
    expect((await rig.ready('login'))?.message).toContain('"password" is missing or empty in Secret "given"')
    await rig.change('given', { pw: 'canary' })
    const { status } = await rig.becomes('login', 'Valid')
    expect(status?.conditions).toHaveLength(1)
    await rig.call(
      'DELETE',
      { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true },
      { name: 'given' },
    )
    await rig.becomes('login', 'SecretNotFound')
  })

  it('expire when their Secret says so', async () => {
    run()
    const at = new Date(Date.now() + 3_000).toISOString()
    await rig.secret('given', { token: 'canary', expiresAt: at })
    await rig.credential('visit', { type: 'session', secretRef: { name: 'given' } })
    const { status } = await rig.becomes('visit', 'Valid')
    expect(status?.expiresAt).toBe(at.replace(/\.\d+Z/, 'Z'))
    await rig.becomes('visit', 'Expired')
  })

  it('get a token for a client, keep it in a Secret of their own, and then rest', async () => {
    const { client: counted, writes } = counting(client)
    run({ client: counted })
    await rig.secret('app-client', { clientId: 'id', clientSecret: 'canary-client' })
    await rig.app('crm', {
      oauth2: { tokenUrl: server.url, scopes: ['read', 'write'], client: { secretRef: { name: 'app-client' } } },
    })
    await rig.secret('given', { audience: 'api' })
    await rig.credential('crm', { type: 'oauth2ClientCredentials', secretRef: { name: 'given' }, app: 'crm' })
    const credential = await rig.becomes('crm', 'Valid')
    expect(server.calls).toEqual([
      {
        authorization: `Basic ${Buffer.from('id:canary-client').toString('base64')}`,
        fields: { grant_type: 'client_credentials', scope: 'read write', audience: 'api' },
      },
    ])
    const { secret, fields } = await rig.token('crm')
    expect(fields).toMatchObject({ accessToken: 'canary-access-1', tokenType: 'Bearer' })
    expect(secret.metadata.ownerReferences).toMatchObject([
      { kind: 'Credential', uid: credential.metadata.uid, controller: true },
    ])
    expect(secret.metadata.annotations ?? {}).not.toHaveProperty([claimAnnotation])
    expect(Date.parse(credential.status?.expiresAt ?? '') - Date.parse(credential.status?.refreshedAt ?? '')).toBe(
      hourMs,
    )
    const before = writes.length
    await rig.touch('given')
    await rig.touch('app-client')
    await rig.secret('other', { username: 'u', password: 'p' })
    await rig.credential('other', { type: 'basic', secretRef: { name: 'other' } })
    await rig.becomes('other', 'Valid')
    expect(writes.slice(before).filter(({ path }) => !path.includes('/other') && !path.includes('/events'))).toEqual([])
    expect(server.calls).toHaveLength(1)
    // Somebody removes what is kept: it is got again.
    await rig.call('DELETE', secretKind, { name: secret.metadata.name })
    await vi.waitFor(
      async () => expect((await rig.token('crm')).fields['accessToken']).toBe('canary-access-2'),
      waiting,
    )
  })

  it('are renewed before they expire, by themselves', async () => {
    server.expiresInSeconds = 20
    await consented()
    await vi.waitFor(() => expect(server.calls.length).toBe(2), waiting)
    expect(server.calls[1]?.fields['refresh_token']).toBe('canary-refresh-1')
    await vi.waitFor(
      async () =>
        expect((await rig.token('crm')).fields).toMatchObject({
          accessToken: 'canary-access-2',
          refreshToken: 'canary-refresh-2',
        }),
      waiting,
    )
  })

  it('use each refresh token once, whoever changes what', async () => {
    await consented()
    for (let round = 2; round <= 5; round += 1) {
      await pass(hourMs)
      await vi.waitFor(
        async () => expect((await rig.token('crm')).fields['accessToken']).toBe(`canary-access-${round}`),
        waiting,
      )
    }
    expect(new Set(server.calls.map(({ fields }) => fields['refresh_token'])).size).toBe(server.calls.length)
    // A new consent replaces what is kept.
    server.consent('canary-second')
    await rig.change('given', { refreshToken: 'canary-second' })
    await vi.waitFor(() => expect(server.calls.at(-1)?.fields['refresh_token']).toBe('canary-second'), waiting)
  })

  it.each([
    { fault: { status: 500 } as const, says: '500' },
    { fault: { status: 429, headers: { 'retry-after': '120' } } as const, says: '429' },
    {
      fault: {
        status: 400,
        body: { error: 'invalid_scope', error_description: 'canary-first\n\u0007 is wrong' },
      } as const,
      says: 'invalid_scope, *** is wrong',
    },
    { fault: 'redirect' as const, says: 'another address' },
    { fault: 'silent' as const, says: 'does not answer in time' },
  ])('go on with the old refresh token after $says', async ({ fault, says }) => {
    server.consent('canary-first')
    await rig.secret('given', {
      clientId: 'id',
      clientSecret: 'canary-client',
      refreshToken: 'canary-first',
      tokenUrl: server.url,
    })
    server.fail(fault)
    const { lines } = run({ timing: { callMs: 500 } })
    await rig.credential('crm', { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' } })
    const { status } = await rig.becomes('crm', 'RefreshFailed')
    expect(status?.lastError).toContain(says)
    expect(status?.conditions).toMatchObject([{ status: 'False' }, { type: 'Reconciling', status: 'True' }])
    await pass(10_000)
    await rig.secret('later', {})
    expect(server.calls).toHaveLength(1)
    await pass(130_000)
    const renewed = await rig.becomes('crm', 'Valid')
    expect(renewed.status).not.toHaveProperty('lastError')
    expect(lines.join('')).not.toContain('canary')
  })

  it.each(['cut', 'garbage', 'large'] as const)(
    'need a consent after an answer that was lost (%s) with the next refresh token',
    async (fault) => {
      const { lines } = await consented()
      server.fail(fault)
      await pass(0.9 * hourMs)
      const failing = await rig.becomes('crm', 'RefreshFailed')
      // What is there works for a while.
      expect(failing.status?.conditions).toMatchObject([{ status: 'True', reason: 'RefreshFailed' }])
      await pass(60_000)
      const { status } = await rig.becomes('crm', 'ConsentRequired')
      expect(status?.conditions).toMatchObject([{ status: 'False' }, { type: 'Stalled' }])
      const { length } = server.calls
      await pass(hourMs)
      server.consent('canary-second')
      await rig.change('given', { refreshToken: 'canary-second' })
      await rig.becomes('crm', 'Valid')
      expect(server.calls.length).toBe(length + 1)
      expect(lines.join('')).not.toContain('canary')
    },
  )

  it.each([
    { name: 'is renewed where the old refresh token is still good', isRotating: false, reason: 'Valid', calls: 3 },
    { name: 'needs a consent where it is not', isRotating: true, reason: 'ConsentRequired', calls: 3 },
  ])('$name, after an operator was killed between call and save', async ({ isRotating, reason, calls }) => {
    const timing = { claimMs: 1_000 }
    server.isRotating = isRotating
    const first = await consented({ timing })
    await first.stop()
    const killed = run({ unfenced: dying(client), timing })
    clock.shift(hourMs)
    await rig.touch('given')
    await vi.waitFor(() => expect(server.calls).toHaveLength(2), waiting)
    killed.abort()
    const { secret } = await rig.token('crm')
    expect(secret.metadata.annotations).toHaveProperty([claimAnnotation])
    run({ timing })
    await vi.waitFor(() => expect(server.calls).toHaveLength(calls), waiting)
    await rig.becomes('crm', reason)
    expect((await rig.token('crm')).secret.metadata.annotations ?? {}).not.toHaveProperty([claimAnnotation])
    await rig.touch('given')
    await rig.secret('later', {})
    expect(server.calls).toHaveLength(calls)
  })

  it('are not tried a third time after two operators were killed', async () => {
    const timing = { claimMs: 500 }
    server.isRotating = false
    const first = await consented({ timing })
    await first.stop()
    clock.shift(hourMs)
    for (const calls of [2, 3]) {
      const killed = run({ unfenced: dying(client), timing })
      await vi.waitFor(() => expect(server.calls).toHaveLength(calls), waiting)
      killed.abort()
    }
    run({ timing })
    const { status } = await rig.becomes('crm', 'ConsentRequired')
    expect(status?.conditions?.[0]?.message).toContain('two calls were lost')
    expect(server.calls).toHaveLength(3)
  })

  it('are saved by an operator that leads no longer when its call is answered', async () => {
    let isLeader = true
    const { stop } = await consented({})
    await stop()
    const fenced = fencedClient(client, () => isLeader)
    // The claim is the last that is written in the right.
    const claiming: KubeClient = {
      ...fenced,
      request: async (request) => {
        const answer = await fenced.request<never>(request)
        if (request.method === 'PUT' && request.path.includes('/secrets/')) isLeader = false
        return answer
      },
    }
    run({ client: claiming, unfenced: client })
    clock.shift(hourMs)
    await rig.touch('given')
    await vi.waitFor(
      async () => expect((await rig.token('crm')).fields['refreshToken']).toBe('canary-refresh-2'),
      waiting,
    )
    expect(isLeader).toBe(false)
  })

  it('are renewed by one of two operators that both think they lead', async () => {
    await consented()
    run()
    for (let round = 2; round <= 4; round += 1) {
      await pass(hourMs)
      await vi.waitFor(
        async () => expect((await rig.token('crm')).fields['accessToken']).toBe(`canary-access-${round}`),
        waiting,
      )
    }
    expect(server.calls).toHaveLength(4)
    await rig.becomes('crm', 'Valid')
  })

  it('are got by an assertion that is signed with their key', async () => {
    run()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    await rig.secret('given', { privateKey: 'no key', issuer: 'robot', keyId: 'k1', tokenUrl: server.url })
    await rig.credential('robot', { type: 'jwtBearer', secretRef: { name: 'given' }, scopes: ['read'] })
    const { status } = await rig.becomes('robot', 'RefreshFailed')
    expect(status?.lastError).toContain('"privateKey" is not a PEM key')
    await rig.change('given', { privateKey: pem })
    await rig.becomes('robot', 'Valid')
    const { grant_type: grantType, assertion = '' } = server.calls.at(-1)?.fields ?? {}
    expect(grantType).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const [head = '', claims = '', signature = ''] = assertion.split('.')
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'robot',
      sub: 'robot',
      aud: server.url,
      scope: 'read',
    })
  })

  it('find out how a server wants to be told who the client is, and remember it', async () => {
    server.clientAuth = 'post'
    await consented()
    expect(server.calls.map(({ authorization }) => authorization !== undefined)).toEqual([true, false])
    await pass(hourMs)
    await vi.waitFor(() => expect(server.calls).toHaveLength(3), waiting)
    expect(server.calls[2]).toMatchObject({ authorization: undefined, fields: { client_secret: 'canary-client' } })
  })

  it('do not let anybody have the operator call its own host', async () => {
    run({ isAddressAllowed: undefined as never })
    await rig.secret('given', {
      clientId: 'id',
      clientSecret: 'canary-client',
      tokenUrl: server.url.replace('127.0.0.1', 'localhost'),
    })
    await rig.credential('crm', { type: 'oauth2ClientCredentials', secretRef: { name: 'given' } })
    const { status } = await rig.becomes('crm', 'RefreshFailed')
    expect(status?.lastError).toContain('not one that may be called')
    expect(server.calls).toEqual([])
  })
})
