import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Broker, Subscription } from '../../runtime/broker/broker.ts'
import { deadQueue, unroutedQueue } from '../../runtime/broker/broker.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { WorkList } from '../../runtime/plan-source.ts'
import { openStorePlanSource } from '../../runtime/plans/store-plan-source.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import type { WireMessage } from '../../runtime/wire/message.ts'
import { describeOnRabbit, freshVhost } from '../../test/env/servers.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { sampleMessage } from '../../test/samples/sample-message.ts'
import { openFlowChanges } from './flow-changes.ts'

const log = pino({ level: 'silent' })
const one = changePlan({ steps: { a: 'f' } })
const wider = changePlan({ steps: { a: 'f', b: 'f' } })

describeOnRabbit('changes of flows on RabbitMQ', (rabbit) => {
  /** A driver and, on connections of their own, whoever publishes and consumes. */
  async function open() {
    const { amqpUrl, close } = await freshVhost(rabbit)
    onTestFinished(close)
    const connect = async (connectionName: string): Promise<Broker> => {
      const broker = await openAmqpBroker({ url: amqpUrl, connectionName, log })
      onTestFinished(broker.close)
      return broker
    }
    const [driver, others] = [await connect('driver'), await connect('others')]
    await driver.declareQueues([{ name: deadQueue }, { name: unroutedQueue }])
    const store = openMemoryStore()
    const source = await openStorePlanSource({ store, clock: systemClock, log, pollMs: 100 })
    onTestFinished(source.close)
    const waits = { declaredMs: 300, retiredMs: 3000, emptyMs: 1000, unboundMs: 200 }
    const changes = await openFlowChanges({
      broker: driver,
      store,
      clock: systemClock,
      log,
      waits,
      onChange: (flow) => void source.notify(flow),
    })
    onTestFinished(changes.close)
    const untilActive = (revision: number) =>
      vi.waitFor(() => expect(source.active('uid')?.revision).toBe(revision), { timeout: 10_000 })
    const isGone = (queue: string) =>
      vi.waitFor(async () => expect(await driver.depth(queue)).toBeUndefined(), { timeout: 30_000, interval: 100 })
    return { driver, others, store, source, changes, untilActive, isGone }
  }

  it('retire a queue under a publisher with a stale view: all it was confirmed is finished or a dead letter', async () => {
    const { driver, others, changes, source, untilActive, isGone } = await open()
    await changes.apply(one)
    await untilActive(1)
    await changes.apply(wider)
    await vi.waitFor(() => expect(source.living()).toHaveLength(2))
    const queue = source.living()[1]?.stage.queue ?? ''
    const runner = followLiving(others, source, 5)
    const publisher = openPublisher(others, () => queue)
    await vi.waitFor(() => expect(publisher.confirmed.size).toBeGreaterThan(500), { timeout: 20_000 })
    await changes.apply(one)
    await isGone(queue)
    await publisher.close()
    await runner.close()
    expect(publisher.unroutable()).toBeGreaterThan(0)
    const dead = await takeAll(driver, deadQueue)
    expect(missing(publisher.confirmed, runner.seen, dead)).toEqual([])
  })

  it('delete a flow with a full queue that nobody consumes: each message is a dead letter', async () => {
    const { driver, others, changes, source, store, untilActive, isGone } = await open()
    await changes.apply(wider)
    await untilActive(1)
    const queues = source.living().map(({ stage }) => stage.queue)
    const sent = new Set(Array.from({ length: 1000 }, (_, at) => `m${at}`))
    await Promise.all([...sent].map((id, at) => others.publish(toQueue(queues[at % 2]), messageTo(queues[at % 2], id))))
    await changes.remove('uid', { deadlineMs: 500 })
    await Promise.all(queues.map(isGone))
    await vi.waitFor(async () => expect(await store.flows.list()).toEqual([]))
    expect(missing(sent, new Set(), await takeAll(driver, deadQueue))).toEqual([])
  })

  it('edit every 200 ms under load: what is published to the active plan is never refused, and nothing is lost', async () => {
    const { driver, others, changes, source, untilActive } = await open()
    await changes.apply(one)
    await untilActive(1)
    const runner = followLiving(others, source, 50)
    const publisher = openPublisher(others, () => source.active('uid')?.stages.at(-1)?.queue)
    const functions = ['f', 'g', 'h']
    for (let edit = 1; edit <= 25; edit += 1) {
      await changes.apply(changePlan({ steps: { a: 'f', b: functions[edit % 3] ?? '' }, tuning: String(edit) }))
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await untilActive(26)
    await publisher.close()
    await vi.waitFor(() => expect(missing(publisher.confirmed, runner.seen)).toEqual([]), { timeout: 20_000 })
    await runner.close()
    expect(publisher.confirmed.size).toBeGreaterThan(500)
    expect(publisher.unroutable()).toBe(0)
    expect(await takeAll(driver, deadQueue)).toEqual(new Set())
  })
})

/** Consumes what lives, as runners do, and leaves what does not live any more by closing its channel. */
function followLiving(broker: Broker, workList: WorkList, prefetch: number) {
  const seen = new Set<string>()
  const consumed = new Map<string, Promise<Subscription>>()
  const leaving: Promise<void>[] = []
  const leave = async (subscription: Promise<Subscription>): Promise<void> => (await subscription).close()
  const follow = (): void => {
    const living = new Set(workList.living().map(({ stage }) => stage.queue))
    for (const [queue, subscription] of consumed) {
      if (living.has(queue)) continue
      consumed.delete(queue)
      leaving.push(leave(subscription))
    }
    for (const queue of living) {
      if (consumed.has(queue)) continue
      const onDelivery: Parameters<Broker['consume']>[2] = ({ message, ack }) => {
        seen.add(message.id)
        ack()
      }
      consumed.set(queue, broker.consume(queue, { prefetch }, onDelivery))
    }
  }
  const forget = workList.onChange(follow)
  follow()
  return {
    seen,
    close: async () => {
      forget()
      await Promise.all([...leaving, ...[...consumed.values()].map(leave)])
    },
  }
}

/** Publishes without an end to the queue that it thinks right. */
function openPublisher(broker: Broker, queueNow: () => string | undefined) {
  const confirmed = new Set<string>()
  let unroutable = 0
  const closing = new AbortController()
  const publish = async (lane: number): Promise<void> => {
    for (let number = 0; !closing.signal.aborted; number += 1) {
      const [id, queue] = [`${lane}-${number}`, queueNow()]
      const outcome = await broker.publish(toQueue(queue), messageTo(queue, id))
      if (outcome === 'confirmed') confirmed.add(id)
      else unroutable += 1
    }
  }
  const lanes = Array.from({ length: 20 }, (_, lane) => publish(lane))
  return {
    confirmed,
    unroutable: () => unroutable,
    close: async () => {
      closing.abort()
      await Promise.all(lanes)
    },
  }
}

async function takeAll(broker: Broker, queue: string): Promise<Set<string>> {
  const ids = new Set<string>()
  const expected = (await broker.depth(queue))?.ready ?? 0
  const subscription = await broker.consume(queue, { prefetch: 200 }, ({ message, ack }) => {
    ids.add(message.id)
    ack()
  })
  await vi.waitFor(() => expect(ids.size).toBeGreaterThanOrEqual(expected), { timeout: 20_000 })
  await subscription.close()
  return ids
}

function missing(sent: ReadonlySet<string>, ...found: readonly ReadonlySet<string>[]): string[] {
  return [...sent].filter((id) => found.every((ids) => !ids.has(id)))
}

function toQueue(queue: string | undefined) {
  return { kind: 'queue', queue: queue ?? '' } as const
}

function messageTo(queue: string | undefined, id: string): WireMessage {
  return sampleMessage(id, { run: id, at: queue?.split('.')[1] ?? '' })
}
