import type { SeenMessage } from './seen-message.ts'

/** Which messages came of which. */
export interface MessageTree {
  /** What the trigger gave. */
  readonly roots: readonly SeenMessage[]
  /** What came of messages that nobody observed, or of nobody knows which. */
  readonly orphans: readonly SeenMessage[]
  /** False where the message has gone on at another step: a dead letter that was replayed there. */
  readonly isLatest: (message: SeenMessage) => boolean
  readonly childrenOf: (message: SeenMessage) => readonly SeenMessage[]
  /** When the message was at its end that gave this one; undefined where that was not seen. */
  readonly parentEndedAt: (message: SeenMessage) => number | undefined
  /** How many are said to have come of it, and were not seen. */
  readonly unseenOf: (message: SeenMessage) => number
}

/** @param run the run's id, which its first message has, too */
export function messageTree(run: string, messages: readonly SeenMessage[]): MessageTree {
  const bearers = new Map<string, SeenMessage>()
  const children = new Map<string, SeenMessage[]>()
  for (const message of messages) {
    if (!message.isPart) bearers.set(message.id, bearerOf(bearers.get(message.id), message))
    const { parentId } = message
    if (parentId === undefined) continue
    const siblings = children.get(parentId)
    if (siblings === undefined) children.set(parentId, [message])
    else siblings.push(message)
  }
  const isRoot = ({ id, parentId }: SeenMessage): boolean =>
    // An endless trigger's message has no delivery of its own: what it emits is the first that is seen.
    parentId === undefined ? id === run : parentId === run && !bearers.has(run)
  const isLatest = (message: SeenMessage): boolean => message.isPart || bearers.get(message.id) === message
  const childrenOf = (message: SeenMessage): readonly SeenMessage[] =>
    !message.isPart && isLatest(message) ? (children.get(message.id) ?? []) : []
  return {
    roots: messages.filter(isRoot),
    orphans: messages.filter(
      (message) => !isRoot(message) && (message.parentId === undefined || !bearers.has(message.parentId)),
    ),
    isLatest,
    childrenOf,
    parentEndedAt: ({ parentId }) => (parentId === undefined ? undefined : bearers.get(parentId)?.endedAt),
    unseenOf: (message) => {
      if (message.isPart || !isLatest(message)) return 0
      const ids = new Set(childrenOf(message).flatMap(({ id, isPart }) => (isPart ? [] : [id])))
      return Math.max(0, message.children - ids.size)
    },
  }
}

/** A dead letter that is replayed to another step is one message at two: what came of it came of where it did not die. */
function bearerOf(known: SeenMessage | undefined, message: SeenMessage): SeenMessage {
  if (known === undefined) return message
  if (known.fate.kind === 'dead' || message.fate.kind === 'dead') return message.fate.kind === 'dead' ? known : message
  return message.endedAt >= known.endedAt ? message : known
}
