import type { FlowState } from '../../../flow/plan/flow-state.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import { poolObjectName } from './pool-identity.ts'
import { poolMetadata } from './pool-metadata.ts'
import type { PoolAccess, PoolWish, WantedObject } from './pool-wish.ts'

/** A rule of a Role. */
export interface AccessRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

const reading = ['get', 'list', 'watch'] as const

/** Which credential a queue's messages may need, of all revisions that they may name. */
export interface StageCredential {
  readonly queue: string
  readonly credential: string
}

/** Of one plan: for ever the same, since a plan never changes. */
export function stageCredentials({ stages, steps }: Plan): readonly StageCredential[] {
  return stages.flatMap(({ queue, name }) => {
    const step = Object.hasOwn(steps, name) ? steps[name] : undefined
    return step?.kind === 'component' && step.credential !== undefined ? [{ queue, credential: step.credential }] : []
  })
}

/** The revisions whose plans tell what a flow's messages need: all that are kept, since any of them may still be on its way. */
export function revisionsInUse({ kept, pending }: FlowState): readonly number[] {
  const numbers = new Set(kept.map(({ revision }) => revision))
  if (pending !== undefined) numbers.add(pending.revision)
  return [...numbers]
}

/** Sorted, each once: two looks at the same facts make the same Role. */
export function poolAccess(
  credentials: readonly string[],
  secretsOf: (credential: string) => readonly string[],
): PoolAccess {
  const names = sorted(credentials)
  return { credentials: names, secrets: sorted(names.flatMap(secretsOf)) }
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted()
}

/**
 * What a pool's runner may do in its namespace. Secrets and Credentials by name alone: a list or a watch of one works with
 * `fieldSelector=metadata.name=…`.
 */
export function poolRules({ secrets, credentials }: PoolAccess): readonly AccessRule[] {
  return [
    { apiGroups: ['weir.dev'], resources: ['flows', 'flowrevisions'], verbs: reading },
    ...named('weir.dev', 'credentials', credentials),
    ...named('', 'secrets', secrets),
  ]
}

/** A rule without names would be one for all: none is made where there are none. */
function named(group: string, resource: string, resourceNames: readonly string[]): readonly AccessRule[] {
  return resourceNames.length === 0
    ? []
    : [{ apiGroups: [group], resources: [resource], resourceNames, verbs: reading }]
}

export function serviceAccount(wish: PoolWish): WantedObject {
  // Its token is mounted by a volume, in the runner alone.
  return { metadata: poolMetadata(wish), automountServiceAccountToken: false }
}

export function role(wish: PoolWish): WantedObject {
  return { metadata: poolMetadata(wish), rules: poolRules(wish.access) }
}

export function roleBinding(wish: PoolWish): WantedObject {
  const name = poolObjectName(wish.pool)
  return {
    metadata: poolMetadata(wish),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: wish.namespace }],
  }
}
