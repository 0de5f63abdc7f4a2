import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { openCutter } from '../../env/cutter.ts'
import { controlRabbit } from '../../env/rabbit-control.ts'
import type { RabbitServer } from '../../env/rabbit.ts'
import { openRabbit } from '../../env/rabbit.ts'
import { callManagement, describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import type { Account } from '../../rig/faults/account.ts'
import { accountFor } from '../../rig/faults/account.ts'
import { accountAtRest, progress, underLoad } from '../../rig/faults/at-rest.ts'
import type { FaultRig, FaultRigOptions } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

/** Some fail at first and are parked, some always and die, and all wait for a second before their effect. */
const manifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 50}
    - name: falter
      component: relay
      function: falter
      concurrencyPerProcess: 50
      config: {share: 0.05, hopelessEvery: 100}
      onError: {retry: {maxAttempts: 6, initialDelaySeconds: 0.2, maxDelaySeconds: 1}}
    - {name: pause, wait: {seconds: 1}}
    - {name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}}
`
/** What the runner holds of three queues, and what the broker is about to deliver from a few rungs (32 each). */
const inFlight = 3 * 200 + 8 * 32

/** Every 250th is of 2 MB. */
const withLarge = (n: number): object => (n % 250 === 0 ? { padding: 'x'.repeat(2_000_000) } : {})

describeOnServers('messages on RabbitMQ', ({ rabbit, mongo }) => {
  let server: RabbitServer
  let closers: (() => Promise<void>)[] = []
  beforeAll(async () => {
    server = await openRabbit()
  })
  afterAll(() => server.close())
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  const open = async (options: Omit<FaultRigOptions, 'mongoUrl'>): Promise<FaultRig> => {
    const database = freshDatabase(mongo)
    const rig = await openFaultRig({ mongoUrl: database.url, ...options })
    closers = [rig.close, database.close, ...closers]
    await rig.startRecorder()
    return rig
  }
  const openOnOwn = async (flows = manifests): Promise<FaultRig> => {
    const own = await freshVhost(server)
    closers.push(own.close)
    return open({ amqpUrl: own.amqpUrl, manifests: flows })
  }

  it('outlast stops and kills of the server, parked, waiting and large ones too', { timeout: 400_000 }, async () => {
    const rig = await openOnOwn()
    await rig.startRunner()
    const faults = ['stop', 'kill', 'stop', 'kill'] as const
    await underLoad(
      rig,
      async () => {
        for (const fault of faults) {
          await progress(rig, 200)
          await server[fault]()
          await server.start()
        }
        await progress(rig, 200)
      },
      withLarge,
    )
    expectWhole(rig, await accountAtRest(rig), faults.length)
  })

  it('outlast connections that are cut in the middle of a frame', { timeout: 300_000 }, async () => {
    const own = await freshVhost(rabbit)
    const cutter = await openCutter(own.amqpUrl)
    closers.push(cutter.close, own.close)
    const rig = await open({ amqpUrl: cutter.url, direct: { amqpUrl: own.amqpUrl }, manifests })
    await rig.startRunner()
    const cuts = 12
    await underLoad(rig, async () => {
      for (let at = 0; at < cuts; at += 1) {
        await progress(rig, 20)
        await cutter.cutAfter(1 + Math.floor(Math.random() * 50_000), at % 2 === 0 ? 'toServer' : 'toClient')
      }
      await progress(rig, 200)
    })
    expectWhole(rig, await accountAtRest(rig), cuts)
  })

  it('outlast alarms of its memory', { timeout: 300_000 }, async () => {
    const rig = await openOnOwn()
    const runner = await rig.startRunner()
    const told = (text: string): number => runner.logged().filter(({ msg }) => msg === text).length
    const limit = (bytes: string) => controlRabbit(server, 'set_vm_memory_high_watermark', 'absolute', bytes)
    closers.unshift(() => limit('1GB'))
    const alarms = 2
    await underLoad(rig, async () => {
      for (let at = 1; at <= alarms; at += 1) {
        await progress(rig, 200)
        await limit('1MB')
        await eventually(() => expect(told('broker takes no messages')).toBe(at))
        await limit('1GB')
        await eventually(() => expect(told('broker takes messages again')).toBe(at))
      }
      await progress(rig, 200)
    })
    expectWhole(rig, await accountAtRest(rig), alarms)
  })

  it('lose with a queue that somebody deletes what lay in it, and nothing else', { timeout: 300_000 }, async () => {
    const own = await freshVhost(rabbit)
    closers.push(own.close)
    const rig = await open({ amqpUrl: own.amqpUrl, manifests: slowManifests })
    await rig.startRunner()
    const before = 500
    await rig.sender.send(before)
    const [first = '', second = ''] = (await rig.store.flows.get('orders-uid'))?.state.living.map(queueOf) ?? []
    const readyIn = async (queue: string): Promise<number> => (await rig.broker.depth(queue))?.ready ?? 0
    // All that was sent has come so far, and is in it or held.
    await eventually(async () => expect(await readyIn(first)).toBe(0))
    await progress(rig, 20)
    const deleted = await readyIn(second)
    expect(deleted).toBeGreaterThan(0)
    await callManagement(own.managementUrl, 'DELETE', `/api/queues/${own.vhost}/${second}`)
    const after = 200
    await rig.sender.send(after)
    const account = () => accountFor(rig.sender.sent(), { ...rig, deadLetters: rig.store.deadLetters })
    await eventually(async () => expect((await account()).lost.filter((n) => n > before)).toEqual([]))
    const { lost, codes } = await account()
    expect(lost.length).toBeLessThanOrEqual(deleted + mostHeld)
    // Until the driver sees that it is missing, what is meant for it has no place.
    expect(Object.keys(codes).filter((code) => code !== 'PlanMismatch')).toEqual([])
    await eventually(async () => expect((await rig.broker.depth(second))?.consumers).toBe(1))
    const dead = codes['PlanMismatch'] ?? 0
    expect(dead).toBeLessThanOrEqual(after)
    await rig.sender.send(100)
    await eventually(async () => expect((await account()).lost).toEqual(lost))
    expect(await account()).toMatchObject({ dead, invented: [], duplicates: 0 })
  })
})

/** What the runner may have taken out of the slow step's queue without having begun. */
const mostHeld = 50

const slowManifests = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
    - {name: first, component: relay, function: pass, concurrencyPerProcess: 50}
    - {name: slow, component: relay, function: pass, concurrencyPerProcess: 10, config: {ms: 100}}
    - {name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}}
`

function queueOf({ queue }: { readonly queue: string }): string {
  return queue
}

function expectWhole(rig: FaultRig, account: Account, faults: number): void {
  const hopeless = Math.floor(rig.sender.sent() / 100)
  expect(account).toMatchObject({ lost: [], invented: [] })
  expect(account.finished + account.dead).toBe(rig.sender.sent())
  // The hopeless ones, and now and then one that has faltered six times.
  expect(account.dead).toBeGreaterThanOrEqual(hopeless)
  expect(account.dead).toBeLessThanOrEqual(hopeless + 5)
  expect(account.duplicates).toBeLessThanOrEqual(faults * inFlight + rig.sender.repeated())
}

function eventually(assertion: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(assertion, { timeout: 60_000, interval: 50 })
}
