import type { StepEvent } from '../../runtime/store/store.ts'
import type { SeenMessage } from './seen-message.ts'

/** Failures that are alike: of the same attempt, with the same error and the same end. */
export interface FailureGroup {
  readonly attempt: number
  /** What it led to. */
  readonly then: StepEvent['kind']
  readonly code: string
  readonly error: string
  readonly count: number
  /** Milliseconds since 1970, of the first. */
  readonly firstAt: number
  /** From its end to the next delivery, where there was one. */
  readonly againAfterMs?: { readonly min: number; readonly max: number }
  /** Of the first few. */
  readonly messageIds: readonly string[]
}

const mostGroups = 50
const mostIds = 5

/** By attempt and time; where there are too many kinds only the commonest, and how many failures are not among these. */
export function failureGroups(messages: readonly SeenMessage[]): {
  readonly failures: readonly FailureGroup[]
  readonly otherFailures: number
} {
  const groups = new Map<string, Growing>()
  for (const { events } of messages) {
    for (const [at, event] of events.entries()) {
      if (isFailure(event)) add(groups, event, events[at + 1])
    }
  }
  // In their order where as many of each.
  const all = [...groups.values()].toSorted((left, right) => right.count - left.count)
  const failures = all
    .slice(0, mostGroups)
    .toSorted((left, right) => left.attempt - right.attempt || left.firstAt - right.firstAt)
  return { failures, otherFailures: all.slice(mostGroups).reduce((sum, { count }) => sum + count, 0) }
}

type Growing = { -readonly [Key in keyof FailureGroup]: FailureGroup[Key] } & { messageIds: string[] }

function isFailure({ code, error }: StepEvent): boolean {
  if (code === 'Duplicate' || code === 'Forwarded') return false
  return code !== undefined || error !== undefined
}

function add(groups: Map<string, Growing>, event: StepEvent, following: StepEvent | undefined): void {
  const { attempt, kind, code = '', error = '', at, messageId } = event
  const key = [attempt, kind, code, error].join('\n')
  const known = groups.get(key)
  const group = known ?? { attempt, then: kind, code, error, count: 0, firstAt: at, messageIds: [] }
  if (known === undefined) groups.set(key, group)
  group.count += 1
  group.firstAt = Math.min(group.firstAt, at)
  if (group.messageIds.length < mostIds) group.messageIds.push(messageId)
  if (following !== undefined) addPause(group, following.at - following.durationMs - at)
}

function addPause(group: Growing, afterMs: number): void {
  // Tried again in place, its delivery began before.
  if (afterMs <= 0) return
  const { min = afterMs, max = afterMs } = group.againAfterMs ?? {}
  group.againAfterMs = { min: Math.min(min, afterMs), max: Math.max(max, afterMs) }
}
