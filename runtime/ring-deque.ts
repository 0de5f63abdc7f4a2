/** First in, first out; grows and shrinks with what it holds, so that a long backlog gives its memory back. Plain data: an empty one costs next to nothing. */
export interface RingDeque<Item> {
  /** A power of two of places, or none. */
  places: (Item | undefined)[]
  first: number
  size: number
}

const fewestPlaces = 16

export function emptyDeque<Item>(): RingDeque<Item> {
  return { places: [], first: 0, size: 0 }
}

export function pushLast<Item>(deque: RingDeque<Item>, item: Item): void {
  if (deque.size === deque.places.length) resize(deque, Math.max(fewestPlaces, deque.size * 2))
  deque.places[(deque.first + deque.size) & (deque.places.length - 1)] = item
  deque.size += 1
}

export function shiftFirst<Item>(deque: RingDeque<Item>): Item | undefined {
  if (deque.size === 0) return undefined
  const item = deque.places[deque.first]
  deque.places[deque.first] = undefined
  deque.first = (deque.first + 1) & (deque.places.length - 1)
  deque.size -= 1
  // At a quarter, not at a half: a queue that swings around one size is not copied at every swing.
  if (deque.places.length > fewestPlaces && deque.size <= deque.places.length / 4) {
    resize(deque, deque.places.length / 2)
  }
  return item
}

function resize<Item>(deque: RingDeque<Item>, length: number): void {
  const places = Array.from<Item | undefined>({ length })
  for (let at = 0; at < deque.size; at += 1) {
    places[at] = deque.places[(deque.first + at) & (deque.places.length - 1)]
  }
  deque.places = places
  deque.first = 0
}

/** First to last; the deque must not change meanwhile. */
export function* itemsOf<Item>(deque: RingDeque<Item>): Generator<Item> {
  for (let at = 0; at < deque.size; at += 1) {
    yield deque.places[(deque.first + at) & (deque.places.length - 1)] as Item // within the size, every place is taken
  }
}

/** The last that the condition holds for. */
export function lastWhere<Item>(deque: RingDeque<Item>, holds: (item: Item) => boolean): Item | undefined {
  for (let at = deque.size - 1; at >= 0; at -= 1) {
    const item = deque.places[(deque.first + at) & (deque.places.length - 1)] as Item // within the size, every place is taken
    if (holds(item)) return item
  }
  return undefined
}

export function peekFirst<Item>(deque: RingDeque<Item>): Item | undefined {
  return deque.places[deque.first]
}
