import type { ComponentSpec } from '../../crds/v1alpha1/component.ts'
import { apiVersionOf } from '../../kube/kube-object.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import { resources } from '../../crds/resources.ts'
import type { OperatorCaches } from '../operator-parts.ts'
import type { PoolIdentity } from './decide/pool-identity.ts'
import type { PoolOwner } from './decide/pool-wish.ts'
import { scalingAnnotation } from './decide/replicas-owner.ts'
import type { NeededPool } from './living-pools.ts'

/** What the cluster says of a pool's component, and whose it is. */
export interface PoolPlace {
  readonly component?: ComponentSpec
  readonly owner?: PoolOwner
  /** What its component says of who scales it. */
  readonly scaling?: string | undefined
}

/** A component's pool goes with the component, a dedicated one with its flow, and `core` when no queue needs it. */
export function placePool(needed: NeededPool, identity: PoolIdentity, caches: OperatorCaches): PoolPlace {
  if (identity.kind === 'core') return {}
  const { kind, name } = identity.component
  const found =
    kind === 'Component' ? caches.components.get(`${needed.namespace}/${name}`) : caches.clusterComponents.get(name)
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) return {}
  const scaling = found.metadata.annotations?.[scalingAnnotation]
  const own = kind === 'Component' ? resources.components : resources.clusterComponents
  const flow = needed.flows[0]?.state
  const isDedicated = identity.kind === 'dedicated' && flow !== undefined
  return {
    component: found.spec,
    scaling,
    owner: isDedicated
      ? ownerOf(resources.flows, { metadata: { name: flow.name, uid: flow.flow } })
      : ownerOf(own, found),
  }
}

function ownerOf(resource: (typeof resources)[keyof typeof resources], { metadata }: Kept): PoolOwner {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: false,
  }
}
