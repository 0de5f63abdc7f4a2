import type { Plan } from '../../flow/plan/plan.ts'
import type { Run } from '../../runtime/store/store.ts'
import { failureGroups } from './failure-groups.ts'
import type { MessageTree } from './message-tree.ts'
import { messageTree } from './message-tree.ts'
import type { GroupNode, RunNode, Span } from './run-node.ts'
import { inTheirPlaces } from './step-places.ts'
import type { SeenMessage } from './seen-message.ts'
import { isAttempt } from './seen-message.ts'

export interface RunTree {
  readonly nodes: readonly RunNode[]
  /** What came of messages that were not observed. */
  readonly orphans: readonly RunNode[]
}

interface Around {
  readonly run: Run
  readonly plan: Plan | undefined
  readonly tree: MessageTree
}

/** A flow that goes round in a circle may go round for ever. */
const deepest = 60
const mostIds = 20

/** The messages of a run, alike ones together, in the order of its plan; without a plan as they came. */
export function runTree(run: Run, plan: Plan | undefined, messages: readonly SeenMessage[]): RunTree {
  const tree = messageTree(run.id, messages)
  const around = { run, plan, tree }
  const entry = plan?.triggers.find(({ name }) => name === run.trigger)?.to
  return {
    nodes: inTheirPlaces(plan, { from: entry }, groupsOf(around, tree.roots, 0)),
    orphans: groupsOf(around, tree.orphans, 0),
  }
}

function groupsOf(around: Around, messages: readonly SeenMessage[], depth: number): readonly RunNode[] {
  if (messages.length === 0) return []
  if (depth >= deepest) return [{ kind: 'deeper', count: countBehind(around.tree, messages) }]
  const groups = Map.groupBy(messages, ({ step, fate, isPart }) => `${step}\n${fate.kind}\n${fate.code}\n${isPart}`)
  return [...groups.values()].map((alike) => groupOf(around, alike, depth)).toSorted(byTime)
}

function byTime(left: RunNode, right: RunNode): number {
  return left.kind === 'messages' && right.kind === 'messages' ? left.firstAt - right.firstAt : 0
}

function groupOf(around: Around, messages: readonly SeenMessage[], depth: number): GroupNode {
  const { plan, tree, run } = around
  const [{ step, fate } = nobody()] = messages
  const own = messages.filter(({ isPart }) => !isPart)
  const children = own.flatMap((message) => tree.childrenOf(message))
  const unseen = own.reduce((sum, message) => sum + tree.unseenOf(message), 0)
  const counts = countsOf(messages)
  const next = [
    ...groupsOf(around, children, depth + 1),
    ...(unseen > 0 ? [{ kind: 'unseen', count: unseen, steps: [] } as const] : []),
  ]
  const isSettled = fate.kind === 'settled' && own.length > 0
  const hasPassed = fate.kind === 'diverted' ? 'diverted' : isSettled ? 'onward' : undefined
  const waits = own.flatMap((message) => waitOf(message, tree.parentEndedAt(message) ?? rootStart(message, run)))
  return {
    kind: 'messages',
    step,
    fate,
    count: messages.length,
    ids: messages.slice(0, mostIds).map(({ id }) => id),
    ...counts,
    replayed: own.filter((message) => !tree.isLatest(message)).length,
    ...(waits.length > 0 && { waited: spanOf(waits) }),
    worked: spanOf(messages.map(({ durationMs }) => durationMs)),
    ...failureGroups(messages),
    next: inTheirPlaces(plan, { from: step, isBehind: true, hasPassed, hasFinished: counts.finished > 0 }, next),
  }
}

function rootStart({ parentId }: SeenMessage, { startedAt }: Run): number | undefined {
  return parentId === undefined ? startedAt : undefined
}

function waitOf({ attemptedAt }: SeenMessage, since: number | undefined): number[] {
  // Clocks differ between runners.
  return since === undefined ? [] : [Math.max(0, attemptedAt - since)]
}

type Counts = Pick<GroupNode, 'attempts' | 'firstAt' | 'lastAt' | 'finished' | 'again' | 'duplicates'>

function countsOf(messages: readonly SeenMessage[]): Counts {
  const counts = { attempts: 0, firstAt: Infinity, lastAt: 0, finished: 0, again: 0, duplicates: 0 }
  for (const { events, startedAt, endedAt, isPart } of messages) {
    counts.firstAt = Math.min(counts.firstAt, startedAt)
    counts.lastAt = Math.max(counts.lastAt, endedAt)
    const attempts = events.filter(isAttempt)
    counts.attempts += isPart ? 0 : attempts.length
    counts.duplicates += events.filter(({ code }) => code === 'Duplicate').length
    const settled = attempts.filter(({ kind }) => kind === 'settled' || kind === 'diverted')
    counts.again += Math.max(0, settled.length - 1)
    counts.finished += Math.max(0, ...settled.map(({ emitted, children = emitted }) => emitted - children))
  }
  return counts
}

function spanOf(times: readonly number[]): Span {
  const sorted = times.toSorted((left, right) => left - right)
  return { medianMs: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, maxMs: sorted.at(-1) ?? 0 }
}

function countBehind({ childrenOf }: MessageTree, messages: readonly SeenMessage[]): number {
  let count = 0
  // Level by level: a circle may be deeper than the stack.
  for (let level = messages; level.length > 0; level = level.flatMap((message) => childrenOf(message))) {
    count += level.length
  }
  return count
}

function nobody(): never {
  throw new RangeError('a group has a message at least')
}
