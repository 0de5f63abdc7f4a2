/** What is to be declared, in this order: exchanges, queues, bindings. */
export interface Topology {
  readonly exchanges: readonly ExchangePlan[]
  readonly queues: readonly QueuePlan[]
  readonly bindings: readonly BindingPlan[]
}

/** Of a `QueueDeclaration`, what decides its form. */
export interface DeclaredQueue {
  readonly name: string
  readonly singleActiveConsumer?: boolean
  readonly dropHeadAbove?: number
  readonly temporary?: boolean
}

export interface ExchangePlan {
  readonly name: string
  readonly type: 'direct' | 'fanout'
  /** Takes what none of its bindings takes. */
  readonly alternateExchange?: string
}

export interface QueuePlan {
  readonly name: string
  readonly durable: boolean
  readonly exclusive: boolean
  readonly arguments: Readonly<Record<string, string | number | boolean>>
}

export interface BindingPlan {
  readonly exchange: string
  readonly queue: string
  readonly routingKey: string
}

export const stepsExchange = 'steps'
export const retryExchange = 'retry'

/** A fanout beside the queue of the same name, whoever declares that: an alternate exchange gets the key of the target that is gone. */
const unroutedExchange = 'unrouted'

/** What every vhost has; queues come on top, by declarations. */
export function vhostTopology(queues: readonly DeclaredQueue[]): Topology {
  const own = joinTopologies(queues.map(queueTopology))
  return {
    exchanges: [
      { name: unroutedExchange, type: 'fanout' },
      { name: stepsExchange, type: 'direct' },
      { name: retryExchange, type: 'direct', alternateExchange: unroutedExchange },
    ],
    queues: own.queues,
    bindings: own.bindings,
  }
}

/** One queue and its bindings; the exchanges are the vhost's. */
export function queueTopology(declaration: DeclaredQueue): Topology {
  const { name: queue } = declaration
  const bindings = exchangesOf(declaration).map((exchange) => ({ exchange, queue, routingKey: queue }))
  if (queue === unroutedExchange) bindings.push({ exchange: unroutedExchange, queue, routingKey: '' })
  return { exchanges: [], queues: [planQueue(declaration)], bindings }
}

/** Where messages wait for so long. It never expires, and its target is never the default exchange: both have lost messages. */
export function rungTopology(rungMs: number): Topology {
  const name = rungName(rungMs)
  return {
    // A fanout, so that the key stays that of the queue which the message comes back to.
    exchanges: [{ name, type: 'fanout' }],
    queues: [
      {
        name,
        durable: true,
        exclusive: false,
        arguments: {
          'x-queue-type': 'quorum',
          'x-message-ttl': rungMs,
          'x-dead-letter-exchange': retryExchange,
          'x-dead-letter-strategy': 'at-least-once',
          // Without it the strategy silently falls back to at most once.
          'x-overflow': 'reject-publish',
        },
      },
    ],
    bindings: [{ exchange: name, queue: name, routingKey: '' }],
  }
}

export function rungName(rungMs: number): string {
  return `delay.v1.${rungMs}`
}

export function joinTopologies(topologies: readonly Topology[]): Topology {
  return {
    exchanges: topologies.flatMap(({ exchanges }) => exchanges),
    queues: topologies.flatMap(({ queues }) => queues),
    bindings: topologies.flatMap(({ bindings }) => bindings),
  }
}

/**
 * Without a limit what is given back goes to the end of the queue (3.10 and later), or is dropped after 20 deliveries
 * (4.0 and later); with one it keeps its place.
 */
const neverReached = 1_000_000_000

/** Of an exclusive queue the server wants it classic and gone with its connection. */
function planQueue({ name, singleActiveConsumer, dropHeadAbove, temporary }: DeclaredQueue): QueuePlan {
  return {
    name,
    durable: temporary !== true,
    exclusive: temporary === true,
    arguments: {
      ...(temporary === true
        ? { 'x-queue-type': 'classic' }
        : { 'x-queue-type': 'quorum', 'x-delivery-limit': neverReached }),
      ...(singleActiveConsumer === true && { 'x-single-active-consumer': true }),
      ...(dropHeadAbove !== undefined && { 'x-max-length': dropHeadAbove, 'x-overflow': 'drop-head' }),
    },
  }
}

/** What has a limit, or goes with a connection, is not reached from `retry`: one full target stopped a whole rung. */
function exchangesOf({ dropHeadAbove, temporary }: DeclaredQueue): readonly string[] {
  return dropHeadAbove === undefined && temporary !== true ? [stepsExchange, retryExchange] : [stepsExchange]
}
