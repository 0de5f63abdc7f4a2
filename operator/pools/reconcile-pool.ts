import type { Credential } from '../../crds/v1alpha1/credential.ts'
import { secretsOfCredential } from '../../flow/credential/token-secret.ts'
import type { Reconciled } from '../../kube/controller/controller.ts'
import type { InCluster, OperatorCaches } from '../operator-parts.ts'
import { scalePolicy } from './decide/decide-scale.ts'
import { poolTrouble, refusalTrouble } from './decide/judge-pool.ts'
import { poolAccess } from './decide/pool-access.ts'
import { poolIdentity } from './decide/pool-identity.ts'
import { poolObjects } from './decide/pool-objects.ts'
import type { PoolReport, PoolTrouble } from './decide/pool-report.ts'
import type { PoolPlatform, PoolWish, TenantConnection } from './decide/pool-wish.ts'
import { ObjectRefused, type PoolWriter } from './enact-pool.ts'
import type { LivingPools, NeededPool } from './living-pools.ts'
import { placePool } from './place-pool.ts'
import type { LivePools } from './pool-objects-live.ts'
import type { UsedCredentials } from './used-credentials.ts'

export interface PoolReconciling {
  readonly caches: OperatorCaches
  readonly living: LivingPools
  readonly live: LivePools
  readonly writer: PoolWriter
  readonly platform: PoolPlatform
  readonly connectionOf: (namespace: string) => TenantConnection | undefined
  readonly mayReadSecrets: (namespace: string) => Promise<boolean>
  readonly usedCredentials: (pool: NeededPool) => Promise<UsedCredentials>
  /** Told of what came of each look; without a report the pool is gone. */
  readonly report: (key: string, report: PoolReport | undefined) => void
  /** Told which Credentials lead to the pool, as `namespace/name`. */
  readonly uses: (key: string, credentials: readonly string[]) => void
}

const isDone: Reconciled = { kind: 'done' }
/** What another part, or a person, has to do first. */
const laterMs = 5_000
/** For an answer that somebody has to change something for, in a place that nobody watches: a quota, a policy of the cluster. */
const muchLaterMs = 300_000

/** Makes one pool's objects be as its queues need them; those of one that no queue needs go. */
export async function reconcilePool(parts: PoolReconciling, key: string, signal: AbortSignal): Promise<Reconciled> {
  const needed = parts.living.get(key)
  if (needed === undefined) return removePool(parts, key, signal)
  // What goes must be gone before it can be made again; its end leads here.
  if (parts.live.deployments.get(key)?.metadata.deletionTimestamp !== undefined) return isDone
  const identity = poolIdentity(needed.pool)
  if (identity === undefined) return isDone
  const { namespace, pool } = needed
  const place = placePool(needed, identity, parts.caches)
  const connection = parts.connectionOf(namespace)
  const component = place.component
  const facts = { identity, isTenantReady: connection !== undefined, ...(component !== undefined && { component }) }
  const trouble = poolTrouble(facts)
  if (trouble !== undefined || connection === undefined)
    return tell(parts, key, { namespace, pool, refused: [] }, trouble)
  const used = await parts.usedCredentials(needed)
  parts.uses(
    key,
    used.names.map((name) => `${namespace}/${name}`),
  )
  const isOpen = used.names.length === 0 || (await parts.mayReadSecrets(namespace))
  const access = accessOf(parts.caches, namespace, used.names)
  const wish: PoolWish = {
    ...place,
    namespace,
    pool,
    connection,
    platform: parts.platform,
    access: isOpen ? access : { ...access, secrets: [] },
  }
  const applied = await applyPool(parts, key, wish, signal)
  if (applied.kind === 'again' || (isOpen && used.isComplete)) return applied
  if (!isOpen) parts.report(key, { namespace, pool, refused: [], trouble: accessDenied(namespace) })
  return { kind: 'again', afterMs: 30_000 }
}

async function removePool(
  { writer, report, uses }: PoolReconciling,
  key: string,
  signal: AbortSignal,
): Promise<Reconciled> {
  report(key, undefined)
  uses(key, [])
  await writer.remove(key, signal)
  return isDone
}

async function applyPool(
  parts: PoolReconciling,
  key: string,
  wish: PoolWish,
  signal: AbortSignal,
): Promise<Reconciled> {
  const { namespace, pool } = wish
  const { objects, refused } = poolObjects(wish)
  const report = { namespace, pool, refused }
  const policy = scalePolicy(wish.component?.scaling)
  // An autoscaler leaves what has no pods alone.
  const hasAutoscaler = parts.live.autoscalers.byIndex('target', key).length > 0
  try {
    await parts.writer.apply(objects, Math.max(policy.min, hasAutoscaler ? 1 : 0), signal)
  } catch (error) {
    if (!(error instanceof ObjectRefused)) throw error
    const { kind, failure } = error
    if (failure.causes.some(({ reason }) => reason === 'NamespaceTerminating')) return isDone
    const trouble = refusalTrouble({ kind, status: failure.status, message: failure.message })
    const told = tell(parts, key, report, trouble)
    if (trouble.isFinal) return { kind: 'again', afterMs: muchLaterMs }
    if (failure.status === 0) throw failure
    return told
  }
  parts.report(key, report)
  return isDone
}

function tell(
  { report }: PoolReconciling,
  key: string,
  told: PoolReport,
  trouble: PoolTrouble | undefined,
): Reconciled {
  report(key, { ...told, ...(trouble !== undefined && { trouble }) })
  return trouble === undefined || trouble.isFinal ? isDone : { kind: 'again', afterMs: laterMs }
}

function accessOf({ credentials }: OperatorCaches, namespace: string, names: readonly string[]): PoolWish['access'] {
  return poolAccess(names, (name) => {
    const credential: InCluster<Credential> | undefined = credentials.get(`${namespace}/${name}`)
    return credential === undefined ? [] : secretsOfCredential(credential)
  })
}

function accessDenied(namespace: string): PoolTrouble {
  return {
    reason: 'SecretAccessDenied',
    message: `the operator may not read Secrets in ${namespace}: steps with a credential wait until a RoleBinding there lets it`,
    isFinal: false,
  }
}
