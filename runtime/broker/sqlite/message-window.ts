import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { RingDeque } from '../../ring-deque.ts'
import { emptyDeque, itemsOf, peekFirst, pushLast, shiftFirst } from '../../ring-deque.ts'
import type { QueuedMessage } from '../embedded-queue.ts'
import type { MessageTable, PageBounds, StoredMessage } from './message-table.ts'
import { numbersOf } from './queue-schema.ts'
import type { QueueTable, StoredQueue } from './queue-table.ts'

/** The first messages of a queue in memory, within the bounds of a page; those behind them are on disk alone. */
export interface MessageWindow {
  readonly queue: StoredQueue
  readonly bounds: PageBounds
  readonly loaded: RingDeque<QueuedMessage>
  loadedBytes: number
  /** How many are on disk alone. */
  behind: number
  /** The last number that was loaded. */
  loadedTo: number
  /** The last number that may be loaded. */
  admittedTo: number
  /** The last number that this process has announced. */
  announcedTo: number
  /** As the queue's row has it: up to this number messages may have been delivered, by this process or an earlier one. */
  delivered: number
}

export interface WindowTables {
  readonly commits: Pick<GroupCommit, 'writeNow'>
  readonly queues: QueueTable
  readonly messages: MessageTable
  readonly page: PageBounds
}

export function openWindow(queue: StoredQueue, { messages, page }: WindowTables): MessageWindow {
  const { first } = numbersOf(queue.number)
  const { count, last = first } = messages.extent(numbersOf(queue.number))
  return {
    queue,
    bounds: page,
    loaded: emptyDeque(),
    loadedBytes: 0,
    behind: count,
    loadedTo: first,
    admittedTo: last,
    announcedTo: first,
    delivered: queue.delivered,
  }
}

/** It is committed, as the last of the queue. */
export function admit(window: MessageWindow, queued: QueuedMessage): void {
  window.admittedTo = queued.order
  const { loaded, loadedBytes, bounds } = window
  const hasRoom = loaded.size < bounds.messages && loadedBytes < bounds.bytes
  if (window.behind === 0 && hasRoom) load(window, queued)
  else window.behind += 1
}

/** Reads what comes next when nothing is left, and writes down that so many of the first are delivered now. */
export function announce(window: MessageWindow, tables: WindowTables, count: number): void {
  if (count === 0) return
  if (window.loaded.size === 0 && window.behind > 0) loadPage(window, tables.messages)
  const first = peekFirst(window.loaded)
  // Most often it was announced before, together with others.
  if (first !== undefined && first.order > window.announcedTo) write(window, tables, firstOf(window, count))
}

export function shift(window: MessageWindow): QueuedMessage | undefined {
  const queued = shiftFirst(window.loaded)
  window.loadedBytes -= queued?.message.body.length ?? 0
  return queued
}

function load(window: MessageWindow, queued: QueuedMessage): void {
  pushLast(window.loaded, queued)
  window.loadedTo = queued.order
  window.loadedBytes += queued.message.body.length
}

function loadPage(window: MessageWindow, messages: MessageTable): void {
  const page = messages.page({ first: window.loadedTo + 1, last: window.admittedTo })
  for (const stored of page) load(window, toQueued(stored, window.queue.delivered))
  // Nothing where there should be something: the file was changed behind our back, and asking again would not end.
  window.behind = page.length === 0 ? 0 : window.behind - page.length
}

/** @param delivered up to this number messages may have been delivered by an earlier process */
function toQueued({ number, message, deliveries }: StoredMessage, delivered: number): QueuedMessage {
  return { message, order: number, deliveryCount: number <= delivered ? Math.max(1, deliveries) : 0 }
}

function firstOf({ loaded }: MessageWindow, count: number): readonly QueuedMessage[] {
  return itemsOf(loaded).take(count).toArray()
}

function write(window: MessageWindow, tables: WindowTables, announced: readonly QueuedMessage[]): void {
  const upTo = announced.at(-1)?.order ?? window.announcedTo
  tables.commits.writeNow(() => {
    if (upTo > window.delivered) tables.queues.noteDelivered(window.queue.number, upTo)
    for (const { order, deliveryCount } of announced) {
      // One delivery is what the queue's row says of it.
      if (deliveryCount > 0) tables.messages.noteDeliveries(order, deliveryCount + 1)
    }
  })
  window.announcedTo = upTo
  window.delivered = Math.max(window.delivered, upTo)
}
