import type { Clock } from '../clock.ts'

/** Why a key is to be looked at, the most urgent first: a person's edit is not behind the thousands of a start. */
export type Priority = 'user' | 'child' | 'resync' | 'startUp'

const priorities: readonly Priority[] = ['user', 'child', 'resync', 'startUp']

export function moreUrgent(priority: Priority, than: Priority | undefined): Priority {
  return than === undefined || priorities.indexOf(priority) < priorities.indexOf(than) ? priority : than
}

/** Keys that wait, a line for each priority; each key stands in one. */
export interface PriorityLines {
  /** To the end of its line, unless it stands in a more urgent one or in this. */
  readonly add: (key: string, priority: Priority) => void
  /** The first of the most urgent line. */
  readonly shift: () => { readonly key: string; readonly priority: Priority; readonly waitedMs: number } | undefined
  readonly size: () => number
  readonly clear: () => void
}

export function openLines(clock: Clock): PriorityLines {
  const waiting = new Map<string, { readonly priority: Priority; readonly sinceMs: number }>()
  const lines = new Map(priorities.map((priority) => [priority, new Set<string>()]))
  return {
    add: (key, priority) => {
      const before = waiting.get(key)
      if (moreUrgent(priority, before?.priority) === before?.priority) return
      if (before !== undefined) lines.get(before.priority)?.delete(key)
      waiting.set(key, { priority, sinceMs: before?.sinceMs ?? clock.elapsed() })
      lines.get(priority)?.add(key)
    },
    shift: () => {
      const [key] = [...lines.values()].find(({ size }) => size > 0) ?? []
      const found = key === undefined ? undefined : waiting.get(key)
      if (key === undefined || found === undefined) return undefined
      lines.get(found.priority)?.delete(key)
      waiting.delete(key)
      return { key, priority: found.priority, waitedMs: clock.elapsed() - found.sinceMs }
    },
    size: () => waiting.size,
    clear: () => {
      waiting.clear()
      for (const line of lines.values()) line.clear()
    },
  }
}
