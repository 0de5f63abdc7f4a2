import type { FlowState } from '../../flow/plan/flow-state.ts'
import { decideDrained } from '../decide/decide-drain.ts'
import type { ChangeCore } from './change-parts.ts'

/** Looks whether the queues of a flow that is being deleted stay empty. */
export interface DrainWatch {
  /** One look: true when every look since long enough has found all of them empty. */
  readonly isDrained: (state: FlowState) => Promise<boolean>
}

type DrainParts = Pick<ChangeCore, 'broker' | 'clock' | 'store' | 'waits'>

interface Emptiness {
  readonly since: number
  readonly looks: number
  readonly isAllCounted: boolean
  /** Known as soon as it counts. */
  readonly longestCallMs: number | undefined
}

export function drainWatch({ broker, clock, store, waits }: DrainParts): DrainWatch {
  const empty = new Map<string, Emptiness>()
  return {
    isDrained: async (state) => {
      const seen = state.deletion === undefined ? 'busy' : await lookAt(broker, state.living)
      const now = clock.now()
      const known = empty.get(state.flow)
      empty.delete(state.flow)
      if (seen === 'busy') return false
      const before = known === undefined || known.since > now ? { ...firstLook, since: now } : known
      const isAllCounted = before.isAllCounted && seen === 'empty'
      const longestCallMs = isAllCounted ? undefined : (before.longestCallMs ?? (await longestCall(store, state)))
      const next = { since: before.since, looks: before.looks + 1, isAllCounted, longestCallMs }
      const isDrained = decideDrained({ ...next, longestCallMs: longestCallMs ?? 0, emptyMs: waits.emptyMs, now })
      if (!isDrained) empty.set(state.flow, next)
      return isDrained
    },
  }
}

const firstLook = { looks: 0, isAllCounted: true, longestCallMs: undefined }

/** `nothingReady`: what is worked on the broker cannot tell. */
async function lookAt(
  { depth }: ChangeCore['broker'],
  living: FlowState['living'],
): Promise<'busy' | 'empty' | 'nothingReady'> {
  let isAllCounted = true
  // One after another: the first that holds something is answer enough.
  for (const { queue } of living) {
    const seen = await depth(queue)
    if (seen === undefined) continue
    const { ready, unacknowledged, parked = 0 } = seen
    if (ready + (unacknowledged ?? 0) + parked > 0) return 'busy'
    isAllCounted &&= unacknowledged !== undefined
  }
  return isAllCounted ? 'empty' : 'nothingReady'
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
