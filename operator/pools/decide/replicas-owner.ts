/** Who makes a pool's objects be as they should. */
export const poolsManager = 'weir-pools'
/** Who says how many pods there are. */
export const scalerManager = 'weir-scaler'
/** On a Deployment, a Component or a ClusterComponent: `weir` has the operator scale whatever others have done, `none` never. */
export const scalingAnnotation = 'weir.dev/scaling'

export interface ScaledObject {
  /** Field managers that have written `spec.replicas`. */
  readonly replicaManagers: readonly string[]
  /** Of the Deployment; then of its component. */
  readonly annotations: readonly (string | undefined)[]
  /** A HorizontalPodAutoscaler has it for its target. */
  readonly hasAutoscaler: boolean
}

export type ReplicasOwner =
  { readonly kind: 'weir' } | { readonly kind: 'other'; readonly why: 'annotation' | 'autoscaler' | 'manager' }

/** Who says how many pods a pool has. Two who do would never come to rest: whoever else does, has it. */
export function replicasOwner({ replicaManagers, annotations, hasAutoscaler }: ScaledObject): ReplicasOwner {
  const wish = annotations.find((value) => value === 'weir' || value === 'none')
  if (wish === 'none') return { kind: 'other', why: 'annotation' }
  if (hasAutoscaler) return { kind: 'other', why: 'autoscaler' }
  if (wish === 'weir') return { kind: 'weir' }
  const ours = replicaManagers.filter((manager) => manager === poolsManager || manager === scalerManager)
  // Who scales to zero by the subresource leaves no trace but that we have it no longer: a zero is left out there.
  const isOther = ours.length === 0 || ours.length < replicaManagers.length
  return isOther ? { kind: 'other', why: 'manager' } : { kind: 'weir' }
}

/** Of an object's `managedFields`. */
export function managersOfReplicas(managedFields: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(managedFields) ? managedFields : []
  return entries.flatMap((entry) => {
    const { manager, fieldsV1 } = (entry ?? {}) as { readonly manager?: unknown; readonly fieldsV1?: unknown }
    const { 'f:spec': spec } = (fieldsV1 ?? {}) as { readonly 'f:spec'?: object }
    return typeof manager === 'string' && spec !== undefined && 'f:replicas' in spec ? [manager] : []
  })
}
