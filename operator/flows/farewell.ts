import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import type { Tenant } from '../tenants/tenant.ts'
import type { ClusterFlow } from './flow-parts.ts'

export interface FarewellParts {
  readonly namespaces: ObjectCache<Kept>
  readonly caches: { readonly flows: ObjectCache<ClusterFlow> }
  readonly tenant: Tenant
}

/**
 * Before the last flow of a namespace that terminates may go: what waits in the namespace's vhost becomes dead letters, and the vhost goes with its users.
 * Any other flow just goes. Rejects with what keeps it from that: then the flow has to stay.
 */
export async function farewell(
  { namespaces, caches, tenant }: FarewellParts,
  { metadata: { uid } }: { readonly metadata: { readonly uid?: string } },
): Promise<void> {
  const { namespace } = tenant
  if (namespaces.get(namespace)?.metadata.deletionTimestamp === undefined) return
  const others = caches.flows.byIndex('namespace', namespace).filter((flow) => flow.metadata.uid !== uid)
  if (others.length === 0) await tenant.remove()
}
