import type { PlanSource } from '../plan-source.ts'
import type { Store } from '../store/store.ts'

export interface FlowNamespaceParts {
  readonly plans: Pick<PlanSource, 'active'>
  readonly store: {
    readonly flows: Pick<Store['flows'], 'get'>
    readonly plans: Pick<Store['plans'], 'latest'>
    readonly runs: Pick<Store['runs'], 'list'>
  }
}

/**
 * The namespace of a flow, by its uid: of one that was deleted, too, as long as anything of it is in the store; `default` where nothing is.
 *
 * @throws {TransientError} when it cannot be known now
 */
export type NamespaceOf = (flow: string) => Promise<string>

const mostKnown = 10_000

export function flowNamespaces({ plans, store }: FlowNamespaceParts): NamespaceOf {
  /** Of flows without an active plan; a uid never moves. */
  const known = new Map<string, string>()
  const read = async (flow: string): Promise<string | undefined> => {
    const state = (await store.flows.get(flow))?.state
    if (state !== undefined) return state.namespace
    const plan = await store.plans.latest(flow)
    if (plan !== undefined) return plan.flow.namespace
    // What a flow has done is known for longer than what it was.
    const [run] = await store.runs.list({ flow, limit: 1 })
    return run?.namespace
  }
  return async (flow) => {
    const seen = plans.active(flow)?.flow.namespace ?? known.get(flow)
    if (seen !== undefined) return seen
    const namespace = await read(flow)
    if (namespace === undefined) return 'default'
    if (known.size >= mostKnown) known.clear()
    known.set(flow, namespace)
    return namespace
  }
}
