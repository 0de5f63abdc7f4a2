import { networkPolicy } from './network-policy.ts'
import { podTemplate } from './pod-template.ts'
import { role, roleBinding, serviceAccount } from './pool-access.ts'
import { poolMetadata, poolSelector } from './pool-metadata.ts'
import { sourceMap } from './source-files.ts'
import type { Refusal } from './restricted-context.ts'
import type { Fields, PoolWish, WantedObject } from './pool-wish.ts'

export type PoolKind =
  'ServiceAccount' | 'Role' | 'RoleBinding' | 'ConfigMap' | 'NetworkPolicy' | 'PodDisruptionBudget' | 'Deployment'

export interface PoolObject {
  readonly kind: PoolKind
  readonly object: WantedObject
}

export interface PoolObjects {
  /** In the order in which they are to be there: pods last, with all that they need. */
  readonly objects: readonly PoolObject[]
  readonly refused: readonly Refusal[]
}

/** All objects of a pool, the same for the same wish. The number of replicas is not among what they say: see `decideScale`. */
export function poolObjects(wish: PoolWish): PoolObjects {
  const { template, refused } = podTemplate(wish)
  const source = sourceMap(wish)
  return {
    refused,
    objects: [
      { kind: 'ServiceAccount', object: serviceAccount(wish) },
      { kind: 'Role', object: role(wish) },
      { kind: 'RoleBinding', object: roleBinding(wish) },
      ...(source === undefined ? [] : [{ kind: 'ConfigMap' as const, object: source }]),
      { kind: 'NetworkPolicy', object: networkPolicy(wish) },
      { kind: 'PodDisruptionBudget', object: disruptionBudget(wish) },
      { kind: 'Deployment', object: deployment(wish, template) },
    ],
  }
}

/** One pod at a time goes for the sake of a node; one that does not work may always go. */
function disruptionBudget(wish: PoolWish): WantedObject {
  return {
    metadata: poolMetadata(wish),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: poolSelector(wish.pool) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  }
}

const keptReplicaSets = 2

function deployment(wish: PoolWish, template: Fields): WantedObject {
  return {
    metadata: poolMetadata(wish),
    spec: { selector: { matchLabels: poolSelector(wish.pool) }, revisionHistoryLimit: keptReplicaSets, template },
  }
}
