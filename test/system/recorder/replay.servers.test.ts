import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, expect, it, vi } from 'vitest'
import type { Plan } from '../../../flow/plan/plan.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../../../runtime/broker/broker.ts'
import { deadLetter, plan } from '../../../runtime/store/conformance/store-promise.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../../runtime/store/store.ts'
import { encodeBody } from '../../../runtime/wire/body.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import { startProgram, weir } from '../cli/weir-process.ts'

const log = pino({ level: 'silent' })
const queue = 'flow-uid.store.0123456789ab.1'
const active: Plan = {
  ...plan('flow-uid', 1),
  carried: { steps: {}, trigger: [] },
  steps: { store: { name: 'store', kind: 'component', next: [], onError: {} } } as unknown as Plan['steps'], // no more of it is looked at
  stages: [
    { name: 'store', queue, pool: 'Component/shop', entries: ['store'], singleActiveConsumer: false, snapshot: 'none' },
  ],
}
const letterCount = 50

describeOnServers('replaying dead letters', ({ rabbit, mongo }) => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  async function world() {
    const vhost = await freshVhost(rabbit)
    closing.push(vhost.close)
    const database = freshDatabase(mongo)
    closing.push(database.close)
    const store = await openMongoStore({ url: database.url, log })
    closing.push(store.close)
    const broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 'replay test', log })
    closing.push(broker.close)
    await broker.declareQueues([{ name: queue }])
    await bury(store)
    const urls = [database.url, vhost.amqpUrl] as const
    const replay = (...words: string[]) =>
      weir(['dead-letters', 'replay', ...words], { env: { WEIR_STORE: urls[0], WEIR_BROKER: urls[1] } })
    return { store, broker, urls, replay }
  }

  it('that is killed between publish and mark loses none, and doubles what it had published, under the same ids', async () => {
    const { store, broker, urls, replay } = await world()
    const main = join(import.meta.dirname, 'replay-until-killed-main.ts')
    const { code, stderr } = await startProgram(process.execPath, [main, ...urls]).ended
    expect({ code, stderr }).toEqual({ code: null, stderr: '' })
    expect(await deadCount(store)).toBe(letterCount)
    const before = await settledDepth(broker)
    expect(before).toBeGreaterThan(0)
    const again = await replay('--flow', 'contacts')
    expect(again).toMatchObject({ code: 0, stderr: `${letterCount} dead letters replayed\n` })
    expect(await deadCount(store)).toBe(0)
    const ids = await taken(broker, letterCount + before)
    const copies = Map.groupBy(ids, (id) => id)
    expect(copies.size).toBe(letterCount)
    expect(Math.max(...[...copies.values()].map(({ length }) => length))).toBe(2)
  })

  it('takes each once where two do it at the same time, but for the moment between looking and marking', async () => {
    const { store, broker, replay } = await world()
    const ends = await Promise.all([replay('--all', '-o', 'name'), replay('--all', '-o', 'name')])
    expect(ends.map(({ code }) => code)).toEqual([0, 0])
    expect(await deadCount(store)).toBe(0)
    const depth = await settledDepth(broker)
    expect(new Set(await taken(broker, depth)).size).toBe(letterCount)
  })

  it('changes nothing when the broker cannot be reached or has no such vhost, and names it without the password', async () => {
    const { store, urls } = await world()
    const vhost = new URL(urls[1])
    vhost.pathname = '/nowhere'
    vhost.password ||= 'guest'
    for (const broker of [vhost.href, 'amqp://me:hunter2@127.0.0.1:1']) {
      const ended = await weir(['dead-letters', 'replay', '--all', '--store', urls[0], '--broker', broker])
      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain(new URL(broker).host)
      expect(ended.stderr).not.toContain('hunter2')
    }
    expect(await deadCount(store)).toBe(letterCount)
  })
})

async function bury(store: Store): Promise<void> {
  await store.plans.put(active)
  const state = { flow: 'flow-uid', namespace: 'default', name: 'contacts', lastRevision: 1, active: 1 } as const
  await store.flows.put({ ...state, kept: [], living: [], retiring: [], suspended: false, frozen: false }, 0)
  const body = encodeBody({}, Buffer.from('{"data":{"id":7}}'))
  await Promise.all(Array.from({ length: letterCount }, () => store.deadLetters.put(deadLetter('flow-uid', { body }))))
}

async function deadCount(store: Store): Promise<number> {
  return (await store.deadLetters.list({ state: 'dead' })).length
}

/** A depth is told a moment late: the same twice is one. */
async function settledDepth(broker: Broker): Promise<number> {
  let last = -1
  return vi.waitFor(
    async () => {
      const { ready = 0 } = (await broker.depth(queue)) ?? {}
      const isSettled = ready === last
      last = ready
      expect(isSettled).toBe(true)
      return ready
    },
    { timeout: 20_000, interval: 500 },
  )
}

async function taken(broker: Broker, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const subscription = await broker.consume(queue, { prefetch: 500 }, ({ message, ack }) => {
    ack()
    if (ids.push(message.id) === count) resolve()
  })
  await promise
  await subscription.close()
  return ids
}
