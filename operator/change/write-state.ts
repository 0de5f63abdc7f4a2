import type { FlowState } from '../../flow/plan/flow-state.ts'
import { TransientError } from '../../runtime/error.ts'
import type { VersionedFlowState } from '../../runtime/store/store.ts'
import type { ChangeCore } from './change-parts.ts'

/** So many writers in a row that were faster are not by chance. */
const mostTries = 50

type WriteParts = Pick<ChangeCore, 'store' | 'onChange'>

/**
 * Writes what the decision makes of the flow's state, deciding anew when another was faster. Resolves with the state that holds.
 *
 * @throws {TransientError} `FlowStateContended` when others never let it through
 */
export async function changeState(
  parts: WriteParts,
  flow: string,
  decide: (state: FlowState | undefined) => FlowState | undefined,
): Promise<FlowState | undefined> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const before = await parts.store.flows.get(flow)
    const next = decide(before?.state)
    if (next === undefined || next === before?.state) return before?.state
    if (await writeState(parts, before, next)) return next
  }
  throw new TransientError('FlowStateContended', `the state of flow ${flow} is written by others all the time`)
}

/** False when another was faster. */
export async function writeState(
  { store, onChange }: WriteParts,
  before: Pick<VersionedFlowState, 'version'> | undefined,
  state: FlowState,
): Promise<boolean> {
  const outcome = await store.flows.put(state, before?.version ?? 0)
  if (outcome === 'written') onChange(state.flow)
  return outcome === 'written'
}
