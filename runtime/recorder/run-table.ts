import { runKey } from './observation-batch.ts'

/**
 * The runs of a batch by the keys that the batch is found by. Nearly every observation may be of a run of its own: to grow a `Map`
 * to hundreds of entries for each batch takes longer than all the rest of writing it.
 */
export interface RunTable {
  /** Gives the number of a run's id; a new one's is asked for. */
  readonly numberOf: (id: string, add: (id: string) => number) => number
  /** Each once. */
  readonly keys: () => readonly number[]
  readonly clear: () => void
}

const slotCount = 1024

interface Entry {
  readonly id: string
  readonly key: number
  readonly number: number
  /** In the same slot. */
  readonly next: Entry | undefined
}

export function openRunTable(): RunTable {
  const slots: (Entry | undefined)[] = Array.from({ length: slotCount }, () => undefined)
  let keys: number[] = []
  return {
    numberOf: (id, add) => {
      const key = runKey(id)
      const slot = key & (slotCount - 1)
      let isKeyKnown = false
      for (let entry = slots[slot]; entry !== undefined; entry = entry.next) {
        if (entry.key !== key) continue
        if (entry.id === id) return entry.number
        isKeyKnown = true
      }
      const number = add(id)
      slots[slot] = { id, key, number, next: slots[slot] }
      if (!isKeyKnown) keys.push(key)
      return number
    },
    keys: () => keys,
    clear: () => {
      slots.fill(undefined)
      keys = []
    },
  }
}
