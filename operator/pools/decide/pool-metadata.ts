import { poolIdentity, poolObjectName } from './pool-identity.ts'
import type { PoolWish, WantedObject } from './pool-wish.ts'

/** Leads from an object to its pool: the value is the name of the pool's objects. */
export const poolLabel = 'weir.dev/pool'
/** The pool as plans name it, which no label can hold. */
export const poolAnnotation = 'weir.dev/pool-name'
export const managedBy = { 'app.kubernetes.io/managed-by': 'weir' } as const

/** The pods of a pool, for ever: a Deployment's selector cannot be changed. */
export function poolSelector(pool: string): Readonly<Record<string, string>> {
  return { [poolLabel]: poolObjectName(pool) }
}

export function poolLabels(pool: string): Readonly<Record<string, string>> {
  const identity = poolIdentity(pool)
  const name = poolObjectName(pool)
  return {
    ...managedBy,
    'app.kubernetes.io/name': 'weir-pool',
    'app.kubernetes.io/instance': name,
    [poolLabel]: name,
    ...(identity !== undefined &&
      identity.kind !== 'core' && {
        'weir.dev/component': identity.component.name,
        'weir.dev/component-kind': identity.component.kind,
      }),
    ...(identity?.kind === 'dedicated' && { 'weir.dev/flow-uid': identity.flowUid, 'weir.dev/step': identity.step }),
  }
}

export function poolMetadata({ namespace, pool, owner }: PoolWish): WantedObject['metadata'] {
  return {
    name: poolObjectName(pool),
    namespace,
    labels: poolLabels(pool),
    annotations: { [poolAnnotation]: pool },
    ...(owner !== undefined && { ownerReferences: [owner] }),
  }
}
