import type { ComponentStatus } from '../../crds/v1alpha1/component.ts'
import { resources } from '../../crds/resources.ts'
import { contractOf } from '../../flow/component/contract-of.ts'
import { openController, type Controller } from '../../kube/controller/controller.ts'
import { isSpecChange, primarySource } from '../../kube/controller/sources.ts'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import { toConditions, conditionsOf } from '../../kube/write/conditions.ts'
import { openStatusWriter, type StatusWriter } from '../../kube/write/status-writer.ts'
import { poolLabel } from './decide/pool-metadata.ts'
import { poolIdentity } from './decide/pool-identity.ts'
import {
  componentStatus,
  type ComponentFacts,
  type FoundFunctions,
  type PoolFinding,
} from './decide/component-status.ts'
import { functionsForStatus } from './decide/found-functions.ts'
import { podTrouble, replicaTrouble } from './decide/pod-trouble.ts'
import type { PoolReport } from './decide/pool-report.ts'
import type { AnyComponent, Inspections } from './inspections.ts'
import type { LivingPools } from './living-pools.ts'
import type { OperatorPart, OperatorParts } from '../operator-parts.ts'
import { tellComponent } from './tell-component.ts'
import type { LivePools } from './pool-objects-live.ts'

/** Says in each component's status how it is: what its code offers, and what is wrong with its pods. */
export interface ComponentReports extends OperatorPart {
  /** Without a report the pool is gone. */
  readonly put: (key: string, report: PoolReport | undefined) => void
}

interface ReportParts extends OperatorParts {
  readonly live: LivePools
  readonly living: LivingPools
  readonly inspections: Inspections
}

type Kind = 'Component' | 'ClusterComponent'

export function openComponentReports(parts: ReportParts): ComponentReports {
  const { caches, live, living } = parts
  const reports = new Map<string, PoolReport>()
  const own = kindReports(parts, 'Component', caches.components, reports)
  const shared = kindReports(parts, 'ClusterComponent', caches.clusterComponents, reports)
  const tellOf = (pool: string | undefined, namespace: string | undefined): void => {
    const identity = poolIdentity(pool ?? '')
    if (identity === undefined || identity.kind === 'core') return
    const { kind, name } = identity.component
    if (kind === 'Component') own.controller.enqueue(`${namespace}/${name}`, 'child')
    else shared.controller.enqueue(name, 'child')
  }
  const poolOf = (key: string): string | undefined => living.get(key)?.pool ?? reports.get(key)?.pool
  return {
    put: (key, report) => {
      const before = reports.get(key)
      if (JSON.stringify(before) === JSON.stringify(report)) return
      if (report === undefined) reports.delete(key)
      else reports.set(key, report)
      tellOf((report ?? before)?.pool, (report ?? before)?.namespace)
    },
    run: async (signal) => {
      const ends = [
        parts.inspections.onChange((kind, key) =>
          (kind === 'Component' ? own : shared).controller.enqueue(key, 'child'),
        ),
        live.pods.subscribe(({ object: { metadata } }) =>
          tellOf(poolOf(`${metadata.namespace}/${metadata.labels?.[poolLabel]}`), metadata.namespace),
        ),
        live.deployments.subscribe(({ object: { metadata } }) =>
          tellOf(poolOf(`${metadata.namespace}/${metadata.name}`), metadata.namespace),
        ),
      ]
      await Promise.all([own.controller.run(signal), shared.controller.run(signal)])
      for (const end of ends) end()
      own.writer.close()
      shared.writer.close()
    },
  }
}

function kindReports<T extends AnyComponent>(
  parts: ReportParts,
  kind: Kind,
  cache: ObjectCache<T>,
  reports: ReadonlyMap<string, PoolReport>,
): { readonly controller: Controller; readonly writer: StatusWriter } {
  const { client, clock, meters, live, log } = parts
  const resource = kind === 'Component' ? resources.components : resources.clusterComponents
  const writer = openStatusWriter({
    client,
    clock,
    resource,
    fieldManager: 'weir-components',
    onWritten: cache.note,
    onFailure: (err) => log.warn({ kind, err }, 'status of a component not written, it will be tried again'),
  })
  const controller = openController({
    name: kind.toLowerCase(),
    clock,
    meters,
    onFailure: ({ key, error: err, retryAfterMs }) =>
      log.warn({ component: `${kind}/${key}`, err, retryAfterMs }, 'component not reconciled, it will be tried again'),
    sources: [
      primarySource(cache, isSpecChange),
      ...[live.synced, parts.inspections.synced].map((synced) => ({ synced, subscribe: () => () => {} })),
    ],
    reconcile: async (key) => {
      const component = cache.get(key)
      if (component === undefined || component.metadata.deletionTimestamp !== undefined) return { kind: 'done' }
      const pools = findings(parts, reports, kind, component)
      // As long as one has not been looked at, nobody knows whether what is said there still holds.
      if (!pools.every(({ report }) => report !== undefined)) return { kind: 'done' }
      const found = await foundIn(parts.inspections, kind, component)
      const status = statusOf(component, { pools, found }, clock.now())
      tellComponent(parts.events, kind, { component, after: status.conditions })
      writer.write(component, status)
      // What was just read has to be written before its pod may go; what was refused may be allowed by then.
      const isFresh = found.shown.image !== component.status?.image
      const isRefused = found.kind === 'failed' && found.reason === 'PodsRefused'
      return isFresh || isRefused ? { kind: 'again', afterMs: isFresh ? 3_000 : 60_000 } : { kind: 'done' }
    },
  })
  return { controller, writer }
}

function statusOf({ metadata, status }: AnyComponent, facts: StatusFacts, now: number): ComponentStatus {
  const wanted = componentStatus({ generation: metadata.generation ?? 0, ...facts })
  const conditions = toConditions(conditionsOf({ status }), wanted.conditions, now)
  return { ...wanted, conditions }
}

type StatusFacts = Pick<ComponentFacts, 'pools' | 'found'>

async function foundIn(inspections: Inspections, kind: Kind, component: AnyComponent): Promise<FoundFunctions> {
  const { metadata, spec } = component
  if (spec.functions !== undefined) return { kind: 'known', shown: {} }
  if (spec.source === undefined) return inspections.look(kind, component)
  const { contract, findings: found } = contractOf({ kind, name: metadata.name, spec })
  const problem = found.find(({ severity }) => severity === 'error')
  if (problem !== undefined) return { kind: 'failed', reason: problem.code, message: problem.message, shown: {} }
  return { kind: 'known', shown: { functions: functionsForStatus(Object.values(contract?.functions ?? {})) } }
}

function findings(
  parts: ReportParts,
  reports: ReadonlyMap<string, PoolReport>,
  kind: Kind,
  { metadata }: AnyComponent,
): readonly PoolFinding[] {
  const { living } = parts
  const own = living.keys().filter((key) => {
    const { pool = '', namespace } = living.get(key) ?? {}
    const identity = poolIdentity(pool)
    if (identity === undefined || identity.kind === 'core') return false
    const isOwn = identity.component.kind === kind && identity.component.name === metadata.name
    return isOwn && (kind === 'ClusterComponent' || namespace === metadata.namespace)
  })
  return own.map((key) => finding(parts, reports.get(key), key))
}

function finding({ live, living }: ReportParts, report: PoolReport | undefined, key: string): PoolFinding {
  const { namespace = '' } = living.get(key) ?? {}
  const deployment = live.deployments.get(key)
  const [ofPods] = live.pods.byIndex('pool', key).flatMap((pod) => podTrouble(pod) ?? [])
  const pods = ofPods ?? (deployment === undefined ? undefined : replicaTrouble(deployment))
  return { namespace, ...(report !== undefined && { report }), ...(pods !== undefined && { pods }) }
}
