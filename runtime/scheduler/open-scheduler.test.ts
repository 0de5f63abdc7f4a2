import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import type { ScheduleTrigger, Trigger } from '../../crds/v1alpha1/trigger.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import type { Clock } from '../clock.ts'
import { simulatedClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { fireRunId } from '../trigger/decide/fire-id.ts'
import { depthGate } from '../trigger/gate.ts'
import { samplePlan, samplePlans } from '../../test/samples/sample-plan.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import { payloadOf } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import { openScheduler } from './open-scheduler.ts'
import type { SchedulerParts } from './scheduler-parts.ts'

const minute = 60_000
const hour = 60 * minute
const queue = 'uid-contacts._core'
const flow = 'uid-contacts'
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const nightly = (schedule: Partial<ScheduleTrigger> = {}): Trigger => ({
  name: 'nightly',
  schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin', ...schedule },
})

/** Queues, state and time that outlive the schedulers of a test. */
async function world(start: string, ...triggers: Trigger[]) {
  const clock = simulatedClock(Date.parse(start))
  const broker = openMemoryBroker({ clock })
  const store = openMemoryStore({ clock })
  const plans = samplePlans(samplePlan({ triggers }))
  await broker.declareQueues([{ name: queue }])
  const received: WireMessage[] = []
  const held: (() => void)[] = []
  let isHolding = false
  await broker.consume(queue, { prefetch: 1000 }, ({ message, ack }) => {
    received.push(message)
    if (isHolding) held.push(ack)
    else ack()
  })
  const open = async (parts: Partial<SchedulerParts> = {}) => {
    const scheduler = await openScheduler({ plans, store, broker, clock, log: pino({ enabled: false }), ...parts })
    closers.push(scheduler.close)
    return scheduler
  }
  closers.push(store.close, broker.close)
  return {
    clock,
    broker,
    store,
    plans,
    received,
    open,
    /** From now on deliveries stay unsettled. */
    hold: () => void (isHolding = true),
    release: () => {
      isHolding = false
      for (const ack of held.splice(0)) ack()
    },
    /** Scheduled times of what was received, as `2026-03-01T02:00:00Z`. */
    times: () => received.map(scheduledAt),
    set: (...changed: Trigger[]) => plans.set(samplePlan({ triggers: changed, revision: 2 })),
    suspend: (suspend: boolean) => plans.set(samplePlan({ triggers, suspend })),
  }
}

function scheduledAt(message: WireMessage): string {
  const { data } = JSON.parse(payloadOf(message.body).toString()) as { readonly data: { readonly scheduledAt: string } }
  return data.scheduledAt.replace('.000Z', 'Z')
}

describe('a schedule', () => {
  it('fires at its times in its zone, under one id each, and says when it fires next', async () => {
    const { clock, open, received, times } = await world('2026-03-28T00:00:00Z', nightly())
    const scheduler = await open()
    expect(scheduler.nextFires()).toEqual([{ flow, trigger: 'nightly', at: Date.parse('2026-03-28T02:00:00Z') }])
    await clock.advance(72 * hour)
    expect(times()).toEqual(['2026-03-28T02:00:00Z', '2026-03-29T01:00:00Z', '2026-03-30T01:00:00Z'])
    const run = fireRunId({ flow, trigger: 'nightly', at: Date.parse('2026-03-28T02:00:00Z') })
    expect(received[0]).toMatchObject({ id: run, headers: { flow, run, trigger: 'nightly', at: 'fetch', attempt: 1 } })
    expect(received[0]?.headers).not.toHaveProperty('tracked')
    expect(scheduler.stats()).toMatchObject({ started: 3, missed: 0, repeated: 0 })
  })

  it('fires every minute through the hour that comes twice', async () => {
    const { clock, open, times } = await world(
      '2026-10-24T23:30:30Z',
      nightly({ cron: '* * * * *', timeZone: 'Europe/Berlin' }),
    )
    await open()
    await clock.advance(3 * hour)
    expect(times()).toHaveLength(180)
    expect(new Set(times()).size).toBe(180)
  })

  it('waits its jitter, always the same one for a fire', async () => {
    const trigger = nightly({ jitterSeconds: 600 })
    const first = await world('2026-03-01T00:00:00Z', trigger)
    const second = await world('2026-03-01T00:00:00Z', trigger)
    const [one, two] = [await first.open(), await second.open()]
    const at = one.nextFires()[0]?.at ?? 0
    expect(at).toBe(two.nextFires()[0]?.at)
    expect(at).toBeGreaterThan(Date.parse('2026-03-01T02:00:00Z'))
    expect(at).toBeLessThan(Date.parse('2026-03-01T02:10:00Z'))
    await first.clock.advance(at - first.clock.now() - 1)
    expect(first.times()).toEqual([])
    await first.clock.advance(1)
    expect(first.times()).toEqual(['2026-03-01T02:00:00Z'])
  })

  it('loses and bunches nothing when its jitter is longer than its interval', async () => {
    const { clock, open, times } = await world(
      '2026-03-01T00:00:00.500Z',
      nightly({ cron: '*/10 * * * * *', jitterSeconds: 60 }),
    )
    const scheduler = await open()
    await clock.advance(10 * minute)
    expect(times().length).toBeGreaterThanOrEqual(59)
    expect(scheduler.stats().missed).toBe(0)
  })

  it('ignores a schedule that is none, and fires the others', async () => {
    const { clock, open, times } = await world(
      '2026-03-01T00:00:00Z',
      { name: 'broken', schedule: { cron: 'now and then' } },
      nightly(),
    )
    await open()
    await clock.advance(3 * hour)
    expect(times()).toEqual(['2026-03-01T02:00:00Z'])
  })
})

describe('fires that were missed', () => {
  it.each([
    { name: 'are skipped', schedule: { missed: 'skip' as const }, want: [] },
    { name: 'are made up for by the latest, when nothing else is said', schedule: {}, want: ['2026-03-03T02:00:00Z'] },
    {
      name: 'are all made up for, oldest first',
      schedule: { missed: 'all' as const },
      want: ['2026-03-01T02:00:00Z', '2026-03-02T02:00:00Z', '2026-03-03T02:00:00Z'],
    },
    {
      name: 'are made up for within the starting deadline',
      schedule: { missed: 'all' as const, startingDeadlineSeconds: 40 * 3600 },
      want: ['2026-03-02T02:00:00Z', '2026-03-03T02:00:00Z'],
    },
  ])('$name', async ({ schedule, want }) => {
    const { clock, open, times } = await world('2026-03-01T00:00:00Z', nightly(schedule))
    const before = await open()
    await before.close()
    await clock.advance(60 * hour)
    const scheduler = await open()
    await clock.advance(0)
    expect(times()).toEqual(want)
    expect(scheduler.stats()).toMatchObject({ started: want.length, missed: 3 - want.length })
    await clock.advance(24 * hour)
    expect(times().at(-1)).toBe('2026-03-04T02:00:00Z')
  })

  it('are the fires since the last one, not those that were fired', async () => {
    const { clock, open, times } = await world('2026-03-01T00:00:00Z', nightly({ missed: 'all' }))
    const before = await open()
    await clock.advance(3 * hour)
    await before.close()
    await clock.advance(24 * hour)
    await open()
    await clock.advance(0)
    expect(times()).toEqual(['2026-03-01T02:00:00Z', '2026-03-02T02:00:00Z'])
  })

  it('are not those of before the schedule was there', async () => {
    const { clock, open, times } = await world('2026-03-01T12:00:00Z', nightly({ missed: 'all' }))
    const scheduler = await open()
    await clock.advance(0)
    expect(times()).toEqual([])
    expect(scheduler.stats().missed).toBe(0)
  })

  it('are made up for a hundred times at most', async () => {
    const { clock, open, times } = await world('2026-03-01T00:00:30Z', nightly({ cron: '* * * * *', missed: 'all' }))
    const before = await open()
    await before.close()
    await clock.advance(30 * 24 * hour)
    const scheduler = await open()
    await clock.advance(0)
    expect(times()).toHaveLength(100)
    expect(times().at(-1)).toBe('2026-03-31T00:00:00Z')
    expect(scheduler.stats().missed).toBeGreaterThan(0)
  })

  it('are judged likewise when the machine slept', async () => {
    const { clock, open, times } = await world('2026-03-01T00:00:30Z', nightly({ cron: '0 * * * *' }))
    const asleep = jumpingClock(clock)
    await open({ clock: asleep })
    await clock.advance(10 * minute)
    asleep.jump(5 * hour)
    await clock.advance(30_000)
    expect(times()).toEqual(['2026-03-01T05:00:00Z'])
  })

  it('are not those of the time under suspension', async () => {
    const { clock, open, times, suspend } = await world('2026-03-01T00:00:00Z', nightly({ missed: 'all' }))
    const before = await open()
    suspend(true)
    await before.refresh()
    expect(before.nextFires()).toEqual([])
    await clock.advance(60 * hour)
    suspend(false)
    await before.refresh()
    await clock.advance(0)
    expect(times()).toEqual([])
    await before.close()
    await clock.advance(1 * hour)
    const after = await open()
    await clock.advance(0)
    expect(times()).toEqual([])
    expect(after.stats().missed).toBe(0)
    await clock.advance(24 * hour)
    expect(times()).toEqual(['2026-03-04T02:00:00Z'])
  })

  it('are not those of the time under suspension, when that ends with the process', async () => {
    const { clock, open, times, suspend } = await world('2026-03-01T00:00:00Z', nightly({ missed: 'all' }))
    suspend(true)
    const before = await open()
    await clock.advance(60 * hour)
    await before.close()
    suspend(false)
    await open()
    await clock.advance(0)
    expect(times()).toEqual([])
  })
})

describe('overlap: forbid', () => {
  it('leaves a fire out while a run of the flow is not ended, and does not make up for it', async () => {
    const trigger = nightly({ cron: '0 * * * *', overlap: 'forbid', missed: 'all' })
    const { clock, open, times, received, store } = await world('2026-03-01T00:30:00Z', trigger)
    const scheduler = await open()
    await clock.advance(2 * hour)
    expect(times()).toEqual(['2026-03-01T01:00:00Z'])
    const run = received[0]?.headers.run ?? ''
    expect(received[0]?.headers.tracked).toBe(true)
    expect(await store.trackedRuns.active(flow)).toEqual([run])
    expect(scheduler.stats().overlapped).toBe(1)

    await store.trackedRuns.remove(flow, run, run)
    await scheduler.close()
    await open()
    await clock.advance(hour)
    expect(times()).toEqual(['2026-03-01T01:00:00Z', '2026-03-01T03:00:00Z'])
  })

  it('starts one of two that are due at the same time', async () => {
    const twins = [nightly({ overlap: 'forbid' }), { ...nightly({ overlap: 'forbid' }), name: 'twin' }]
    const { clock, open, times } = await world('2026-03-01T00:00:00Z', ...twins)
    await open()
    await clock.advance(3 * hour)
    expect(times()).toHaveLength(1)
  })
})

describe('a fire whose publisher died', () => {
  const at = Date.parse('2026-03-01T02:00:00Z')
  const left = { flow, trigger: 'nightly', at, revision: 1 }

  it('is published again under the same id, once', async () => {
    const { clock, open, received, store } = await world('2026-03-01T02:00:01Z', nightly())
    await store.fires.insert(left)
    const scheduler = await open()
    await clock.advance(4000)
    expect(received).toEqual([])
    await clock.advance(6000)
    expect(received.map(({ id }) => id)).toEqual([fireRunId(left)])
    await clock.advance(hour)
    expect(received).toHaveLength(1)
    expect(scheduler.stats()).toMatchObject({ repeated: 1 })
    expect(await store.fires.due(clock.now())).toEqual([])
  })

  it('keeps the revision it was inserted with', async () => {
    const { clock, open, received, store, set } = await world('2026-03-01T02:00:10Z', nightly())
    set(nightly())
    await store.fires.insert(left)
    await open()
    await clock.advance(0)
    expect(received[0]?.headers).toMatchObject({ revision: 1, revisionHash: 'hash-1' })
  })

  it('is discarded when its trigger is gone', async () => {
    const { clock, open, received, store, set } = await world('2026-03-01T02:00:10Z', nightly())
    await store.fires.insert(left)
    set({ name: 'other', manual: {} })
    const scheduler = await open()
    await clock.advance(hour)
    expect(received).toEqual([])
    expect(scheduler.stats().discarded).toBe(1)
    expect(await store.fires.due(clock.now())).toEqual([])
  })

  it('is not published by us while we publish it', async () => {
    const { clock, open, broker, received } = await world('2026-03-01T00:00:00Z', nightly())
    const answer = Promise.withResolvers<void>()
    const slow: SchedulerParts['broker'] = {
      depth: broker.depth,
      publish: async (target, message) => {
        await answer.promise
        return broker.publish(target, message)
      },
    }
    const scheduler = await open({ broker: slow })
    await clock.advance(2 * hour + 30_000)
    await Promise.all([scheduler.refresh(), clock.advance(30_000)])
    answer.resolve()
    await clock.advance(minute)
    expect(received).toHaveLength(1)
    expect(scheduler.stats()).toMatchObject({ started: 1, repeated: 0 })
  })

  it('is not one that only marks where a schedule began', async () => {
    const { clock, open, received, store } = await world('2026-03-01T02:30:00Z', nightly())
    const fires = {
      ...store.fires,
      markPublished: () => Promise.reject(new TransientError('StoreUnavailable', 'no answer')),
    }
    const dying = await open({ store: { ...store, fires } })
    await dying.close()
    expect(await store.fires.due(clock.now() + minute)).toHaveLength(1)
    await clock.advance(minute)
    await open()
    await clock.advance(minute)
    expect(received).toEqual([])
    expect(await store.fires.due(clock.now())).toEqual([])
  })

  it('waits for the end of a suspension', async () => {
    const { clock, open, received, store, suspend } = await world('2026-03-01T02:00:10Z', nightly())
    await store.fires.insert(left)
    suspend(true)
    const scheduler = await open()
    await clock.advance(hour)
    expect(received).toEqual([])
    suspend(false)
    await scheduler.refresh()
    await clock.advance(0)
    expect(received.map(({ id }) => id)).toEqual([fireRunId(left)])
  })
})

describe('while the world fails', () => {
  it('tries a fire again until its queue is there', async () => {
    const { clock, broker, open, store } = await world('2026-03-01T00:00:00Z', nightly())
    await broker.deleteQueue(queue)
    await open()
    await clock.advance(3 * hour)
    expect(await store.fires.due(clock.now())).toHaveLength(1)
    await broker.declareQueues([{ name: queue }])
    await clock.advance(10_000)
    expect(await broker.depth(queue)).toMatchObject({ ready: 1 })
    expect(await store.fires.due(clock.now())).toEqual([])
  })

  it('publishes a fire again, under its id, when the broker gave no answer', async () => {
    const { clock, broker, open, received } = await world('2026-03-01T00:00:00Z', nightly())
    let failures = 1
    const lossy: SchedulerParts['broker'] = {
      depth: broker.depth,
      publish: async (target, message) => {
        const outcome = await broker.publish(target, message)
        if (failures-- > 0) throw new TransientError('ConnectionLost', 'no answer')
        return outcome
      },
    }
    await open({ broker: lossy })
    await clock.advance(3 * hour)
    expect(received).toHaveLength(2)
    expect(received[0]?.id).toBe(received[1]?.id)
  })

  it('forgets no fire when the store does not answer', async () => {
    const { clock, open, store, times } = await world('2026-03-01T00:00:00Z', nightly())
    let isDown = false
    const fires: typeof store.fires = {
      ...store.fires,
      insert: async (fire) => {
        if (isDown) throw new TransientError('StoreUnavailable', 'no answer')
        return store.fires.insert(fire)
      },
    }
    await open({ store: { ...store, fires } })
    isDown = true
    await clock.advance(3 * hour)
    expect(times()).toEqual([])
    isDown = false
    await clock.advance(minute)
    expect(times()).toEqual(['2026-03-01T02:00:00Z'])
  })

  it('opens a schedule as soon as the store tells where it stood', async () => {
    const { clock, open, store, times } = await world('2026-03-01T00:00:00Z', nightly())
    let isDown = true
    const fires: typeof store.fires = {
      ...store.fires,
      latest: async (flowUid, trigger) => {
        if (isDown) throw new TransientError('StoreUnavailable', 'no answer')
        return store.fires.latest(flowUid, trigger)
      },
    }
    const scheduler = await open({ store: { ...store, fires } })
    expect(scheduler.nextFires()).toEqual([])
    isDown = false
    await clock.advance(3 * hour)
    expect(times()).toEqual(['2026-03-01T02:00:00Z'])
  })
})

describe('two schedulers at a time', () => {
  it('fire each time once', async () => {
    const { clock, open, times } = await world('2026-03-01T00:00:00Z', nightly({ cron: '0 * * * *' }))
    await open()
    await open()
    await clock.advance(3.5 * hour)
    expect(times()).toEqual(['2026-03-01T01:00:00Z', '2026-03-01T02:00:00Z', '2026-03-01T03:00:00Z'])
  })
})

describe('a clock that is set', () => {
  it('back does not stop a schedule, and repeats nothing', async () => {
    const { clock, open, times } = await world('2026-03-01T10:00:30Z', nightly({ cron: '* * * * *' }))
    const wrong = jumpingClock(clock)
    await open({ clock: wrong })
    await clock.advance(3 * minute)
    expect(times()).toHaveLength(3)
    wrong.jump(-2 * minute)
    await clock.advance(4 * minute)
    expect(times()).toHaveLength(5)
    expect(new Set(times()).size).toBe(5)
  })

  it('back by a year does not stop a schedule for a year', async () => {
    const { clock, open, times } = await world('2027-03-01T10:00:30Z', nightly({ cron: '* * * * *' }))
    const wrong = jumpingClock(clock)
    await open({ clock: wrong })
    await clock.advance(minute)
    wrong.jump(-365 * 24 * hour)
    await clock.advance(3 * minute)
    expect(times().length).toBeGreaterThanOrEqual(3)
  })

  it('back does not stop a poll', async () => {
    const { clock, open, received } = await world('2026-03-01T10:00:00Z', { name: 'poll', poll: { everySeconds: 60 } })
    const wrong = jumpingClock(clock)
    const scheduler = await open({ clock: wrong })
    await clock.advance(0)
    scheduler.entrySettled(received[0]!.headers, 0)
    wrong.jump(-5 * hour)
    await clock.advance(2 * minute)
    expect(received.length).toBeGreaterThanOrEqual(2)
  })
})

describe('a poll', () => {
  const poll = (more: { untilEmpty?: boolean } = {}): Trigger => ({ name: 'poll', poll: { everySeconds: 60, ...more } })

  it('fires at once and then at its interval, under the active revision', async () => {
    const { clock, open, received, set } = await world('2026-03-01T00:00:00Z', poll())
    const scheduler = await open()
    await clock.advance(0)
    expect(received).toHaveLength(1)
    scheduler.entrySettled(received[0]!.headers, 5)
    await clock.advance(59_999)
    expect(received).toHaveLength(1)
    set(poll())
    await scheduler.refresh()
    await clock.advance(1)
    expect(received).toHaveLength(2)
    expect(received[1]?.headers).toMatchObject({ revision: 2, trigger: 'poll' })
    expect(received[1]?.id).not.toBe(received[0]?.id)
  })

  it('never overlaps itself', async () => {
    const { clock, open, received, hold, release } = await world('2026-03-01T00:00:00Z', poll())
    hold()
    const scheduler = await open()
    await clock.advance(10 * minute)
    expect(received).toHaveLength(1)
    expect(scheduler.stats().overlapped).toBe(10)
    scheduler.entrySettled(received[0]!.headers, 1)
    release()
    await clock.advance(minute)
    expect(received).toHaveLength(2)
  })

  it('goes on when nobody told that a fire was settled, once its queue is empty', async () => {
    const { clock, open, received } = await world('2026-03-01T00:00:00Z', poll())
    await open()
    await clock.advance(3 * minute)
    expect(received).toHaveLength(4)
  })

  it('fires again at once until it gives nothing, where it is asked to', async () => {
    const { clock, open, received } = await world('2026-03-01T00:00:00Z', poll({ untilEmpty: true }))
    const scheduler = await open()
    await clock.advance(0)
    for (const emitted of [3, 1]) {
      scheduler.entrySettled(received.at(-1)!.headers, emitted)
      await clock.advance(1)
    }
    expect(received).toHaveLength(3)
    expect(new Set(received.map(({ id }) => id)).size).toBe(3)
    scheduler.entrySettled(received.at(-1)!.headers, 0)
    await clock.advance(1000)
    expect(received).toHaveLength(3)
    await clock.advance(minute)
    expect(received).toHaveLength(4)
  })

  it('ignores news of another run than its last', async () => {
    const { clock, open, received, hold } = await world('2026-03-01T00:00:00Z', poll({ untilEmpty: true }))
    hold()
    const scheduler = await open()
    await clock.advance(0)
    scheduler.entrySettled({ flow, trigger: 'poll', run: 'another' }, 9)
    scheduler.entrySettled({ flow: 'another', trigger: 'poll', run: received[0]!.id }, 9)
    await clock.advance(1000)
    expect(received).toHaveLength(1)
  })

  it('waits for room in its queue', async () => {
    const { clock, open, broker, received } = await world('2026-03-01T00:00:00Z', poll())
    await broker.declareQueues([{ name: 'full' }])
    const gate = depthGate({ depth: () => broker.depth('full') }, clock, 1)
    const message = { id: 'm', headers: { ...headers, trigger: 'poll' }, body: Buffer.alloc(0) }
    await broker.publish({ kind: 'queue', queue: 'full' }, message)
    const scheduler = await open({ gate })
    await clock.advance(10_000)
    expect(received).toEqual([])
    expect(scheduler.stats().heldBack).toBeGreaterThan(5)
    await broker.deleteQueue('full')
    await clock.advance(2000)
    expect(received).toHaveLength(1)
  })

  it('stops while it is suspended, and fires at once when that ends', async () => {
    const { clock, open, received, suspend } = await world('2026-03-01T00:00:00Z', poll())
    suspend(true)
    const scheduler = await open()
    await clock.advance(hour)
    expect(received).toEqual([])
    suspend(false)
    await scheduler.refresh()
    await clock.advance(0)
    expect(received).toHaveLength(1)
  })
})

describe('a poll, where the broker tells only what is ready', () => {
  const brief: Trigger = { name: 'poll', poll: { everySeconds: 10 } }

  it('goes on a minute after a fire of which nothing was heard: another process has settled it', async () => {
    const { clock, open, broker, received } = await world('2026-03-01T00:00:00Z', brief)
    const depth = async (name: string) => ({ ready: (await broker.depth(name))?.ready ?? 0, consumers: 2 })
    const scheduler = await open({ broker: { publish: broker.publish, depth } })
    await clock.advance(0)
    scheduler.entrySettled(received[0]!.headers, 0)
    await clock.advance(10_000)
    expect(received).toHaveLength(2)
    // Nobody tells of this one.
    await clock.advance(50_000)
    expect(received).toHaveLength(2)
    await clock.advance(10_000)
    expect(received).toHaveLength(3)
  })

  it('queues nothing behind a fire that waits to be taken', async () => {
    const { clock, open, broker, received } = await world('2026-03-01T00:00:00Z', brief)
    await open({ broker: { publish: broker.publish, depth: async () => ({ ready: 1, consumers: 0 }) } })
    await clock.advance(hour)
    expect(received).toHaveLength(1)
  })
})

describe('an endless trigger', () => {
  it('is asked for a sign of life every ten seconds', async () => {
    const { clock, open, received } = await world('2026-03-01T00:00:00Z', { name: 'listen', listen: {} })
    const scheduler = await open()
    for (let asked = 1; asked <= 4; asked += 1) {
      await clock.advance(asked === 1 ? 0 : 10_000)
      expect(received).toHaveLength(asked)
      scheduler.entrySettled(received.at(-1)!.headers, 0)
    }
  })
})

describe('when the plans change', () => {
  it('a schedule goes by its new times from now on', async () => {
    const { clock, open, times, set } = await world('2026-03-01T00:00:00Z', nightly({ missed: 'all' }))
    const scheduler = await open()
    await clock.advance(hour)
    set(nightly({ cron: '15 * * * *', missed: 'all' }))
    await scheduler.refresh()
    await clock.advance(2 * hour)
    expect(times()).toEqual(['2026-03-01T01:15:00Z', '2026-03-01T02:15:00Z'])
  })

  it('an edit of something else moves no schedule', async () => {
    const { clock, open, received, set } = await world('2026-03-01T00:00:00Z', nightly())
    const scheduler = await open()
    const before = scheduler.nextFires()
    set(nightly(), { name: 'by-hand', manual: {} })
    await scheduler.refresh()
    expect(scheduler.nextFires()).toEqual(before)
    await clock.advance(3 * hour)
    expect(received[0]?.headers.revision).toBe(2)
  })

  it('a flow that is gone fires no more', async () => {
    const { clock, open, times, plans } = await world('2026-03-01T00:00:00Z', nightly())
    const scheduler = await open()
    plans.remove(flow)
    await scheduler.refresh()
    await clock.advance(24 * hour)
    expect(times()).toEqual([])
    expect(scheduler.nextFires()).toEqual([])
  })

  it('a flow that comes fires', async () => {
    const { clock, open, broker, plans } = await world('2026-03-01T00:00:00Z')
    const scheduler = await open()
    await broker.declareQueues([{ name: 'uid-late._core' }])
    plans.set(samplePlan({ name: 'late', triggers: [nightly()] }))
    await scheduler.refresh()
    await clock.advance(3 * hour)
    expect(await broker.depth('uid-late._core')).toMatchObject({ ready: 1 })
  })
})

describe('close', () => {
  it('ends all firing, and is safe to repeat', async () => {
    const { clock, open, received } = await world('2026-03-01T00:00:00Z', nightly(), {
      name: 'poll',
      poll: { everySeconds: 1 },
    })
    const scheduler = await open()
    await scheduler.close()
    await scheduler.close()
    await clock.advance(48 * hour)
    expect(received.length).toBeLessThanOrEqual(1)
  })

  it('does not wait for a store that is down', async () => {
    const { clock, open, store } = await world('2026-03-01T00:00:00Z', nightly())
    const fires = { ...store.fires, insert: () => Promise.reject(new TransientError('StoreUnavailable', 'no answer')) }
    await store.fires.insert({ flow, trigger: 'nightly', at: clock.now() - 1, revision: 1 })
    const scheduler = await open({ store: { ...store, fires } })
    await clock.advance(3 * hour)
    await scheduler.close()
  })
})

const headers = sampleHeaders({ flow, revisionHash: 'hash-1', run: 'run', trigger: 'nightly', at: 'fetch' })

/** A clock whose time can be set while its timers go on. */
function jumpingClock(clock: Clock): Clock & { readonly jump: (byMs: number) => void } {
  let offset = 0
  return {
    now: () => clock.now() + offset,
    setTimer: clock.setTimer,
    jump: (byMs) => {
      offset += byMs
    },
  }
}
