export interface Due {
  readonly dueAt: number
}

/** What is due first comes first; of the same time, in any order. */
export interface DueHeap<T extends Due> {
  readonly push: (entry: T) => void
  readonly peek: () => T | undefined
  readonly pop: () => T | undefined
}

export function dueHeap<T extends Due>(): DueHeap<T> {
  const entries: T[] = []
  const dueAt = (at: number): number => entries[at]?.dueAt ?? Infinity
  const swap = (left: number, right: number): void => {
    const [one, other] = [entries[left], entries[right]]
    if (one === undefined || other === undefined) return
    entries[left] = other
    entries[right] = one
  }
  const rise = (at: number): void => {
    const parent = (at - 1) >> 1
    if (at === 0 || dueAt(parent) <= dueAt(at)) return
    swap(at, parent)
    rise(parent)
  }
  const sink = (at: number): void => {
    const [left, right] = [2 * at + 1, 2 * at + 2]
    const first = dueAt(right) < dueAt(left) ? right : left
    if (dueAt(first) >= dueAt(at)) return
    swap(at, first)
    sink(first)
  }
  return {
    push: (entry) => {
      entries.push(entry)
      rise(entries.length - 1)
    },
    peek: () => entries[0],
    pop: () => {
      swap(0, entries.length - 1)
      const first = entries.pop()
      sink(0)
      return first
    },
  }
}
