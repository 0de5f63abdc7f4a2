import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { ChangeCore } from './change-parts.ts'

/** Looks whether the queues of a flow that is being deleted stay empty. */
export interface DrainWatch {
  /** One look: true when every look since long enough has found all of them empty. */
  readonly isDrained: (state: FlowState) => Promise<boolean>
}

/** So often at least, whatever the clock says: one answer may be that of a slow leader. */
const leastLooks = 3

export function drainWatch({ broker, clock, waits }: Pick<ChangeCore, 'broker' | 'clock' | 'waits'>): DrainWatch {
  const empty = new Map<string, { readonly since: number; looks: number }>()
  return {
    isDrained: async ({ flow, deletion, living }) => {
      const isEmpty = deletion !== undefined && (await areEmpty(broker, living))
      const now = clock.now()
      const known = empty.get(flow)
      if (!isEmpty || known === undefined || known.since > now) {
        empty.delete(flow)
        if (isEmpty) empty.set(flow, { since: now, looks: 1 })
        return isEmpty && waits.emptyMs === 0
      }
      known.looks += 1
      const isDrained = known.looks >= leastLooks && now - known.since >= waits.emptyMs
      if (isDrained) empty.delete(flow)
      return isDrained
    },
  }
}

async function areEmpty({ depth }: ChangeCore['broker'], living: FlowState['living']): Promise<boolean> {
  // One after another: the first that holds something is answer enough.
  for (const { queue } of living) {
    const { ready = 0, unacknowledged = 0, parked = 0 } = (await depth(queue)) ?? {}
    if (ready + unacknowledged + parked > 0) return false
  }
  return true
}
