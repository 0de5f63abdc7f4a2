import type { Clock } from '../../clock.ts'
import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { EmbeddedQueue } from '../embedded-queue.ts'
import { dueTimer } from '../due-timer.ts'
import type { KeeperHost, Parking } from '../message-keep.ts'
import { parkedCounts } from '../parked-counts.ts'
import type { ParkedMessage, ParkedTable } from './parked-table.ts'
import type { SqliteKeep } from './sqlite-keep.ts'
import type { Trouble } from './trouble.ts'
import type { Addition, TurnBatch } from './turn-batch.ts'

export interface SqliteParkingParts {
  readonly host: KeeperHost
  readonly clock: Clock
  readonly commits: Pick<GroupCommit, 'writeRelaxed'>
  readonly parked: ParkedTable
  readonly batch: TurnBatch
  readonly trouble: Trouble
  /** Undefined for a queue that is not on disk. */
  readonly keepOf: (queue: EmbeddedQueue) => SqliteKeep | undefined
}

/** A sleeping machine, and a clock that is set, make a message this much late at most. */
const longestLookMs = 60_000

/** Messages wait on disk alone, by the wall clock: one that became due while no process was there is late, not lost. */
export function sqliteParking({ clock, parked, batch, trouble, ...parts }: SqliteParkingParts): Parking {
  const counts = parkedCounts(parked.counts())
  /** Moves what is due. A power failure may take the move back, all of it. */
  const release = (): void => {
    const moves: Move[] = []
    const moveDue = (): void => {
      for (const one of parked.due(clock.now())) {
        parked.remove(one.number)
        moves.push(move(parts, one))
      }
    }
    const admitAll = (): void => {
      for (const { queue, admit } of moves) {
        counts.add(queue, -1)
        admit()
      }
    }
    parts.commits
      .writeRelaxed(moveDue, admitAll)
      .then(() => {
        if (moves.length > 0) parts.host.onMoved()
        armForNext()
        trouble.clear()
      })
      .catch((error: unknown) => trouble.retryAfter(error, release))
  }
  const timer = dueTimer(clock, release, longestLookMs)
  const armForNext = (): void => {
    const next = parked.nextDueAt()
    if (next !== undefined) timer.armFor(next)
  }
  armForNext()
  return {
    park: (queue, delayMs, message) => {
      // Rounded up: a fraction of a millisecond must not make it early.
      const dueAt = clock.now() + Math.ceil(delayMs)
      return batch.add({
        insert: () => parked.insert(dueAt, queue, message),
        admit: () => {
          counts.add(queue, 1)
          timer.armFor(dueAt)
        },
      })
    },
    total: counts.total,
    countFor: counts.countFor,
    close: timer.close,
  }
}

interface Move extends Pick<Addition, 'admit'> {
  /** That it was parked for. */
  readonly queue: string
}

function move({ host, keepOf }: Pick<SqliteParkingParts, 'host' | 'keepOf'>, { queue, message }: ParkedMessage): Move {
  const target = host.targetFor(queue)
  const keep = keepOf(target)
  // One that goes with the process keeps its messages in memory.
  if (keep === undefined) return { queue, admit: () => void target.keep.add(message) }
  const addition = keep.addition(message)
  addition.insert()
  return { queue, admit: addition.admit }
}
