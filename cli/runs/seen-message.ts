import type { StepEvent } from '../../runtime/store/store.ts'

/** What became of a message, as far as it was seen. */
export interface Fate {
  readonly kind: 'settled' | 'diverted' | 'filtered' | 'discarded' | 'dead' | 'retrying' | 'waiting'
  readonly code?: string
}

/** A message at one step, with all that was seen of it there. */
export interface SeenMessage {
  readonly id: string
  readonly step: string
  /** Absent in what a trigger gave, and where that was not observed yet when it came to be. */
  readonly parentId?: string
  /** It ended behind its step under no id of its own: a part of its parent. */
  readonly isPart: boolean
  readonly fate: Fate
  /** Oldest first. */
  readonly events: readonly StepEvent[]
  /** How many messages are said to have come of it. */
  readonly children: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly endedAt: number
  /** The first attempt's beginning, waits that came before it left out. */
  readonly attemptedAt: number
  /** Of its last delivery. */
  readonly durationMs: number
}

/** @param events of one run, oldest first */
export function messagesOf(events: readonly StepEvent[]): readonly SeenMessage[] {
  const byPlace = new Map<string, StepEvent[]>()
  const parts: StepEvent[] = []
  for (const event of events) {
    if (event.messageId === event.parentId) parts.push(event)
    else {
      const key = `${event.messageId}\n${event.step}`
      const known = byPlace.get(key)
      if (known === undefined) byPlace.set(key, [event])
      else known.push(event)
    }
  }
  const seen: SeenMessage[] = []
  const entered = new Set<string>()
  for (const part of parts) {
    const key = `${part.messageId}\n${part.step}`
    const whole = byPlace.get(key)
    // A filter that the message was delivered to: that is its own end, not one behind it.
    if (whole !== undefined && !entered.has(key) && whole.every(leftNothing)) {
      entered.add(key)
      byPlace.set(key, [...whole.slice(0, -1), { ...whole.at(-1), ...part }])
    } else seen.push(messageOf([part], true))
  }
  for (const own of byPlace.values()) seen.push(messageOf(own, false))
  return seen
}

/** Whether the message has come to an end. */
export function hasEnded({ fate }: Pick<SeenMessage, 'fate'>): boolean {
  return fate.kind !== 'retrying' && fate.kind !== 'waiting'
}

/** Whether the event tells of an attempt: a wait, or a copy that was dropped, is none. */
export function isAttempt({ kind, code }: StepEvent): boolean {
  return kind !== 'waiting' && !(kind === 'discarded' && code === 'Duplicate')
}

function leftNothing({ kind, emitted, children = emitted }: StepEvent): boolean {
  return kind === 'settled' && emitted === 0 && children === 0
}

function messageOf(events: readonly StepEvent[], isPart: boolean): SeenMessage {
  const telling = tellingEvent(events)
  const { messageId: id, step, parentId } = telling
  const startOf = ({ at, durationMs }: StepEvent): number => at - durationMs
  let startedAt = Infinity
  let endedAt = 0
  let attemptedAt = Infinity
  let children = 0
  for (const event of events) {
    startedAt = Math.min(startedAt, startOf(event))
    endedAt = Math.max(endedAt, event.at)
    if (isAttempt(event)) attemptedAt = Math.min(attemptedAt, startOf(event))
    // Worked on twice it gives the same ones twice.
    if (!isPart) children = Math.max(children, event.children ?? event.emitted)
  }
  return {
    id,
    step,
    ...(parentId !== undefined && { parentId }),
    isPart,
    fate: fateOf(telling),
    events,
    children,
    startedAt,
    endedAt,
    attemptedAt: attemptedAt === Infinity ? startedAt : attemptedAt,
    durationMs: telling.durationMs,
  }
}

/** The event that says what became of it: the last, unless a later attempt has ended. */
function tellingEvent(events: readonly StepEvent[]): StepEvent {
  const attempted = events.findLast(isAttempt)
  const latest = events.at(-1)
  if (latest === undefined) throw new RangeError('a message without an event was never seen')
  if (attempted === undefined) return latest
  const ended = events.findLast((event) => isEnd(event) && isAttempt(event))
  // Clocks differ between runners: what was tried later has happened later. After a death it is a replay.
  if (ended !== undefined && ended.kind !== 'dead' && ended.attempt >= attempted.attempt) return ended
  return latest.kind === 'waiting' ? latest : attempted
}

function isEnd({ kind }: StepEvent): boolean {
  return kind !== 'retried' && kind !== 'waiting'
}

function fateOf({ kind, code }: StepEvent): Fate {
  const fate = kind === 'retried' ? 'retrying' : kind
  return code === undefined ? { kind: fate } : { kind: fate, code }
}
