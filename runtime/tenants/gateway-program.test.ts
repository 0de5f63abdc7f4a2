import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { WebhookTrigger } from '../../crds/v1alpha1/trigger.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { samplePlan, samplePlans } from '../../test/samples/sample-plan.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { systemClock } from '../clock.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { gatewayProgram } from './gateway-program.ts'
import type { GatewayPart } from './gateway-part.ts'
import type { Ground } from './open-ground.ts'

const clock = systemClock
const open = { path: '/orders', auth: { none: {} } } as const satisfies WebhookTrigger
const guarded = { path: '/guarded', auth: { basic: { credential: 'door' } } } as const satisfies WebhookTrigger

function planOf(namespace: string, webhook: WebhookTrigger, name = 'orders'): Plan {
  return samplePlan({ namespace, name, triggers: [{ name: 'called', webhook }] })
}

/** Namespaces with these plans; of those that are down nobody reaches the broker. */
async function gateway(namespaces: Readonly<Record<string, readonly Plan[]>>, down: readonly string[] = []) {
  const asked: string[] = []
  const brokers = new Map(Object.keys(namespaces).map((name) => [name, openMemoryBroker({ clock })]))
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const ground: Ground = {
    logins: undefined as never, // who is open is told below
    openTenant: async () => expect.unreachable(),
    close: async () => {},
    troubles: () => [],
    hasFlows: (namespace) => namespace === 'unopened',
    openPlans: async ({ namespace }) => ({
      ...samplePlans(...(namespaces[namespace] ?? [])),
      living: () => [],
      onChange: () => () => {},
      close: async () => {},
    }),
    openServers: async ({ namespace, signal }) => {
      if (down.includes(namespace))
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      return { broker: brokers.get(namespace) ?? expect.unreachable(), store: openMemoryStore({ clock }) }
    },
  }
  const program = gatewayProgram({
    settings: { hooksPort: 0, httpHost: '127.0.0.1', shutdownSeconds: 0 },
    credentials: {
      get: async (namespace, name) => {
        asked.push(`${namespace}/${name}`)
        return { type: 'basic', fields: { username: 'anna', password: namespace } }
      },
    },
  })
  const parts: GatewayPart[] = []
  for (const namespace of Object.keys(namespaces)) {
    await brokers.get(namespace)?.declareQueues([{ name: 'uid-orders._core' }])
    const login = { username: '', password: '', vhost: '', database: '' }
    parts.push(await program.open(ground, { namespace, login, log, signal: new AbortController().signal }, clock))
  }
  const beside = await program.openBeside?.({ ground, parts: () => parts, clock, log })
  onTestFinished(async () => {
    await beside?.close()
    for (const part of parts) await part.close()
  })
  const port = Number(lines.find(({ hooksPort }) => hooksPort !== undefined)?.['hooksPort'])
  return {
    answers: () => [...(program.meters?.gateway?.answers() ?? [])],
    asked,
    parts,
    beside,
    depth: async (namespace: string) => (await brokers.get(namespace)?.depth('uid-orders._core'))?.ready,
    post: (path: string, password = '') =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`anna:${password}`)}` },
      }),
  }
}

it('sends what is accepted to the namespace that was called, and to no other', async () => {
  const { post, depth, answers } = await gateway({ one: [planOf('one', open)], other: [planOf('other', open)] })
  await vi.waitFor(async () => expect((await post('/hooks/other/orders')).status).toBe(202))
  expect([await depth('one'), await depth('other')]).toEqual([0, 1])
  await post('/hooks/nobody/orders')
  expect(answers()).toContainEqual({ namespace: 'other', status: 202, count: 1 })
  expect(answers()).toContainEqual({ namespace: '', status: 404, count: 1 })
})

it('has nothing at another namespace’s address, nor its Credentials, for a plan that says it is there', async () => {
  const { post, asked } = await gateway({
    one: [planOf('other', guarded), planOf('one', guarded, 'own')],
    other: [],
  })
  expect((await post('/hooks/other/guarded', 'other')).status).toBe(404)
  expect((await post('/hooks/one/guarded', 'other')).status).toBe(401)
  expect(asked).toEqual(['one/door'])
})

it('tells to come again where a namespace cannot be served, and serves the others', async () => {
  const { post, parts, beside } = await gateway(
    { one: [planOf('one', open)], down: [planOf('down', open), planOf('down', guarded, 'guarded')] },
    ['down'],
  )
  for (const namespace of ['down', 'unopened']) {
    const answer = await post(`/hooks/${namespace}/orders`)
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
  }
  // What needs no broker is told nevertheless.
  expect((await post('/hooks/down/elsewhere')).status).toBe(404)
  expect((await post('/hooks/down/guarded', 'wrong')).status).toBe(401)
  expect((await post('/hooks/nobody/orders')).status).toBe(404)
  await vi.waitFor(async () => expect((await post('/hooks/one/orders')).status).toBe(202))
  expect(parts.map(({ broker }) => broker.health().kind)).toEqual(['ready', 'connecting'])
  expect(beside?.troubles()).toEqual(['starting: the broker of 1 namespaces was not reached yet'])
})

it('connects no namespace without a webhook', async () => {
  const manual = samplePlan({ namespace: 'one', triggers: [{ name: 'by-hand', manual: {} }] })
  const { parts, beside } = await gateway({ one: [manual] }, ['one'])
  expect(parts.map(({ isReady, broker }) => [isReady(), broker.health().kind])).toEqual([[true, 'ready']])
  expect(beside?.troubles()).toEqual([])
})
