/** A priority queue: `pop` gives the item that comes first by `isBefore`; ties in no promised order. */
export interface BinaryHeap<Item> {
  readonly size: () => number
  readonly peek: () => Item | undefined
  readonly push: (item: Item) => void
  readonly pop: () => Item | undefined
}

export function binaryHeap<Item extends object>(isBefore: (left: Item, right: Item) => boolean): BinaryHeap<Item> {
  const items: Item[] = []
  return {
    size: () => items.length,
    peek: () => items[0],
    push: (item) => {
      items.push(item)
      siftUp(items, isBefore)
    },
    pop: () => {
      const first = items[0]
      const last = items.pop()
      if (last !== undefined && items.length > 0) siftDown(items, last, isBefore)
      return first
    },
  }
}

function siftUp<Item>(items: Item[], isBefore: (left: Item, right: Item) => boolean): void {
  let at = items.length - 1
  const item = items[at] as Item // it was just pushed
  while (at > 0) {
    const parentAt = (at - 1) >> 1
    const parent = items[parentAt] as Item // parentAt < at
    if (!isBefore(item, parent)) break
    items[at] = parent
    at = parentAt
  }
  items[at] = item
}

function siftDown<Item>(items: Item[], item: Item, isBefore: (left: Item, right: Item) => boolean): void {
  let at = 0
  for (;;) {
    let childAt = 2 * at + 1
    let child = items[childAt]
    if (child === undefined) break
    const right = items[childAt + 1]
    if (right !== undefined && isBefore(right, child)) {
      child = right
      childAt += 1
    }
    if (!isBefore(child, item)) break
    items[at] = child
    at = childAt
  }
  items[at] = item
}
