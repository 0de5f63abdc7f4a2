import type { FlowState } from '../../flow/plan/flow-state.ts'
import { openController, type Controller } from '../../kube/controller/controller.ts'
import { mappedSource, type Source } from '../../kube/controller/sources.ts'
import { keyOf } from '../../kube/kube-object.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import type { OperatorPart, OperatorParts } from '../operator-parts.ts'
import { openComponentReports } from './component-reports.ts'
import { openPoolWriter } from './enact-pool.ts'
import { openInspections } from './inspections.ts'
import { openLivingPools, type LivingPools } from './living-pools.ts'
import { arePoolsReady } from './pools-ready.ts'
import { livePoolSources, openLivePools } from './pool-objects-live.ts'
import type { PoolPlatform, TenantConnection } from './decide/pool-wish.ts'
import { poolIdentity, type ComponentName } from './decide/pool-identity.ts'
import type { BrokerFigures } from './decide/decide-scale.ts'
import { reconcilePool, type PoolReconciling } from './reconcile-pool.ts'
import { openPoolTroubles, type PoolTroubles } from './pool-troubles.ts'
import { openScaling } from './scaling.ts'
import { openSecretAccess, type SecretAccess } from './secret-access.ts'
import type { FindPlan } from './plan-looks.ts'
import { openUsedCredentials } from './used-credentials.ts'

export interface PoolsOptions {
  /** The only one that is looked after; all of them without it. */
  readonly namespace?: string | undefined
  /** The operator's: images of ClusterComponents are looked at there. */
  readonly ownNamespace: string
  readonly platform: PoolPlatform
  readonly secretAccess: SecretAccess
  /** Of any plan that is kept, in a namespace. */
  readonly findPlan: FindPlan
  /** How pods of a namespace reach its queues; undefined while that is still being made. */
  readonly connectionOf: (namespace: string) => TenantConnection | undefined
  /** A namespace's queues; undefined while it has none, or the broker is down: then nothing is scaled. */
  readonly brokerOf: (namespace: string) => Pick<Broker, 'depth'> | undefined
  /** What the broker knows of the queues of a namespace, some seconds old; rejects, or gives nothing, where it cannot tell. */
  readonly figuresOf: (namespace: string) => Promise<ReadonlyMap<string, BrokerFigures> | undefined>
  /** Told of each flow, by its uid, whose pods have stopped working, or work again. */
  readonly onTrouble?: (flow: string) => void
  readonly timing?: Partial<PoolsTiming>
}

export interface PoolsTiming {
  /** Each pool's queues are looked at that often at the most. */
  readonly lookMs: number
  /** And the broker's figures. */
  readonly figuresMs: number
}

/** Pods for the queues that live, as many as these need. */
export interface Pools extends OperatorPart {
  /** Whether those who are to consume the pending revision's new queues are there, or need not be. */
  readonly arePoolsReady: (state: FlowState) => Promise<boolean>
  /** Why nothing consumes a queue of the flow, though it should. */
  readonly troubleOf: PoolTroubles['of']
  /** `connectionOf` gives another for the namespace: its pods are to have that. */
  readonly noticeConnection: (namespace: string) => void
}

const usualTiming: PoolsTiming = { lookMs: 1_000, figuresMs: 5_000 }
const timeoutMs = 120_000

export function openPools(parts: OperatorParts, options: PoolsOptions): Pools {
  const { caches, log } = parts
  const live = openLivePools({ ...parts, namespace: options.namespace })
  const living = openLivingPools(caches.flows)
  const inspections = openInspections(parts, options.ownNamespace)
  const reports = openComponentReports({ ...parts, live, living, inspections })
  const troubles = openPoolTroubles({ live, living, onChange: (flow) => options.onTrouble?.(flow) })
  const users = openCredentialUsers()
  const writer = openPoolWriter(parts.client, live)
  const reconciling: PoolReconciling = {
    ...options,
    caches,
    living,
    live,
    writer,
    mayReadSecrets: openSecretAccess(options.secretAccess, parts),
    usedCredentials: openUsedCredentials(options.findPlan, log),
    report: (key, report) => {
      reports.put(key, report)
      troubles.put(key, report)
    },
    uses: users.put,
  }
  const connections = openConnectionSource(living)
  const controller = openPoolController(parts, reconciling, { usersOf: users.of, connections })
  const timing = { ...usualTiming, ...options.timing }
  const scaling = openScaling({ ...parts, ...options, timing, live, living, writer })
  return {
    arePoolsReady: async (state) => arePoolsReady(state, { caches, live }),
    troubleOf: troubles.of,
    noticeConnection: connections.notice,
    run: async (signal) => {
      const ends = [living.follow(), troubles.follow()]
      const all = [live, inspections, controller, scaling, reports]
      await Promise.all(all.map((part) => part.run(signal)))
      for (const end of ends) end()
    },
  }
}

interface BesideObjects {
  readonly usersOf: CredentialUsers['of']
  readonly connections: Source
}

function openPoolController(
  { caches, clock, meters, log }: OperatorParts,
  reconciling: PoolReconciling,
  { usersOf, connections }: BesideObjects,
): Controller {
  const { living, live } = reconciling
  return openController({
    name: 'pool',
    clock,
    meters,
    timeoutMs,
    sources: [
      living,
      ...livePoolSources(live),
      mappedSource(caches.components, ({ metadata: { namespace, name } }) =>
        poolsOf(living, { kind: 'Component', name }).filter((key) => key.startsWith(`${namespace}/`)),
      ),
      mappedSource(caches.clusterComponents, ({ metadata: { name } }) =>
        poolsOf(living, { kind: 'ClusterComponent', name }),
      ),
      mappedSource(caches.credentials, (credential) => usersOf(keyOf(credential))),
      connections,
      { synced: live.synced, subscribe: () => () => {} },
    ],
    reconcile: (key, signal) => reconcilePool(reconciling, key, signal),
    onFailure: ({ key, error: err, retryAfterMs }) => {
      log.warn({ pool: key, err, retryAfterMs }, 'pool not reconciled, it will be tried again')
      reportFailure(reconciling, key, err)
    },
  })
}

interface ConnectionSource extends Source {
  readonly notice: (namespace: string) => void
}

/** What a namespace's connection is made of is nothing that the cluster tells of. */
function openConnectionSource(living: Pick<LivingPools, 'keys'>): ConnectionSource {
  const listeners = new Set<Parameters<Source['subscribe']>[0]>()
  return {
    synced: Promise.resolve(),
    subscribe: (enqueue) => {
      listeners.add(enqueue)
      return () => void listeners.delete(enqueue)
    },
    notice: (namespace) => {
      const keys = living.keys().filter((key) => key.startsWith(`${namespace}/`))
      for (const key of keys) for (const tell of listeners) tell(key, 'child')
    },
  }
}

function reportFailure({ living, report }: PoolReconciling, key: string, error: unknown): void {
  const needed = living.get(key)
  if (needed === undefined) return
  const message = error instanceof Error ? error.message : String(error)
  const { namespace, pool } = needed
  report(key, { namespace, pool, refused: [], trouble: { reason: 'PoolNotApplied', message, isFinal: false } })
}

/** Keys of the pools that a component has now. */
function poolsOf(living: LivingPools, { kind, name }: ComponentName): readonly string[] {
  return living.keys().filter((key) => {
    const identity = poolIdentity(living.get(key)?.pool ?? '')
    if (identity === undefined || identity.kind === 'core') return false
    return identity.component.kind === kind && identity.component.name === name
  })
}

interface CredentialUsers {
  readonly put: (pool: string, credentials: readonly string[]) => void
  readonly of: (credential: string) => readonly string[]
}

function openCredentialUsers(): CredentialUsers {
  const byPool = new Map<string, ReadonlySet<string>>()
  return {
    put: (pool, credentials) => {
      if (credentials.length === 0) byPool.delete(pool)
      else byPool.set(pool, new Set(credentials))
    },
    of: (credential) => [...byPool].flatMap(([pool, used]) => (used.has(credential) ? [pool] : [])),
  }
}
