/** What is due when: one binary heap of plain numbers, for a hundred thousand entries. An entry is a slot number of the caller's, from 0 up. */
export interface Agenda {
  readonly size: () => number
  /** Milliseconds since 1970 of the first entry. */
  readonly nextAt: () => number | undefined
  /** Enters the slot, or moves it to another time. */
  readonly set: (slot: number, at: number) => void
  readonly remove: (slot: number) => void
  /** Takes out the first entry that is due at the instant. */
  readonly takeDue: (now: number) => number | undefined
}

export function agenda(): Agenda {
  const state: HeapState = { heap: [], times: [], positions: [] }
  const nextAt = (): number | undefined => (state.heap.length === 0 ? undefined : timeAt(state, 0))
  return {
    size: () => state.heap.length,
    nextAt,
    remove: (slot) => removeSlot(state, slot),
    set: (slot, at) => {
      removeSlot(state, slot)
      state.times[slot] = at
      siftUp(state, slot, state.heap.length)
    },
    takeDue: (now) => {
      const slot = state.heap[0]
      if (slot === undefined || timeAt(state, 0) > now) return undefined
      removeSlot(state, slot)
      return slot
    },
  }
}

interface HeapState {
  /** Slots; each one's time is not before its parent's. */
  readonly heap: number[]
  /** By slot. */
  readonly times: number[]
  /** By slot: where it is in the heap, or `absent`. */
  readonly positions: number[]
}

const absent = -1

function timeAt({ heap, times }: HeapState, position: number): number {
  return times[heap[position] ?? absent] ?? Number.POSITIVE_INFINITY
}

function removeSlot(state: HeapState, slot: number): void {
  const position = state.positions[slot] ?? absent
  if (position === absent) return
  state.positions[slot] = absent
  const last = state.heap.pop()
  if (last === undefined || last === slot) return
  siftDown(state, last, siftUp(state, last, position))
}

/** Puts the slot where it belongs between the position and the top; gives where that is. */
function siftUp(state: HeapState, slot: number, from: number): number {
  const at = state.times[slot] ?? 0
  let position = from
  while (position > 0) {
    const parent = (position - 1) >> 1
    if (timeAt(state, parent) <= at) break
    place(state, state.heap[parent] ?? absent, position)
    position = parent
  }
  place(state, slot, position)
  return position
}

function siftDown(state: HeapState, slot: number, from: number): void {
  const at = state.times[slot] ?? 0
  const size = state.heap.length
  let position = from
  for (;;) {
    let child = 2 * position + 1
    if (child >= size) break
    if (child + 1 < size && timeAt(state, child + 1) < timeAt(state, child)) child += 1
    if (timeAt(state, child) >= at) break
    place(state, state.heap[child] ?? absent, position)
    position = child
  }
  place(state, slot, position)
}

function place({ heap, positions }: HeapState, slot: number, position: number): void {
  heap[position] = slot
  positions[slot] = position
}
