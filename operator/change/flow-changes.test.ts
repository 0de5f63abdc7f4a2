import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StageQueue } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { deadQueue } from '../../runtime/broker/broker.ts'
import { openMemoryBroker } from '../../runtime/broker/memory-broker.ts'
import type { MemoryBroker } from '../../runtime/broker/memory-broker.ts'
import type { Clock } from '../../runtime/clock.ts'
import { simulatedClock, sleep } from '../../runtime/clock.ts'
import { TransientError } from '../../runtime/error.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { carriedOf } from '../../runtime/wire/body.ts'
import type { MessageHeaders, WireMessage } from '../../runtime/wire/message.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { sampleMessage } from '../../test/samples/sample-message.ts'
import type { ChangeParts } from './change-parts.ts'
import type { FlowChanges } from './flow-changes.ts'
import { openFlowChanges } from './flow-changes.ts'

const one = changePlan({ steps: { a: 'f' } })
const other = changePlan({ steps: { a: 'f' }, tuning: 'x' })
const wider = changePlan({ steps: { a: 'f', b: 'f' } })

async function openWorld() {
  const clock = simulatedClock(Date.parse('2026-01-01T00:00:00Z'))
  const broker = openMemoryBroker({ clock })
  const store = openMemoryStore({ clock })
  await broker.declareQueues([{ name: deadQueue }])
  const parts = { broker, store, clock, log: pino({ level: 'silent' }) }
  const open = async (own: Partial<ChangeParts> = {}): Promise<FlowChanges> => {
    const changes = await openFlowChanges({ ...parts, ...own })
    onTestFinished(changes.close)
    return changes
  }
  const state = async () => (await store.flows.get('uid'))?.state
  const queues = async (): Promise<string[]> => (await state())?.living.map(({ queue }) => queue) ?? []
  return { clock, broker, store, open, state, queues }
}

const message = (queue: string, id: string, more: Partial<MessageHeaders> = {}): WireMessage =>
  sampleMessage(id, { run: id, at: queue.split('.')[1] ?? '', ...more })

const publish = (broker: Broker, queue: string, id = 'm') =>
  broker.publish({ kind: 'queue', queue }, message(queue, id))

/** A runner that consumes the queue until it is told to leave it. */
async function consume(broker: Broker, queue: string) {
  const seen: string[] = []
  const { close } = await broker.consume(queue, { prefetch: 10 }, (delivery) => {
    seen.push(delivery.message.id)
    delivery.ack()
  })
  return { seen, leave: close }
}

async function deadLetters(broker: MemoryBroker): Promise<string[]> {
  const codes: string[] = []
  const { close } = await broker.consume(deadQueue, { prefetch: 100 }, ({ message: { id, body } }) => {
    codes.push(`${id} ${carriedOf(body).failures?.at(-1)?.code}`)
  })
  await new Promise<void>((resolve) => setImmediate(resolve))
  await close()
  return codes.sort()
}

describe('applying a flow', () => {
  it('writes its plan, declares its queues, and activates it 3 s later', async () => {
    const { open, clock, broker, store, state, queues } = await openWorld()
    const changes = await open()
    expect(await changes.apply(one)).toEqual({ kind: 'pending', revision: 1 })
    const [queue] = await queues()
    expect(await broker.depth(queue!)).toMatchObject({ consumers: 0 })
    expect(await store.plans.get('uid', 1)).toMatchObject({ hash: one.hash, stages: [{ queue }] })
    await clock.advance(2999)
    expect((await state())?.active).toBeUndefined()
    await clock.advance(1)
    expect(await state()).toMatchObject({ active: 1, kept: [{ revision: 1 }] })
    expect(await changes.apply(one)).toEqual({ kind: 'active', revision: 1 })
  })

  it('activates it at once where the broker cannot lose a young queue', async () => {
    const { open, state } = await openWorld()
    const changes = await open({ waits: { declaredMs: 0 } })
    expect(await changes.apply(wider)).toEqual({ kind: 'active', revision: 1 })
    expect(await changes.apply(other)).toEqual({ kind: 'active', revision: 2 })
    expect((await state())?.living).toHaveLength(2)
  })

  it('by two drivers at once makes one revision', async () => {
    const { open, state, clock } = await openWorld()
    const [left, right] = [await open(), await open()]
    await Promise.all([left.apply(one), right.apply(one), left.apply(one)])
    await clock.advance(3000)
    expect(await state()).toMatchObject({ lastRevision: 1, active: 1, retiring: [] })
  })

  it('differently by two drivers at once activates the higher alone', async () => {
    const { open, state, clock, store } = await openWorld()
    const [left, right] = [await open(), await open()]
    await Promise.all([left.apply(one), right.apply(wider)])
    await clock.advance(70_000)
    const { active, lastRevision, kept } = (await state())!
    // Whoever had its number first may come again after the other.
    expect([2, 3]).toContain(active)
    expect([lastRevision, kept.length]).toEqual([active, 1])
    expect(await store.plans.revisions('uid')).toEqual([active])
  })

  it('declares its queues again when somebody has deleted one, and none that lives no more', async () => {
    const { clock, broker, open, queues } = await openWorld()
    const changes = await open()
    await changes.apply(wider)
    await clock.advance(3000)
    const [first = '', second = ''] = await queues()
    await broker.deleteQueue(first)
    await clock.advance(10_000)
    expect(await publish(broker, first)).toBe('confirmed')
    await changes.remove('uid', { deadlineMs: 0 })
    await clock.advance(120_000)
    expect([await broker.depth(first), await broker.depth(second)]).toEqual([undefined, undefined])
  })

  it('is finished by another driver when the first one dies', async () => {
    const { open, state, clock } = await openWorld()
    const first = await open()
    await first.apply(one)
    await first.close()
    await open()
    await clock.advance(3000)
    expect((await state())?.active).toBe(1)
  })

  it('is finished when the broker answers again, and says that it is pending', async () => {
    const { open, state, clock, broker } = await openWorld()
    let isDown = true
    const failing: Broker = {
      ...broker,
      declareQueues: async (queues) => {
        if (isDown) throw new TransientError('BrokerUnavailable', 'no connection')
        return broker.declareQueues(queues)
      },
    }
    const changes = await open({ broker: failing })
    expect(await changes.apply(one)).toEqual({ kind: 'pending', revision: 1 })
    await clock.advance(100_000)
    expect((await state())?.living).toEqual([])
    isDown = false
    await clock.advance(40_000)
    expect((await state())?.active).toBe(1)
  })

  it('waits for its pools', async () => {
    const { open, state, clock } = await openWorld()
    const waiting: (readonly StageQueue[])[] = []
    let areReady = false
    const changes = await open({
      arePoolsReady: async ({ pending }) => {
        waiting.push(pending?.stages ?? [])
        return areReady
      },
    })
    await changes.apply(one)
    await clock.advance(60_000)
    expect((await state())?.active).toBeUndefined()
    areReady = true
    await clock.advance(1000)
    expect((await state())?.active).toBe(1)
    expect(waiting[0]).toMatchObject([{ pool: 'Component/shop', step: 'a' }])
  })

  it('tells of each change, and of those that another process has made', async () => {
    const { open, clock } = await openWorld()
    const [own, others]: string[][] = [[], []]
    const changes = await open({ onChange: (flow) => own?.push(flow) })
    await open({ onChange: (flow) => others?.push(flow) })
    await changes.apply(one)
    expect(own?.length).toBeGreaterThan(0)
    await clock.advance(5000)
    expect(others).toContain('uid')
  })

  it('says what stands in its way', async () => {
    const { open, state } = await openWorld()
    const changes = await open()
    const suspended = changePlan({ steps: { a: 'f' }, suspend: true })
    expect(await changes.apply(suspended)).toEqual({ kind: 'pending', revision: 1, blocked: 'Suspended' })
    expect((await state())?.living).toEqual([])
  })
})

describe('rolling back', () => {
  it('brings the older plan back under the next number', async () => {
    const { open, state, store } = await openWorld()
    const changes = await open({ waits: { declaredMs: 0 } })
    await changes.apply(one)
    await changes.apply(other)
    expect(await changes.rollback('uid', 1)).toEqual({ kind: 'active', revision: 3 })
    expect(await state()).toMatchObject({ active: 3, pinned: 1 })
    expect(await store.plans.get('uid', 3)).toEqual({ ...(await store.plans.get('uid', 1)), revision: 3 } as Plan)
    expect(await changes.rollback('uid', 17)).toEqual({ kind: 'notFound', revision: 17 })
  })
})

describe('suspending and freezing', () => {
  it('marks the flow, and keeps its queues', async () => {
    const { open, state } = await openWorld()
    const changes = await open({ waits: { declaredMs: 0 } })
    await changes.apply(one)
    await changes.suspend('uid', true)
    await changes.freeze('uid', true)
    expect(await state()).toMatchObject({ suspended: true, frozen: true, living: [{ step: 'a' }], active: 1 })
    await changes.suspend('uid', false)
    await changes.freeze('uid', false)
    expect(await state()).toMatchObject({ suspended: false, frozen: false })
  })
})

describe('deleting a flow', () => {
  async function running() {
    const world = await openWorld()
    const changes = await world.open({ waits: { declaredMs: 0 } })
    await changes.apply(wider)
    const [first = '', second = ''] = await world.queues()
    return { ...world, changes, first, second }
  }

  it('goes on until its queues have stayed empty for 10 s, then takes a minute, then nothing is left', async () => {
    const { changes, clock, broker, state, store, first, second } = await running()
    const runner = await consume(broker, first)
    await publish(broker, second)
    await changes.remove('uid')
    await clock.advance(60_000)
    expect((await state())?.living).toHaveLength(2)
    const late = await consume(broker, second)
    await clock.advance(10_500)
    expect((await state())?.living).toHaveLength(2)
    await clock.advance(2000)
    expect(await state()).toMatchObject({ living: [], retiring: [{ queue: first }, { queue: second }] })
    await Promise.all([runner.leave(), late.leave()])
    await clock.advance(58_000)
    expect(await broker.depth(first)).toMatchObject({ consumers: 1 })
    await clock.advance(10_000)
    expect(await Promise.all([broker.depth(first), broker.depth(second), state()])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(await store.plans.revisions('uid')).toEqual([])
    expect(late.seen).toEqual(['m'])
  })

  it('lets a slow call end where the broker does not tell what is worked on', async () => {
    const { open, clock, broker, queues, state } = await openWorld()
    const depth: Broker['depth'] = async (queue) => {
      const seen = await broker.depth(queue)
      return seen && { ready: seen.ready, consumers: seen.consumers }
    }
    const changes = await open({ broker: { ...broker, depth }, waits: { declaredMs: 0 } })
    await changes.apply(changePlan({ steps: { a: 'f', b: 'f' }, timeoutSeconds: 60 }))
    const [first = '', second = ''] = await queues()
    // 90 s of work: 50 s on another message first, then 40 s on this one.
    await broker.consume(first, { prefetch: 2 }, (delivery) => {
      clock.setTimer(90_000, () => void publish(broker, second, 'child').then(delivery.ack))
    })
    const last = await consume(broker, second)
    await publish(broker, first)
    await changes.remove('uid')
    await clock.advance(89_000)
    expect((await state())?.living).toHaveLength(2)
    await clock.advance(2000)
    expect(last.seen).toEqual(['child'])
    await clock.advance(125_000)
    expect(await state()).toMatchObject({ living: [], retiring: [{ queue: first }, { queue: second }] })
  })

  it('lets a slow call end, and waits no longer, where the management tells what is worked on', async () => {
    const { open, clock, broker, queues, state } = await openWorld()
    const depth: Broker['depth'] = async (queue) => {
      const seen = await broker.depth(queue)
      return seen && { ready: seen.ready, consumers: seen.consumers }
    }
    const unacknowledged = async (queue: string) => (await broker.depth(queue))?.unacknowledged
    const changes = await open({ broker: { ...broker, depth }, unacknowledged, waits: { declaredMs: 0 } })
    await changes.apply(changePlan({ steps: { a: 'f' }, timeoutSeconds: 600 }))
    const [first = ''] = await queues()
    await broker.consume(first, { prefetch: 2 }, ({ ack }) => void clock.setTimer(300_000, ack))
    await publish(broker, first)
    await changes.remove('uid')
    await clock.advance(320_000)
    expect((await state())?.living).toHaveLength(1)
    await clock.advance(4000)
    expect(await state()).toMatchObject({ living: [], retiring: [{ queue: first }] })
  })

  it('makes dead letters of what is left at the deadline', async () => {
    const { changes, clock, broker, state, first, second } = await running()
    for (const id of ['m1', 'm2', 'm3']) await publish(broker, first, id)
    await publish(broker, second, 'm4')
    await changes.remove('uid', { deadlineMs: 30_000 })
    await clock.advance(29_000)
    expect(await broker.depth(first)).toMatchObject({ ready: 3 })
    await clock.advance(100_000)
    expect(await state()).toBeUndefined()
    const mismatch = ['m1', 'm2', 'm3', 'm4'].map((id) => `${id} PlanMismatch`)
    expect(await deadLetters(broker)).toEqual(mismatch)
  })

  it('comes to its end beside many others, however slowly the broker answers', async () => {
    const { open, clock, broker, store } = await openWorld()
    const depth: Broker['depth'] = async (queue) => {
      await sleep(clock, 4_500)
      return broker.depth(queue)
    }
    const changes = await open({ broker: { ...broker, depth }, waits: { declaredMs: 0 }, isAlone: true })
    const uids = Array.from({ length: 80 }, (_, at) => `uid-${at}`)
    for (const flow of uids) await changes.apply(changePlan({ steps: { a: 'f' }, flow }))
    const removing = Promise.all(uids.map((uid) => changes.remove(uid)))
    await clock.advance(300_000)
    await removing
    expect((await store.flows.list()).map(({ state }) => state.flow)).toEqual([])
  })

  it('takes snapshots and fires away with the queues, and no sooner', async () => {
    const { changes, clock, store, first, state } = await running()
    await store.snapshots.open(first)
    await store.snapshots.open('other.a.h.1')
    await store.fires.insert({ flow: 'uid', trigger: 'nightly', at: 1, revision: 1 })
    await changes.remove('uid')
    await clock.advance(60_000)
    expect(await state()).toMatchObject({ living: [], retiring: [{ queue: first }, {}] })
    expect([await store.snapshots.queues('uid'), await store.fires.latest('uid', 'nightly')]).toEqual([[first], 1])
    await clock.advance(30_000)
    expect(await state()).toBeUndefined()
    expect([await store.snapshots.queues('uid'), await store.fires.latest('uid', 'nightly')]).toEqual([[], undefined])
    expect(await store.snapshots.queues('other')).toHaveLength(1)
  })

  it('remembers the last number where the uid may come again', async () => {
    const { open, clock, state } = await openWorld()
    const changes = await open({ waits: { declaredMs: 0 }, isUidReused: true })
    await changes.apply(one)
    await changes.remove('uid')
    await clock.advance(100_000)
    expect(await state()).toMatchObject({ lastRevision: 1, living: [], retiring: [], kept: [] })
    expect(await changes.apply(one)).toEqual({ kind: 'active', revision: 2 })
  })
})

describe('retiring a queue', () => {
  /** A flow whose revision 2 was never active: its step `b` is retired. */
  async function retiring(own: Partial<ChangeParts> = {}) {
    const world = await openWorld()
    const changes = await world.open(own)
    await changes.apply(one)
    await world.clock.advance(3000)
    await changes.apply(wider)
    const queue = (await world.queues())[1] ?? ''
    return { ...world, changes, queue }
  }

  it('waits for its runners, and loses nothing that a publisher with a stale view brings', async () => {
    const { changes, clock, broker, queue } = await retiring()
    const runner = await consume(broker, queue)
    await changes.apply(one)
    await clock.advance(100)
    const late = await publish(broker, queue, 'late')
    await clock.advance(90_000)
    expect(late).toBe('unroutable')
    expect(await broker.depth(queue)).toMatchObject({ consumers: 1 })
    await runner.leave()
    await clock.advance(15_000)
    expect(await broker.depth(queue)).toBeUndefined()
  })

  it('makes dead letters of what it holds, and answers who waits for one', async () => {
    const { changes, clock, broker, queue } = await retiring()
    await broker.declareQueues([{ name: 'replies' }])
    for (const id of ['m1', 'm2']) await publish(broker, queue, id)
    await broker.publish({ kind: 'queue', queue }, message(queue, 'm3', { replyTo: 'replies' }))
    await changes.apply(one)
    await clock.advance(80_000)
    expect(await deadLetters(broker)).toEqual(['m1 PlanMismatch', 'm2 PlanMismatch', 'm3 PlanMismatch'])
    expect(await broker.depth('replies')).toMatchObject({ ready: 1 })
    expect(await broker.depth(queue)).toBeUndefined()
  })

  it('keeps what it cannot bury', async () => {
    const { changes, clock, broker, queue } = await retiring()
    await publish(broker, queue)
    await broker.deleteQueue(deadQueue)
    await changes.apply(one)
    await clock.advance(120_000)
    expect(await broker.depth(queue)).toMatchObject({ consumers: 1 })
    await broker.declareQueues([{ name: deadQueue }])
    await clock.advance(15_000)
    expect(await broker.depth(queue)).toBeUndefined()
    expect(await deadLetters(broker)).toEqual(['m PlanMismatch'])
  })

  it('is one driver’s business, and another’s when that one is gone', async () => {
    const { changes, clock, broker, open, queue, state } = await retiring()
    await open()
    await changes.apply(one)
    await clock.advance(10_000)
    expect(await broker.depth(queue)).toMatchObject({ consumers: 1 })
    await changes.close()
    await clock.advance(80_000)
    expect(await broker.depth(queue)).toBeUndefined()
    expect(await state()).toMatchObject({ retiring: [], living: [{ step: 'a' }] })
  })

  it('goes on at once, and without a lease, where the next driver knows that it is alone', async () => {
    const { changes, clock, broker, open, queue, state, store } = await retiring({ isAlone: true })
    await changes.apply(one)
    await clock.advance(59_000)
    expect(await broker.depth(queue)).toMatchObject({ consumers: 1 })
    const { version } = (await store.flows.get('uid')) ?? {}
    await changes.close()
    await open({ isAlone: true })
    await clock.advance(5_000)
    expect(await broker.depth(queue)).toBeUndefined()
    expect(await state()).toMatchObject({ retiring: [], living: [{ step: 'a' }] })
    // It is forgotten, and that is all that was written.
    expect((await store.flows.get('uid'))?.version).toBe((version ?? 0) + 1)
  })

  it('is done again when a driver that slept has declared the queue anew', async () => {
    const { changes, clock, broker, open, queue } = await retiring()
    const declared = new Set<string>()
    let isAsleep = false
    const sleeper: Broker = {
      ...broker,
      declareQueues: async (queues) => {
        for (const { name } of queues) declared.add(name)
        return broker.declareQueues(queues)
      },
      unbindQueue: async (name) => {
        declared.delete(name)
        return broker.unbindQueue(name)
      },
    }
    const setTimer: Clock['setTimer'] = (afterMs, onDue) =>
      clock.setTimer(afterMs, () => (isAsleep ? void setTimer(1000, onDue) : onDue()))
    await open({ broker: sleeper, clock: { ...clock, setTimer } })
    expect(declared).toContain(queue)
    isAsleep = true
    await changes.apply(one)
    await clock.advance(100_000)
    expect(await broker.depth(queue)).toBeUndefined()
    // What its broker does after a reconnect.
    await broker.declareQueues([...declared].map((name) => ({ name })))
    expect(await publish(broker, queue, 'stale')).toBe('confirmed')
    isAsleep = false
    await clock.advance(100_000)
    expect(declared).not.toContain(queue)
    expect(await broker.depth(queue)).toBeUndefined()
    expect(await deadLetters(broker)).toEqual(['stale PlanMismatch'])
  })
})
