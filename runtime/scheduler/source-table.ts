import { agenda } from './agenda.ts'
import type { Source } from './scheduler-parts.ts'

/** The sources of a scheduler by key, and in the order in which they are due. */
export interface SourceTable {
  readonly get: (key: string) => Source | undefined
  readonly put: (key: string, source: Source) => void
  readonly remove: (key: string) => void
  readonly keys: () => readonly string[]
  readonly nextAt: () => number | undefined
  readonly takeDue: (now: number) => { readonly key: string; readonly source: Source } | undefined
  /** Looks again when a source is due. */
  readonly enter: (key: string) => void
}

export function sourceTable(): SourceTable {
  const entries = agenda()
  const slots = new Map<string, number>()
  const bySlot: ({ readonly key: string; readonly source: Source } | undefined)[] = []
  const free: number[] = []

  const enter = (key: string): void => {
    const slot = slots.get(key)
    if (slot === undefined) return
    const dueAt = bySlot[slot]?.source.dueAt()
    if (dueAt === undefined) entries.remove(slot)
    else entries.set(slot, dueAt)
  }
  return {
    get: (key) => bySlot[slots.get(key) ?? -1]?.source,
    keys: () => [...slots.keys()],
    nextAt: entries.nextAt,
    enter,
    put: (key, source) => {
      const slot = slots.get(key) ?? free.pop() ?? bySlot.length
      slots.set(key, slot)
      bySlot[slot] = { key, source }
      enter(key)
    },
    remove: (key) => {
      const slot = slots.get(key)
      if (slot === undefined) return
      entries.remove(slot)
      bySlot[slot] = undefined
      slots.delete(key)
      free.push(slot)
    },
    takeDue: (now) => {
      const slot = entries.takeDue(now)
      return slot === undefined ? undefined : bySlot[slot]
    },
  }
}
