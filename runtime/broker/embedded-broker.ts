import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Broker } from './broker.ts'
import { brokerClosed, connectTo } from './embedded-connection.ts'
import type { PendingMessages } from './embedded-core.ts'
import { openCore, pendingOf } from './embedded-core.ts'
import type { KeeperHost, QueueKeeper } from './message-keep.ts'

/** A broker in this process. `close` ends all connections. It has the queue `unrouted` for good, from when something has lost its way. */
export interface EmbeddedBroker extends Broker {
  /** Another connection to the same queues, as a second process would have one; its `close` gives back what it holds. */
  readonly connect: () => Broker
  /** What is not finished, over all queues that were declared in this process, but those that drop their head. */
  readonly pending: () => PendingMessages
  /**
   * Resolves in a later turn of the event loop in which nothing is pending. Free of races as long as every handler
   * publishes what a message causes before it acknowledges it.
   *
   * @throws {TransientError} `BrokerClosed`; and the signal's reason when it is aborted
   */
  readonly whenIdle: (signal?: AbortSignal) => Promise<void>
  /** Of all queues, those included that only an earlier process has declared. */
  readonly queueNames: () => readonly string[]
}

export interface EmbeddedOptions {
  readonly clock?: Clock
  readonly openKeeper: (host: KeeperHost, clock: Clock) => QueueKeeper
}

export function openEmbeddedBroker({ clock = systemClock, openKeeper }: EmbeddedOptions): EmbeddedBroker {
  const core = openCore((host) => openKeeper(host, clock))
  const connections = new Set<Broker>()
  let isClosed = false
  const connect = (): Broker => {
    if (isClosed) throw brokerClosed()
    const connection = connectTo(core, () => connections.delete(connection))
    connections.add(connection)
    return connection
  }
  const close = async (): Promise<void> => {
    isClosed = true
    for (const connection of connections) await connection.close()
    core.keeper.parking.close()
    core.idle.close(brokerClosed())
    core.keeper.close()
  }
  return {
    ...connect(),
    connect,
    close,
    pending: () => pendingOf(core),
    whenIdle: core.idle.whenIdle,
    queueNames: () => [...core.queues.keys()],
  }
}
