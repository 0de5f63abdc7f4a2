import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { changePlan } from '../../test/samples/change-plan.ts'
import { livingList } from '../../test/rig/living-list.ts'
import type { Broker } from '../broker/broker.ts'
import { message } from '../broker/conformance/broker-promise.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { openMembership } from '../process/open-membership.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { followWork } from './follow-work.ts'
import { shareWork } from './share-work.ts'

const log = pino({ level: 'silent' })
const pools = ['Component/shop']

/** What a member does with what it gets: a frozen one keeps it. */
interface Member {
  readonly consumed: Map<string, { readonly close: () => Promise<void> }>
  isFrozen: boolean
  isStoreDown: boolean
  readonly end: () => Promise<void>
}

/** Members that share the queues of one flow, on a broker and a store of their own. */
async function openWorld(queueCount: number, { singleActiveConsumer = false } = {}) {
  const clock = simulatedClock()
  const store = openMemoryStore({ clock })
  const broker = openMemoryBroker({ clock })
  const steps = Object.fromEntries(Array.from({ length: queueCount }, (_, at) => [`s${at}`, 'f']))
  const plain = changePlan({ steps })
  const plan = { ...plain, stages: plain.stages.map((stage) => ({ ...stage, singleActiveConsumer })) }
  const queues = plan.stages.map(({ queue }) => queue)
  const { list, add } = livingList()
  add(plan)
  await broker.declareQueues(queues.map((name) => ({ name, singleActiveConsumer })))
  const members: Member[] = []
  const done: string[] = []
  let joined = 0

  const join = async (): Promise<Member> => {
    const member: Member = { consumed: new Map(), isFrozen: false, isStoreDown: false, end: () => end() }
    const connection = broker.connect()
    const id = `member-${(joined += 1)}`
    const announce = async (...args: Parameters<typeof store.members.announce>) => {
      if (member.isStoreDown) throw new TransientError('StoreUnreachable', 'down')
      return store.members.announce(...args)
    }
    const membership = openMembership({
      store: { members: { ...store.members, announce } },
      member: { id, pools },
      clock,
      log,
    })
    const shared = shareWork({ workList: list, membership, broker: connection, clock, log })
    const follower = followWork(consumer(connection, member), shared)
    /** As by SIGKILL: nobody is told. */
    const end = async (): Promise<void> => {
      members.splice(members.indexOf(member), 1)
      member.isStoreDown = true
      await Promise.all([follower.close(), shared.close(), connection.close()])
    }
    await follower.attached()
    members.push(member)
    return member
  }
  const consumer = (connection: Broker, member: Member) => ({
    attach: async ({ stage: { queue } }: { readonly stage: { readonly queue: string } }) => {
      const options = { prefetch: 1, singleActiveConsumer }
      const subscription = await connection.consume(queue, options, (delivery) => {
        if (member.isFrozen) return
        clock.setTimer(workMs, () => {
          if (!member.isFrozen) done.push(delivery.message.id)
          if (!member.isFrozen) delivery.ack()
        })
      })
      member.consumed.set(queue, subscription)
    },
    detach: async (queue: string) => {
      const subscription = member.consumed.get(queue)
      member.consumed.delete(queue)
      await subscription?.close()
    },
    review: async () => {},
  })
  const publish = (queue: string, id: string) => broker.publish({ kind: 'queue', queue }, message(id))
  const consumers = (queue: string): number => members.filter(({ consumed }) => consumed.has(queue)).length
  return { clock, store, queues, members, join, done, publish, consumers }
}

const workMs = 100
const settledMs = 120_000

describe('runners of a pool', () => {
  it('consume each queue once, evenly shared, once they know of each other', async () => {
    const { clock, queues, join, members, consumers } = await openWorld(60)
    for (let at = 0; at < 3; at += 1) await join()
    await clock.advance(settledMs)
    expect(queues.map(consumers)).toEqual(queues.map(() => 1))
    for (const { consumed } of members) expect(consumed.size).toBeGreaterThan(10)
  })

  it('consume everything from the first moment on, and who is alone goes on so', async () => {
    const { clock, queues, join } = await openWorld(5)
    const only = await join()
    expect(only.consumed.size).toBe(queues.length)
    await clock.advance(settledMs)
    expect(only.consumed.size).toBe(queues.length)
  })

  it('take over what a dead one had, long before they hear of its death', async () => {
    const { clock, queues, join, consumers } = await openWorld(20)
    const first = await join()
    await join()
    await join()
    await clock.advance(settledMs)
    await first.end()
    await clock.advance(2500)
    for (const queue of queues) expect(consumers(queue)).toBeGreaterThan(0)
  })

  it('help where one is not enough, and leave when it is', async () => {
    const { clock, queues, join, consumers, publish, done } = await openWorld(3)
    await join()
    await join()
    await join()
    await clock.advance(settledMs)
    const [queue = ''] = queues
    for (let at = 0; at < 600; at += 1) await publish(queue, `m${at}`)
    await clock.advance(12_000)
    expect(consumers(queue)).toBe(3)
    await clock.advance(settledMs)
    expect(done.length).toBe(600)
    expect(queues.map(consumers)).toEqual([1, 1, 1])
  })

  it('get past one that is there and does nothing', async () => {
    const { clock, queues, join, publish, done } = await openWorld(6)
    const frozen = await join()
    await join()
    await clock.advance(settledMs)
    frozen.isFrozen = true
    frozen.isStoreDown = true
    // The first of each is what the frozen one holds until the broker gives it up.
    for (const queue of queues) for (let at = 0; at < 5; at += 1) await publish(queue, `${queue}-${at}`)
    await clock.advance(20_000)
    expect(done.length).toBeGreaterThanOrEqual(queues.length * 4)
    await frozen.end()
    await clock.advance(5000)
    expect(new Set(done).size).toBe(queues.length * 5)
  })

  it('consume everything while the store does not tell who is there', async () => {
    const { clock, queues, join, consumers, members } = await openWorld(10)
    await join()
    await join()
    await clock.advance(settledMs)
    for (const member of members) member.isStoreDown = true
    await clock.advance(21_000)
    expect(queues.map(consumers)).toEqual(queues.map(() => 2))
    for (const member of members) member.isStoreDown = false
    await clock.advance(settledMs)
    expect(queues.map(consumers)).toEqual(queues.map(() => 1))
  })

  it('have the next in line ready where one consumer works at a time', async () => {
    const { clock, queues, join, consumers } = await openWorld(10, { singleActiveConsumer: true })
    for (let at = 0; at < 4; at += 1) await join()
    await clock.advance(settledMs)
    expect(queues.map(consumers)).toEqual(queues.map(() => 2))
  })

  it(
    'lose no queue for long, whoever comes, dies, freezes or is cut off from the store',
    { timeout: 120_000 },
    async () => {
      const event = fc.record({
        kind: fc.constantFrom('join', 'kill', 'freeze', 'cutOff', 'mend', 'wait'),
        who: fc.nat(7),
        waitMs: fc.constantFrom(0, 500, 3000, 9000, 20_000),
      })
      const property = fc.asyncProperty(fc.array(event, { maxLength: 14 }), fc.boolean(), async (events, isSingle) => {
        const world = await openWorld(6, { singleActiveConsumer: isSingle })
        const { clock, members, join, queues, publish, done, consumers } = world
        await join()
        for (const { kind, who, waitMs } of events) {
          const member = members[who % Math.max(1, members.length)]
          if (kind === 'join' && members.length < 5) await join()
          else if (member !== undefined) await act(kind, member)
          await clock.advance(waitMs)
        }
        if (members.every(({ isFrozen }) => isFrozen)) await join()
        // What is frozen is given up by the broker in the end.
        for (const member of members.filter(({ isFrozen }) => isFrozen)) await member.end()
        for (const member of members) member.isStoreDown = false
        for (const queue of queues) await publish(queue, queue)
        await clock.advance(6000)
        expect(new Set(done)).toEqual(new Set(queues))
        await clock.advance(8 * settledMs)
        const wanted = Math.min(members.length, isSingle ? 2 : 1)
        expect(queues.map(consumers)).toEqual(queues.map(() => wanted))
      })
      await fc.assert(property, { numRuns: 60 })
    },
  )
})

async function act(kind: string, member: Member): Promise<void> {
  if (kind === 'kill') await member.end()
  else if (kind === 'freeze') member.isFrozen = true
  else if (kind === 'cutOff') member.isStoreDown = true
  else if (kind === 'mend') member.isStoreDown = false
}
