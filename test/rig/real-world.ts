import { pino } from 'pino'
import type { Broker } from '../../runtime/broker/broker.ts'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import type { SimulatedClock } from '../../runtime/clock.ts'
import { sleep, systemClock } from '../../runtime/clock.ts'
import type { RigBroker, RigOptions } from './runner-rig.ts'

/** Where a rig runs on RabbitMQ, in real time. */
export function realWorld(url: string): Pick<RigOptions, 'openBroker' | 'clock' | 'left'> {
  return {
    clock: realClock,
    openBroker: () => openReal(url),
    left: async (store) => (await store.trackedRuns.active('uid')).length,
  }
}

const turnMs = 20

/** Goes on by itself; who tells it to waits. */
const realClock: SimulatedClock = {
  ...systemClock,
  advance: (byMs) => sleep(systemClock, Math.max(byMs, turnMs)),
  nextAt: () => systemClock.now() + turnMs,
  runUntilIdle: () => Promise.reject(new Error('real time is never idle')),
}

async function openReal(url: string): Promise<RigBroker> {
  const connections = new Set<Broker>()
  const connect = async (): Promise<Broker> => {
    const log = pino({ level: 'silent' })
    const connection = partsOf(await openAmqpBroker({ url, connectionName: 'random flow', log }))
    connections.add(connection)
    return connection
  }
  const own = await connect()
  return {
    ...own,
    connect,
    // Only runs tell what is left: a queue does not say what is under way.
    pending: () => ({ ready: 0, unacknowledged: 0, parked: 0 }),
    close: async () => {
      await Promise.all([...connections].map((connection) => connection.close()))
    },
  }
}

/** As an object that can be spread. */
function partsOf(broker: Broker): Broker {
  return {
    declareQueues: (queues) => broker.declareQueues(queues),
    publish: (target, message) => broker.publish(target, message),
    consume: (queue, options, onDelivery) => broker.consume(queue, options, onDelivery),
    depth: (queue) => broker.depth(queue),
    unbindQueue: (queue) => broker.unbindQueue(queue),
    deleteQueue: (queue) => broker.deleteQueue(queue),
    health: () => broker.health(),
    close: () => broker.close(),
  }
}
