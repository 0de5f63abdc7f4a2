import type { WireMessage } from '../../wire/message.ts'
import type { MessageKeep } from '../message-keep.ts'
import type { WindowTables } from './message-window.ts'
import { admit, announce, openWindow, shift } from './message-window.ts'
import type { StoredQueue } from './queue-table.ts'
import type { Removals } from './removals.ts'
import type { Trouble } from './trouble.ts'
import type { Addition, TurnBatch } from './turn-batch.ts'

/** A queue's messages on disk, the first of them also in memory. */
export interface SqliteKeep extends MessageKeep {
  /** What `add` does, as a part of another piece of work. */
  readonly addition: (message: WireMessage) => Addition
}

export interface SqliteKeepParts extends WindowTables {
  readonly batch: TurnBatch
  readonly removals: Removals
  readonly trouble: Trouble
  readonly onReady: () => void
}

export function sqliteKeep(parts: SqliteKeepParts, queue: StoredQueue): SqliteKeep {
  const { commits, messages, batch, removals, trouble, onReady } = parts
  const window = openWindow(queue, parts)
  let next = window.admittedTo + 1
  let isStalled = false

  const unlessStalled = (work: () => void): boolean => {
    try {
      work()
      return true
    } catch (error) {
      isStalled = true
      trouble.retryAfter(error, () => {
        isStalled = false
        onReady()
      })
      return false
    }
  }
  const addition = (message: WireMessage): Addition => {
    let order = 0
    return {
      insert: () => {
        order = next
        next += 1
        messages.insert(order, message)
      },
      admit: () => {
        admit(window, { message, order, deliveryCount: 0 })
        onReady()
      },
    }
  }
  return {
    addition,
    add: (message) => batch.add(addition(message)),
    waiting: () => window.loaded.size + window.behind,
    isStalled: () => isStalled,
    announce: (count) => void unlessStalled(() => announce(window, parts, count)),
    takeFirst: () => (unlessStalled(() => announce(window, parts, 1)) ? shift(window) : undefined),
    announceAgain: ({ order, deliveryCount }) =>
      unlessStalled(() => commits.writeNow(() => messages.noteDeliveries(order, deliveryCount + 1))),
    remove: ({ order }) => removals.add(order),
  }
}
