import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { readFlowState } from '../../flow/plan/flow-status.ts'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Source } from '../../kube/controller/sources.ts'
import { keyOf } from '../../kube/kube-object.ts'
import type { InCluster } from '../operator-parts.ts'
import { hookNeeds, needsNothing, type HookNeeds } from './decide/hook-needs.ts'

/** The namespaces whose webhooks need Credentials, as the flows have it now. */
export interface HookUsers extends Source {
  readonly of: (namespace: string) => readonly HookNeeds[]
  /** Follows the flows from now on; gives what ends it. */
  readonly follow: () => () => void
}

interface Needing {
  readonly namespace: string
  readonly needs: HookNeeds
}

/**
 * A flow whose state cannot be read needs what it needed before, and where that is not known its namespace keeps what it has: nothing is taken away for a
 * mistake in a status.
 *
 * @param isNothing whether a flow's needs are known to be none: of most flows they are, and nobody is to be told of these
 */
export function openHookUsers(
  flows: Pick<ObjectCache<InCluster<Flow>>, 'synced' | 'subscribe'>,
  isNothing: (needs: HookNeeds) => boolean,
): HookUsers {
  const known = new Map<string, Needing>()
  const namespaces = new Map<string, Set<string>>()
  const listeners = new Set<Parameters<Source['subscribe']>[0]>()
  const forget = (key: string, { namespace }: Needing): void => {
    known.delete(key)
    const keys = namespaces.get(namespace)
    keys?.delete(key)
    if (keys?.size === 0) namespaces.delete(namespace)
  }
  const replace = (key: string, after: Needing | undefined): boolean => {
    const before = known.get(key)
    if (JSON.stringify(before) === JSON.stringify(after)) return false
    if (before !== undefined) forget(key, before)
    if (after === undefined) return true
    known.set(key, after)
    namespaces.set(after.namespace, (namespaces.get(after.namespace) ?? new Set()).add(key))
    return true
  }
  const needing = ({ metadata: { namespace = '' } }: InCluster<Flow>, needs: HookNeeds | undefined) =>
    needs === undefined || isNothing(needs) ? undefined : { namespace, needs }
  const see = (flow: InCluster<Flow>, isGone: boolean, isInitial: boolean): void => {
    const needs = isGone ? undefined : needsOf(flow)
    if (needs?.isUnknown === true && known.has(keyOf(flow))) return
    if (!replace(keyOf(flow), needing(flow, needs))) return
    const { namespace = '' } = flow.metadata
    for (const tell of listeners) tell(namespace, isInitial ? 'startUp' : 'child')
  }
  return {
    synced: flows.synced,
    keys: () => [...namespaces.keys()],
    of: (namespace) => [...(namespaces.get(namespace) ?? [])].flatMap((key) => known.get(key)?.needs ?? []),
    subscribe: (enqueue) => {
      for (const namespace of namespaces.keys()) enqueue(namespace, 'startUp')
      listeners.add(enqueue)
      return () => void listeners.delete(enqueue)
    },
    follow: () =>
      flows.subscribe((change) =>
        see(change.object, change.kind === 'removed', change.kind === 'added' && change.isInitial),
      ),
  }
}

function needsOf(flow: InCluster<Flow>): HookNeeds | undefined {
  const { metadata, spec, status } = flow
  // Of most flows, and reading a state takes its time.
  if (needsNothing({ generation: metadata.generation, spec, status })) return nothingOf(flow)
  const read = readFlowState(flow)
  if (read.kind === 'malformed') return { ...nothingOf(flow), isUnknown: true }
  if (read.kind === 'none') return undefined
  return hookNeeds({
    generation: metadata.generation,
    isDeleting: metadata.deletionTimestamp !== undefined,
    spec,
    status,
    state: read.state,
  })
}

/** A plan that is known to need nothing is not read when an edit of it is refused. */
function nothingOf({ metadata, status }: InCluster<Flow>): HookNeeds {
  const active: unknown = status?.state?.active
  const nothing = { flow: metadata.uid ?? '', credentials: [], revisions: [] }
  return typeof active === 'number' ? { ...nothing, written: active } : nothing
}
