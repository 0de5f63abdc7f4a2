import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pino } from 'pino'
import { pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import { poolResources } from '../../../operator/pools/pool-resources.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import {
  openGatewayRig,
  putCredential,
  putSecret,
  secretData,
  type GatewayRig,
  type GatewayUnderTest,
} from '../../rig/operator/gateway-rig.ts'
import type { OperatorRig } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 90_000, interval: 100 }
const silent = pino({ level: 'silent' })

describeOnAll('one gateway for all namespaces', (places) => {
  let rig: GatewayRig
  beforeEach(async () => {
    rig = await openGatewayRig(places)
  })
  afterEach(() => rig.close())

  it('answers each namespace at its own address, and what is accepted is worked on', async () => {
    const { one, other } = rig
    const gateway = await rig.startGateway()
    await Promise.all([one, other].map((each) => applyHook(each, 'orders', failing)))
    expect((await post(gateway, 'nobody-there', '/orders')).status).toBe(404)
    await Promise.all([one, other].map((each) => eventually(() => post(gateway, each.namespace, '/orders'), 202)))
    const accepted = await post(gateway, other.namespace, '/orders', { n: 1 })
    const location = accepted.headers.get('location') ?? ''
    const { run } = (await accepted.json()) as { readonly run: string }
    expect(location).toBe(`/runs/${other.namespace}/${run}`)
    expect((await fetch(`${gateway.url}/runs/${one.namespace}/${run}`)).status).toBe(404)
    await Promise.all([rig.startRunner(other), rig.startRecorder(other)])
    await vi.waitFor(async () => {
      const status = await (await fetch(gateway.url + location)).json()
      expect(status).toMatchObject({ run, namespace: other.namespace, flow: 'orders', messages: { dead: 1 } })
    }, waiting)

    await other.remove('orders')
    await eventually(() => post(gateway, other.namespace, '/orders'), 404)
    expect((await post(gateway, one.namespace, '/orders')).status).toBe(202)
  })

  it('waits for what a flow responds', async () => {
    const { one } = rig
    const gateway = await rig.startGateway()
    const steps = [{ name: 'answer', respond: { status: '201', body: '{"twice": data.n * 2}' } }]
    await applyHook(one, 'doubled', { webhook: { path: '/doubled/{id}', reply: 'sync' }, steps })
    await rig.startRunner(one)
    const response = await eventually(() => post(gateway, one.namespace, '/doubled/7', { n: 21 }), 201)
    expect(await response.json()).toEqual({ twice: 42 })
    // Who waits is answered before it ends, and it ends by itself.
    const last = post(gateway, one.namespace, '/doubled/8', { n: 4 })
    const ended = gateway.end()
    expect([(await last).status, await ended]).toEqual([201, 0])
  })

  it('tells callers apart by Secrets that it is let read, and by no other', async () => {
    const { one } = rig
    const gateway = await rig.startGateway()
    await putCredential(one, 'door', { username: 'anna', password: 'first' })
    await putCredential(one, 'unused', { username: 'anna', password: 'never' })
    await applyHook(one, 'guarded', { webhook: { auth: { basic: { credential: 'door' } } } })
    const call = (password: string) => post(gateway, one.namespace, '/guarded', {}, basic('anna', password))
    await eventually(() => call('first'), 202)
    expect((await call('wrong')).status).toBe(401)
    expect((await post(gateway, one.namespace, '/guarded')).status).toBe(401)
    expect(await grantedTo(one)).toEqual({ credentials: ['door'], secrets: ['door-secret'] })

    await putSecret(one, 'door-secret', { username: 'anna', password: 'second' })
    await eventually(() => call('second'), 202)
    expect((await call('first')).status).toBe(401)

    // Another credential is let in when the edit is, and the one before is shown no more.
    await applyHook(one, 'guarded', { webhook: { auth: { basic: { credential: 'unused' } } } })
    await eventually(() => call('never'), 202)
    await vi.waitFor(
      async () => expect(await grantedTo(one)).toEqual({ credentials: ['unused'], secrets: ['unused-secret'] }),
      waiting,
    )
    await one.remove('guarded')
    await vi.waitFor(async () => expect(await grantedTo(one)).toBeUndefined(), waiting)
  })

  it('serves the others where one namespace cannot be served', async () => {
    const { one, other } = rig
    const gateway = await rig.startGateway()
    await Promise.all([one, other].map((each) => applyHook(each, 'orders')))
    await Promise.all([one, other].map((each) => eventually(() => post(gateway, each.namespace, '/orders'), 202)))
    // Nobody is there to put it right.
    await Promise.all(other.running().map(({ stop }) => stop()))
    const data = await secretData(other, 'weir-gateway')
    await putSecret(other, 'weir-gateway', {
      ...data,
      WEIR_BROKER_URL: (data['WEIR_BROKER_URL'] ?? '').replace(/:[^:@]+@/, ':wrong@'),
    })
    const refused = await eventually(() => post(gateway, other.namespace, '/orders'), 503)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await post(gateway, one.namespace, '/orders')).status).toBe(202)
    await putSecret(other, 'weir-gateway', undefined)
    await eventually(() => post(gateway, other.namespace, '/orders'), 503)
    expect((await post(gateway, one.namespace, '/orders')).status).toBe(202)
    await putSecret(other, 'weir-gateway', data)
    await eventually(() => post(gateway, other.namespace, '/orders'), 202)
    await vi.waitFor(async () => {
      expect(await (await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).text()).toBe('ok\n')
    }, waiting)
  })

  it('loses nothing that it has accepted, when it is killed and started again', async () => {
    const { one } = rig
    const first = await rig.startGateway()
    const flow = await applyHook(one, 'orders', failing)
    await eventually(() => post(first, one.namespace, '/orders'), 202)
    await Promise.all([rig.startRunner(one), rig.startRecorder(one)])
    const accepted: string[] = []
    const sending = send(first, one.namespace, accepted)
    await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(20), waiting)
    await first.kill()
    const second = await rig.startGateway(first.hooksPort)
    const before = accepted.length
    await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(before + 20), waiting)
    sending.stop()
    await sending.ended
    expect(second.isAlive()).toBe(true)
    const store = await openMongoStore({ url: places.mongo.url, database: one.database, log: silent })
    try {
      await vi.waitFor(async () => {
        const letters = await store.deadLetters.list({ flow: String(flow.metadata.uid) })
        const runs = new Set(letters.map((letter) => letter.run))
        expect(accepted.filter((run) => !runs.has(run))).toEqual([])
      }, waiting)
    } finally {
      await store.close()
    }
  })
})

/** Each message is a dead letter: it can be counted. */
const failing = { steps: [{ name: 'end', fail: { code: 'Refused', message: '"no"' } }] }

interface HookFlow {
  readonly webhook?: object
  readonly steps?: readonly object[]
}

async function applyHook(rig: OperatorRig, name: string, { webhook = {}, steps }: HookFlow = {}): Promise<KubeObject> {
  const trigger = { name: 'called', webhook: { path: `/${name}`, auth: { none: {} }, ...webhook } }
  await rig.applyFlow(name, { triggers: [trigger], steps: steps ?? [{ name: 'say', log: 'data.n' }] })
  return rig.ready(name)
}

function post(
  { url }: GatewayUnderTest,
  namespace: string,
  path: string,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/hooks/${namespace}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })
}

function basic(username: string, password: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

async function eventually(call: () => Promise<Response>, status: number): Promise<Response> {
  return vi.waitFor(async () => {
    const response = await call()
    if (response.status === status) return response
    throw new Error(`answered ${response.status}: ${await response.text()}`)
  }, waiting)
}

/** One after another; who is not answered, or told to come again, does. */
function send(gateway: GatewayUnderTest, namespace: string, accepted: string[]) {
  const ending = new AbortController()
  const sendAll = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const answer = await post(gateway, namespace, '/orders').catch(() => undefined)
      if (answer?.status === 202) accepted.push(((await answer.json()) as { readonly run: string }).run)
      else await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return { ended: sendAll(), stop: () => ending.abort() }
}

/** Names in the gateway's Role, by resource. */
async function grantedTo({ client, namespace }: OperatorRig): Promise<Readonly<Record<string, unknown>> | undefined> {
  const name = 'weir-gateway'
  const look = async (kind: 'Role' | 'RoleBinding') => {
    const path = pathOf(poolResources[kind], { namespace, name })
    const answer = await client.request<KubeObject>({ method: 'GET', path })
    return answer.kind === 'done' ? answer.value : undefined
  }
  const [role, binding] = [await look('Role'), await look('RoleBinding')]
  if (role === undefined && binding === undefined) return undefined
  const rules = (role?.['rules'] ?? []) as readonly { resources: [string]; resourceNames: string[] }[]
  return Object.fromEntries(rules.map(({ resources: [resource], resourceNames }) => [resource, resourceNames]))
}
