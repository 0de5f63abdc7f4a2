import { afterEach, expect, it, vi } from 'vitest'
import type { Clock } from '../../../runtime/clock.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { describeOnServers, freshDatabase, freshVhost } from '../../env/servers.ts'
import { effectsIn } from '../../rig/faults/account.ts'
import type { FaultRig, FaultRigOptions } from '../../rig/faults/fault-rig.ts'
import { openFaultRig } from '../../rig/faults/fault-rig.ts'

describeOnServers('a flow', ({ rabbit, mongo }) => {
  let closers: (() => Promise<void>)[] = []

  const open = async (manifests: string, options: Partial<FaultRigOptions> = {}): Promise<FaultRig> => {
    const vhost = await freshVhost(rabbit)
    const database = freshDatabase(mongo)
    const rig = await openFaultRig({ amqpUrl: vhost.amqpUrl, mongoUrl: database.url, manifests, waits, ...options })
    closers = [rig.close, vhost.close, database.close]
    return rig
  }
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  it('is edited every second for a minute, with waits and retries under way', { timeout: 300_000 }, async () => {
    const edit = (n: number): string =>
      flow([
        `{name: first, component: relay, function: pass, concurrencyPerProcess: 50, config: {ms: ${n % 7}}}`,
        ...(n % 5 < 2 ? [`{name: extra-${n % 3}, component: relay, function: pass, concurrencyPerProcess: 50}`] : []),
        '{name: falter, component: relay, function: falter, concurrencyPerProcess: 50, config: {share: 0.1}, onError: {retry: {initialDelaySeconds: 0.5, maxDelaySeconds: 3}}}',
        '{name: later, wait: {seconds: 2}}',
        effectStep,
      ])
    const rig = await open(edit(0))
    await rig.startRecorder()
    await rig.startRunner()
    const edits = 60
    const sending = goOn(() => rig.sender.send(50, { atOnce: 50, pauseMs: 5 }))
    const startedAt = performance.now()
    for (let n = 1; n <= edits; n += 1) {
      await rig.apply(edit(n))
      await pause(startedAt + n * 1000 - performance.now())
    }
    await sending.end()
    const account = await rig.untilAccounted(180_000)
    expect(rig.sender.sent()).toBeGreaterThan(1000)
    expect(account).toMatchObject({ dead: 0, invented: [] })
    expect(account.duplicates).toBeLessThanOrEqual(rig.sender.repeated())
    const state = (await rig.store.flows.get('orders-uid'))?.state
    expect(state?.lastRevision).toBeGreaterThan(edits / 2)
  })

  it('lets a backlog with parked retries follow an edit', async () => {
    const edit = (share: number, file: string): string =>
      flow(
        [
          `{name: falter, component: relay, function: falter, concurrencyPerProcess: 50, config: {share: ${share}}, onError: {retry: {initialDelaySeconds: 2, maxDelaySeconds: 2}}}`,
          `{name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: ${file}}}`,
        ],
        'update: {pending: follow}',
      )
    const rig = await open(edit(1, 'EFFECTS.old'))
    await rig.startRecorder()
    await rig.startRunner()
    await rig.sender.send(1000)
    const queue = rig.plans.living().find(({ stage }) => stage.name === 'falter')?.stage.queue ?? ''
    // All of them have failed once, or wait to: some are parked.
    await eventually(async () => expect((await rig.broker.depth(queue))?.ready).toBe(0))
    await rig.apply(edit(0, 'EFFECTS'))
    expect(await rig.untilAccounted()).toMatchObject({ finished: 1000, dead: 0, duplicates: 0 })
    expect(await effectsIn(`${rig.effects}.old`)).toEqual([])
  })

  it(
    'loses a step and gets it back while its queue is retired and somebody goes on publishing to that',
    { timeout: 300_000 },
    async () => {
      const both = flow([passStep, effectStep])
      const without = (ms: number): string =>
        flow([`{name: other, component: relay, function: pass, config: {ms: ${ms}}}`, effectStep])
      const { clock, ahead } = shiftedClock()
      const rig = await open(both, { changeClock: clock })
      await rig.startRecorder()
      await rig.startRunner()
      const stale = rig.plans.active('orders-uid')
      const queue = stale?.stages.find(({ name }) => name === 'first')?.queue ?? ''
      await rig.sender.send(500)
      // Ten plans are kept whatever their age.
      for (let ms = 0; ms <= 11; ms += 1) {
        await rig.apply(without(ms))
        await eventually(async () => {
          const state = (await rig.store.flows.get('orders-uid'))?.state
          expect(state?.active).toBe(state?.lastRevision)
        })
      }
      // No plan is kept for longer.
      ahead(40 * 86_400_000)
      const publishing = goOn(async () => {
        await rig.sender.send(10, { atOnce: 10, ...(stale && { plan: stale }) })
        await pause(20)
      })
      await rig.changes.reconcile()
      await eventually(async () => {
        const state = (await rig.store.flows.get('orders-uid'))?.state
        expect(state?.living.map((living) => living.queue)).not.toContain(queue)
      })
      await rig.apply(both)
      const again = rig.plans.active('orders-uid')?.stages.find(({ name }) => name === 'first')?.queue
      await eventually(async () => expect(await rig.broker.depth(queue)).toBeUndefined(), 60_000)
      await publishing.end()
      expect(again).not.toBe(queue)
      const account = await rig.untilAccounted()
      expect(account.invented).toEqual([])
      expect(Object.keys(account.codes).filter((code) => code !== 'PlanMismatch')).toEqual([])
      expect(account.duplicates).toBeLessThanOrEqual(rig.sender.repeated())
    },
  )

  it('is deleted with a full queue: what does not finish in time is a dead letter', async () => {
    const rig = await open(
      flow([`{name: first, component: relay, function: pass, concurrencyPerProcess: 4, config: {ms: 50}}`, effectStep]),
    )
    await rig.startRecorder()
    await rig.startRunner()
    await rig.sender.send(2000)
    const queues = rig.plans.living().map(({ stage }) => stage.queue)
    await rig.changes.remove('orders-uid', { deadlineMs: 3000 })
    const account = await rig.untilAccounted(120_000)
    expect(account.finished).toBeGreaterThan(0)
    expect(account.dead).toBeGreaterThan(0)
    expect(account).toMatchObject({ duplicates: 0, codes: { PlanMismatch: account.dead } })
    await eventually(async () => expect(await rig.store.flows.get('orders-uid')).toBeUndefined(), 60_000)
    for (const queue of queues) expect(await rig.broker.depth(queue)).toBeUndefined()
  })
})

const waits = { retiredMs: 2000, emptyMs: 1000, unboundMs: 500 }
const passStep = '{name: first, component: relay, function: pass, concurrencyPerProcess: 50}'
const effectStep =
  '{name: last, component: relay, function: effect, concurrencyPerProcess: 50, config: {file: EFFECTS}}'

function flow(steps: readonly string[], more = ''): string {
  return `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders, uid: orders-uid}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps:
${steps.map((step) => `    - ${step}\n`).join('')}  ${more}
`
}

/** The clock of this machine, and a way to bring it forward. */
function shiftedClock(): { readonly clock: Clock; readonly ahead: (ms: number) => void } {
  let shiftMs = 0
  return {
    clock: { now: () => systemClock.now() + shiftMs, setTimer: systemClock.setTimer },
    ahead: (ms) => (shiftMs += ms),
  }
}

/** Does it again and again until it is told to end. */
function goOn(work: () => Promise<void>): { readonly end: () => Promise<void> } {
  const ending = new AbortController()
  const going = (async () => {
    while (!ending.signal.aborted) await work()
  })()
  return {
    end: async () => {
      ending.abort()
      await going
    },
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function eventually(assertion: () => Promise<void>, timeout = 30_000): Promise<void> {
  return vi.waitFor(assertion, { timeout, interval: 100 })
}
