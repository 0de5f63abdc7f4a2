import type { SnapshotState, SnapshotStore } from '../store/store.ts'
import { eventsQueue } from '../broker/broker.ts'
import type { Marks, Place } from './decide/missed.ts'
import { advance } from './decide/missed.ts'

/** How far each publisher's observations have come, beyond the life of one recorder: what lies between was dropped. */
export interface SequenceMarks {
  /** Gives how many are missing before this batch. */
  readonly pass: (place: Place) => number
  /** Before anything that was passed is acknowledged. */
  readonly save: () => Promise<void>
}

/** Kept as a snapshot of the queue: a recorder that was replaced takes them over from the store. */
export async function openSequenceMarks(snapshots: SnapshotStore): Promise<SequenceMarks> {
  let state = await snapshots.open(eventsQueue)
  let marks = marksOf(state)
  let isSaved = true
  return {
    pass: (place) => {
      const advanced = advance(marks, place)
      isSaved &&= advanced.marks === marks
      marks = advanced.marks
      return advanced.missed
    },
    save: async () => {
      if (isSaved) return
      const outcome = await snapshots.write(eventsQueue, state, { value: [...marks], settled: [] })
      // Another had taken over, and is gone again: this one is told of what comes now.
      state = outcome === 'written' ? { ...state, version: state.version + 1 } : await snapshots.open(eventsQueue)
      isSaved = outcome === 'written'
    },
  }
}

/** In memory alone, where nothing can be lost between the two ends. */
export function passingMarks(): Pick<SequenceMarks, 'pass'> {
  let marks: Marks = new Map()
  return {
    pass: (place) => {
      const advanced = advance(marks, place)
      marks = advanced.marks
      return advanced.missed
    },
  }
}

function marksOf({ value }: SnapshotState): Marks {
  if (!Array.isArray(value)) return new Map()
  const entries = value.filter(
    (entry): entry is [string, number] =>
      Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number',
  )
  return new Map(entries)
}
