import { PermanentError } from '../error.ts'
import type { QueueDeclaration } from './broker.ts'
import { unroutedQueue } from './broker.ts'
import type { DeliveryPump } from './delivery-pump.ts'
import { deliveryPump } from './delivery-pump.ts'
import type { EmbeddedQueue, Subscriber } from './embedded-queue.ts'
import { dropHead, embeddedQueue, readyCount, unsubscribe } from './embedded-queue.ts'
import type { IdleWatch } from './idle-watch.ts'
import { idleWatch } from './idle-watch.ts'
import type { KeeperHost, QueueKeeper } from './message-keep.ts'

/** What all connections share. */
export interface EmbeddedCore {
  readonly queues: Map<string, EmbeddedQueue>
  readonly keeper: QueueKeeper
  readonly pump: DeliveryPump
  readonly idle: IdleWatch
}

export interface PendingMessages {
  readonly ready: number
  readonly unacknowledged: number
  readonly parked: number
}

export function openCore(openKeeper: (host: KeeperHost) => QueueKeeper): EmbeddedCore {
  const queues = new Map<string, EmbeddedQueue>()
  const idle = idleWatch(() => {
    const { ready, unacknowledged, parked } = pendingOf(core)
    return ready + unacknowledged + parked === 0
  })
  const pump = deliveryPump(idle.check)
  const targetFor = (name: string): EmbeddedQueue => boundQueue(core, name) ?? unrouted(core)
  const keeper = openKeeper({ targetFor, onMoved: idle.check })
  const core: EmbeddedCore = { queues, keeper, pump, idle }
  for (const { declaration, isBound } of keeper.restored) openQueue(core, declaration).isBound = isBound
  return core
}

export function pendingOf({ queues, keeper: { parking, underWay } }: EmbeddedCore): PendingMessages {
  let ready = underWay()
  let unacknowledged = 0
  let parked = parking.total()
  for (const [name, queue] of queues) {
    // Nobody works on it here.
    if (!queue.isWanted) parked -= parking.countFor(name)
    if (!queue.isWanted || queue.declaration.dropHeadAbove !== undefined) continue
    ready += readyCount(queue)
    unacknowledged += queue.unacknowledged
  }
  return { ready, unacknowledged, parked }
}

export async function declareQueues(core: EmbeddedCore, declarations: readonly QueueDeclaration[]): Promise<void> {
  for (const declaration of declarations) checkKind(core, declaration)
  const unknown = declarations.filter(({ name, temporary }) => temporary !== true && !boundQueue(core, name))
  if (unknown.length > 0) await core.keeper.declare(unknown)
  for (const declaration of declarations) {
    // Another connection may have been quicker.
    checkKind(core, declaration)
    const queue = openQueue(core, declaration)
    queue.isBound = true
    queue.isWanted = true
  }
}

function checkKind({ queues }: EmbeddedCore, { name, singleActiveConsumer, dropHeadAbove }: QueueDeclaration): void {
  const known = queues.get(name)?.declaration
  if (known === undefined) return
  const isSame =
    (known.singleActiveConsumer ?? false) === (singleActiveConsumer ?? false) && known.dropHeadAbove === dropHeadAbove
  if (!isSame) throw new PermanentError('QueueMismatch', `queue ${name} exists with other properties`)
}

function openQueue({ queues, keeper, pump }: EmbeddedCore, declaration: QueueDeclaration): EmbeddedQueue {
  const known = queues.get(declaration.name)
  if (known !== undefined) return known
  const keep = keeper.open(declaration, () => {
    dropHead(queue)
    pump.wake(queue)
  })
  const queue = embeddedQueue(declaration, keep)
  queues.set(declaration.name, queue)
  return queue
}

/** The queue, where publishes reach it. */
export function boundQueue({ queues }: EmbeddedCore, name: string): EmbeddedQueue | undefined {
  const queue = queues.get(name)
  return queue?.isBound === true ? queue : undefined
}

function unrouted(core: EmbeddedCore): EmbeddedQueue {
  const queue = openQueue(core, { name: unroutedQueue })
  queue.isWanted = true
  return queue
}

export async function unbindQueue(core: EmbeddedCore, name: string): Promise<void> {
  const queue = core.queues.get(name)
  if (queue === undefined || name === unroutedQueue) return
  queue.isBound = false
  await core.keeper.unbind(name)
}

export async function deleteQueue(core: EmbeddedCore, name: string): Promise<void> {
  if (name === unroutedQueue) return
  const queue = core.queues.get(name)
  core.queues.delete(name)
  if (queue !== undefined) endAll(queue)
  core.idle.check()
  if (queue?.declaration.temporary !== true) await core.keeper.remove(name)
}

function endAll({ declaration, subscribers }: EmbeddedQueue): void {
  const reason = new PermanentError('QueueDeleted', `queue ${declaration.name} was deleted`)
  for (const subscriber of subscribers.slice()) {
    unsubscribe(subscriber)
    setImmediate(() => subscriber.onEnd(reason))
  }
}

/** What it has not settled goes back; it may be another subscriber's turn. */
export function endSubscription({ pump }: EmbeddedCore, subscriber: Subscriber): void {
  if (unsubscribe(subscriber)) pump.wake(subscriber.queue)
}
