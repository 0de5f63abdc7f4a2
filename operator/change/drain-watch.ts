import type { FlowState } from '../../flow/plan/flow-state.ts'
import { unacknowledgedLateMs } from '../../runtime/broker/management/unacknowledged.ts'
import { decideDrained } from '../decide/decide-drain.ts'
import type { ChangeCore } from './change-parts.ts'

/** Looks whether the queues of a flow that is being deleted stay empty. */
export interface DrainWatch {
  /** One look: true when every look since long enough has found all of them empty. */
  readonly isDrained: (state: FlowState) => Promise<boolean>
}

type DrainParts = Pick<ChangeCore, 'broker' | 'clock' | 'store' | 'waits' | 'unacknowledged'>

interface Emptiness {
  readonly since: number
  readonly looks: number
  readonly isAllCounted: boolean
  /** Known as soon as it counts. */
  readonly longestCallMs: number | undefined
}

export function drainWatch(parts: DrainParts): DrainWatch {
  const { clock, store, waits } = parts
  const countedLateMs = parts.unacknowledged === undefined ? 0 : unacknowledgedLateMs
  const empty = new Map<string, Emptiness>()
  return {
    isDrained: async (state) => {
      const seen = state.deletion === undefined ? 'busy' : await lookAt(parts, state.living)
      const now = clock.now()
      const known = empty.get(state.flow)
      empty.delete(state.flow)
      if (seen === 'busy') return false
      const before = known === undefined || known.since > now ? { ...firstLook, since: now } : known
      const isAllCounted = before.isAllCounted && seen === 'empty'
      const longestCallMs = isAllCounted ? undefined : (before.longestCallMs ?? (await longestCall(store, state)))
      const next = { since: before.since, looks: before.looks + 1, isAllCounted, longestCallMs }
      const facts = { ...next, countedLateMs, longestCallMs: longestCallMs ?? 0, emptyMs: waits.emptyMs, now }
      const isDrained = decideDrained(facts)
      if (!isDrained) empty.set(state.flow, next)
      return isDrained
    },
  }
}

const firstLook = { looks: 0, isAllCounted: true, longestCallMs: undefined }

/** `nothingReady`: what is worked on nobody can tell. */
type Seen = 'busy' | 'empty' | 'nothingReady'

async function lookAt(parts: DrainParts, living: FlowState['living']): Promise<Seen> {
  let seen: Seen = 'empty'
  // One after another: the first that holds something is answer enough.
  for (const { queue } of living) {
    const one = await lookAtOne(parts, queue)
    if (one === 'busy') return 'busy'
    if (one === 'nothingReady') seen = 'nothingReady'
  }
  return seen
}

async function lookAtOne({ broker, unacknowledged: ask }: DrainParts, queue: string): Promise<Seen> {
  const depth = await broker.depth(queue)
  if (depth === undefined) return 'empty'
  if (depth.ready + (depth.parked ?? 0) > 0) return 'busy'
  const worked = depth.unacknowledged ?? (await ask?.(queue))
  if (worked === undefined) return 'nothingReady'
  return worked > 0 ? 'busy' : 'empty'
}

/** Of the component steps of all kept plans, in milliseconds. */
async function longestCall({ plans }: DrainParts['store'], { flow, kept }: FlowState): Promise<number> {
  let longest = 0
  for (const { revision } of kept) {
    const plan = await plans.get(flow, revision)
    for (const step of Object.values(plan?.steps ?? {})) {
      if (step.kind === 'component') longest = Math.max(longest, step.timeoutSeconds * 1000)
    }
  }
  return longest
}
