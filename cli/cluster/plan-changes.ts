import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { compile } from '../../flow/plan/compile.ts'
import { describePlan } from '../../flow/plan/describe-plan.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { livingQueuesOf } from '../../flow/plan/queue-name.ts'
import type { Project } from '../../local/load-project.ts'
import { planOf } from '../../local/local-plans.ts'
import { resources } from '../../crds/resources.ts'
import { activeOf, planOfRevision, revisionsOf } from './flow-revisions.ts'
import type { LiveFlow } from './flow-standing.ts'
import { inReadingOrder } from './step-order.ts'
import { diffText, lineDiff, type DiffLine } from './line-diff.ts'
import { clusterFile } from './cluster-file.ts'
import type { Cluster } from './open-cluster.ts'

/** What an apply would change for one flow. */
export interface PlanChange {
  /** `namespace/name`. */
  readonly flow: string
  /** What runs now. */
  readonly before: Plan | undefined
  /** What would run, with the number and the queues that it would get. */
  readonly after: Plan
}

export async function planChanges(cluster: Cluster, { parsed, components }: Project): Promise<readonly PlanChange[]> {
  const changes: PlanChange[] = []
  // One by one: a plan may be large, and only what differs is kept.
  for (const manifest of parsed.manifests.flows) {
    if (manifest.file === clusterFile) continue
    const { object } = manifest
    const { namespace = cluster.namespace, name } = object.metadata
    const live = await cluster.list<LiveFlow>(resources.flows, { namespace, fieldSelector: `metadata.name=${name}` })
    const [flow] = live
    const before = flow && (await runningPlan({ ...cluster, namespace }, flow))
    const after = flow === undefined ? planOf(manifest, components) : nextPlan(object, { flow, before, components })
    changes.push({ flow: `${namespace}/${name}`, before, after })
  }
  return changes
}

async function runningPlan(cluster: Cluster, flow: LiveFlow): Promise<Plan | undefined> {
  const active = activeOf(await revisionsOf(cluster, flow))
  return active && planOfRevision(cluster, active)
}

interface Next {
  readonly flow: LiveFlow
  readonly before: Plan | undefined
  readonly components: Project['components']
}

function nextPlan(object: Flow, { flow, before, components }: Next): Plan {
  const { contracts } = components
  const revision = Math.max(flow.status?.state?.lastRevision ?? 0, before?.revision ?? 0) + 1
  const livingQueues = before === undefined ? [] : livingQueuesOf(before)
  const { uid } = flow.metadata
  const wanted = { ...object, metadata: { ...object.metadata, ...(uid !== undefined && { uid }) } }
  const plan = compile(wanted, { contracts, revision, livingQueues })
  // What means the same gets no number.
  return plan.hash === before?.hash ? { ...plan, revision: before.revision } : plan
}

/** The difference as lines; empty where there is none. */
export function changeLines({ before, after }: PlanChange): readonly string[] {
  const old = before === undefined ? [] : describePlan(inReadingOrder(before)).trimEnd().split('\n')
  const lines = lineDiff(old, describePlan(inReadingOrder(after)).trimEnd().split('\n'))
  return lines.every(({ kind }: DiffLine) => kind === 'same') ? [] : diffText(lines)
}
