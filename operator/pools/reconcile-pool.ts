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
  const trouble = poolTrouble({ identity, component: place.component, isTenantReady: connection !== undefined })
  if (trouble !== undefined || connection === undefined)
    return tell(parts, key, { namespace, pool, refused: [] }, trouble)
  const { platform } = parts
  return applyWithAccess(parts, { key, needed, signal, wish: { ...place, namespace, pool, connection, platform } })
}

interface Applying {
  readonly key: string
  readonly needed: NeededPool
  readonly wish: Omit<PoolWish, 'access'>
  readonly signal: AbortSignal
}

const askAgainMs = 30_000

async function applyWithAccess(parts: PoolReconciling, { key, needed, wish, signal }: Applying): Promise<Reconciled> {
  const { namespace } = needed
  const { names, isComplete } = await parts.usedCredentials(needed)
  const used = names.map((name) => `${namespace}/${name}`)
  parts.uses(key, used)
  const isOpen = used.length === 0 || (await parts.mayReadSecrets(namespace))
  const access = accessOf(parts.caches, namespace, names)
  const applied = await applyPool(
    parts,
    { ...wish, access: isOpen ? access : { ...access, secrets: [] } },
    { key, signal, trouble: isOpen ? undefined : accessDenied(namespace) },
  )
  return applied.kind === 'done' && !(isOpen && isComplete) ? { kind: 'again', afterMs: askAgainMs } : applied
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

interface ApplyingTo {
  readonly key: string
  readonly signal: AbortSignal
  /** What is told when everything was applied. */
  readonly trouble: PoolTrouble | undefined
}

async function applyPool(parts: PoolReconciling, wish: PoolWish, to: ApplyingTo): Promise<Reconciled> {
  const { namespace, pool } = wish
  const { key, signal, trouble } = to
  const { objects, refused } = poolObjects(wish)
  const report = { namespace, pool, refused }
  const policy = scalePolicy(wish.component?.scaling)
  // An autoscaler leaves what has no pods alone.
  const hasAutoscaler = parts.live.autoscalers.byIndex('target', key).length > 0
  try {
    await parts.writer.apply(objects, Math.max(policy.min, hasAutoscaler ? 1 : 0), signal)
  } catch (error) {
    if (error instanceof ObjectRefused) return refusedBy(parts, key, report, error)
    throw error
  }
  parts.report(key, { ...report, ...(trouble !== undefined && { trouble }) })
  return isDone
}

function refusedBy(parts: PoolReconciling, key: string, report: PoolReport, refused: ObjectRefused): Reconciled {
  const { kind, failure } = refused
  if (failure.causes.some(({ reason }) => reason === 'NamespaceTerminating')) return isDone
  // No answer: it is tried again, later each time.
  if (failure.status === 0) throw failure
  const trouble = refusalTrouble({ kind, status: failure.status, message: failure.message })
  const told = tell(parts, key, report, trouble)
  return trouble.isFinal ? { kind: 'again', afterMs: muchLaterMs } : told
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
