import type { Clock } from '../clock.ts'
import { dueHeap } from './due-heap.ts'
import { moreUrgent, type Priority } from './priority-lines.ts'

interface Wish {
  readonly key: string
  readonly priority: Priority
  readonly dueAt: number
}

/** Keys that are wanted later. */
export interface DelayedKeys {
  /** @param dueAt by the clock's `elapsed`; of two wishes for a key the earlier counts, with the more urgent priority */
  readonly add: (key: string, priority: Priority, dueAt: number) => void
  readonly drop: (key: string) => void
  readonly close: () => void
}

/** One timer for all of them. */
export function openDelayed(clock: Clock, onDue: (key: string, priority: Priority) => void): DelayedKeys {
  const heap = dueHeap<Wish>()
  const wishes = new Map<string, Wish>()
  let cancel = (): void => {}
  // One that was replaced or dropped stays in the heap until its time.
  const isStale = (wish: Wish): boolean => wishes.get(wish.key) !== wish
  const look = (): void => {
    for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
      if (!isStale(first) && first.dueAt > clock.elapsed()) break
      heap.pop()
      if (isStale(first)) continue
      wishes.delete(first.key)
      onDue(first.key, first.priority)
    }
    cancel()
    const next = heap.peek()
    if (next !== undefined) cancel = clock.setTimer(next.dueAt - clock.elapsed(), look)
  }
  return {
    add: (key, priority, dueAt) => {
      const before = wishes.get(key)
      const wish = {
        key,
        priority: moreUrgent(priority, before?.priority),
        dueAt: Math.min(dueAt, before?.dueAt ?? dueAt),
      }
      if (before?.dueAt === wish.dueAt && before.priority === wish.priority) return
      wishes.set(key, wish)
      heap.push(wish)
      if (heap.peek() === wish) look()
    },
    drop: (key) => void wishes.delete(key),
    close: () => {
      wishes.clear()
      cancel()
    },
  }
}
