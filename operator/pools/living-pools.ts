import { readFlowState } from '../../flow/plan/flow-status.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Source } from '../../kube/controller/sources.ts'
import { keyOf } from '../../kube/kube-object.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { InCluster } from '../operator-parts.ts'
import { queuesByPool, type PoolQueue } from './decide/needed-pools.ts'
import { poolIdentity, poolObjectName } from './decide/pool-identity.ts'

/** A pool that queues need. */
export interface NeededPool {
  readonly namespace: string
  /** As plans name it. */
  readonly pool: string
  readonly flows: readonly NeedingFlow[]
}

export interface NeedingFlow {
  readonly state: FlowState
  readonly queues: readonly PoolQueue[]
}

/** The pools that the flows of all namespaces need now, by `namespace/name` of their objects. */
export interface LivingPools extends Source {
  readonly get: (key: string) => NeededPool | undefined
  readonly keys: () => readonly string[]
  /** Follows the flows from now on; gives what ends it. */
  readonly follow: () => () => void
}

interface FlowNeeds {
  readonly state: FlowState
  readonly namespace: string
  readonly pools: ReadonlyMap<string, readonly PoolQueue[]>
}

/** A flow whose state cannot be read needs what it needed before: nothing is taken away for a mistake in a status. */
export function openLivingPools(flows: ObjectCache<InCluster<Flow>>): LivingPools {
  const table = openNeeds()
  const listeners = new Set<Parameters<Source['subscribe']>[0]>()
  const changed = (flow: InCluster<Flow>, isGone: boolean, isInitial: boolean): void => {
    const after = isGone ? undefined : needsOf(flow)
    if (after === 'unreadable') return
    const keys = table.replace(keyOf(flow), after)
    for (const pool of keys) for (const tell of listeners) tell(pool, isInitial ? 'startUp' : 'child')
  }
  return {
    synced: flows.synced,
    keys: table.keys,
    get: table.get,
    subscribe: (enqueue) => {
      for (const key of table.keys()) enqueue(key, 'startUp')
      listeners.add(enqueue)
      return () => void listeners.delete(enqueue)
    },
    follow: () =>
      flows.subscribe((change) =>
        changed(change.object, change.kind === 'removed', change.kind === 'added' && change.isInitial),
      ),
  }
}

interface Needs extends Pick<LivingPools, 'get' | 'keys'> {
  /** Gives the keys of the pools for which something has changed. */
  readonly replace: (flow: string, after: FlowNeeds | undefined) => readonly string[]
}

function openNeeds(): Needs {
  const needs = new Map<string, FlowNeeds>()
  const users = new Map<string, { readonly pool: string; readonly flows: Set<string> }>()
  const join = (key: string, pool: string, flow: string): void => {
    const known = users.get(key) ?? { pool, flows: new Set<string>() }
    users.set(key, known)
    known.flows.add(flow)
  }
  const leave = (key: string, flow: string): void => {
    const flows = users.get(key)?.flows
    flows?.delete(flow)
    if (flows?.size === 0) users.delete(key)
  }
  return {
    keys: () => [...users.keys()],
    get: (key) => {
      const { pool, flows } = users.get(key) ?? {}
      const all = [...(flows ?? [])].flatMap((flow) => needs.get(flow) ?? [])
      const [first] = all
      if (pool === undefined || first === undefined) return undefined
      const using = all.map(({ state, pools }) => ({ state, queues: pools.get(pool) ?? [] }))
      return { namespace: first.namespace, pool, flows: using }
    },
    replace: (flow, after) => {
      const before = needs.get(flow)
      if (JSON.stringify(before?.state) === JSON.stringify(after?.state)) return []
      const [gone, there] = [poolKeys(before), poolKeys(after)]
      if (after === undefined) needs.delete(flow)
      else needs.set(flow, after)
      for (const key of gone.keys()) if (!there.has(key)) leave(key, flow)
      for (const [key, pool] of there) join(key, pool, flow)
      return [...new Set([...gone.keys(), ...there.keys()])]
    },
  }
}

function needsOf(flow: InCluster<Flow>): FlowNeeds | 'unreadable' | undefined {
  const read = readFlowState(flow)
  if (read.kind === 'malformed') return 'unreadable'
  const { namespace } = flow.metadata
  if (read.kind === 'none' || namespace === undefined) return undefined
  const pools = queuesByPool(read.state)
  return pools.size === 0 ? undefined : { state: read.state, namespace, pools }
}

/** From the key of a pool's objects to its name. */
function poolKeys(needs: FlowNeeds | undefined): ReadonlyMap<string, string> {
  const pools = [...(needs?.pools.keys() ?? [])].filter((pool) => poolIdentity(pool) !== undefined)
  return new Map(pools.map((pool) => [`${needs?.namespace}/${poolObjectName(pool)}`, pool]))
}
