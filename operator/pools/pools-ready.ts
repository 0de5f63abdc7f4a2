import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { OperatorCaches } from '../operator-parts.ts'
import { scalePolicy } from './decide/decide-scale.ts'
import { pendingPools } from './decide/needed-pools.ts'
import { poolIdentity, poolObjectName } from './decide/pool-identity.ts'
import { placePool } from './place-pool.ts'
import type { LivePools } from './pool-objects-live.ts'

interface Observed {
  readonly caches: OperatorCaches
  readonly live: Pick<LivePools, 'deployments'>
}

/**
 * Whether a pending revision may become active as far as pods go: each pool that its new queues need has one that works. One that starts from zero always
 * is ready: the first message starts it.
 */
export function arePoolsReady(state: FlowState, observed: Observed): boolean {
  return pendingPools(state).every((pool) => isReady(state, pool, observed))
}

function isReady(state: FlowState, pool: string, { caches, live }: Observed): boolean {
  const identity = poolIdentity(pool)
  if (identity === undefined || identity.kind === 'core') return true
  const { namespace } = state
  const { component } = placePool({ namespace, pool, flows: [] }, identity, caches)
  // Nobody knows what it is to be; waiting for that is the linter's affair.
  if (component === undefined || scalePolicy(component.scaling).min === 0) return true
  const { status } = live.deployments.get(`${namespace}/${poolObjectName(pool)}`) ?? {}
  return (status?.readyReplicas ?? 0) > 0
}
