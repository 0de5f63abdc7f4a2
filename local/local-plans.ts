import type { Flow } from '../crds/v1alpha1/flow.ts'
import type { Manifest } from '../flow/manifest/manifest.ts'
import { compile } from '../flow/plan/compile.ts'
import type { Plan } from '../flow/plan/plan.ts'
import { livingQueuesOf } from '../flow/plan/queue-name.ts'
import type { PlanSource } from '../runtime/plan-source.ts'
import type { PlanStore } from '../runtime/store/store.ts'
import { localFlowUid } from './flow-uid.ts'
import type { LocalComponents } from './local-components.ts'

export interface LocalPlans extends PlanSource {
  /** Of every flow, in the order of the files. */
  readonly all: readonly Plan[]
}

/** The plans of a local run. An edit since the last run with the same state is a new revision; what did not change keeps its number. */
export async function openLocalPlans(
  flows: readonly Manifest<Flow>[],
  components: LocalComponents,
  store: PlanStore,
): Promise<LocalPlans> {
  const all = await Promise.all(flows.map((flow) => numberedPlan(flow, components, store)))
  const active = new Map(all.map((plan) => [plan.flow.uid, plan]))
  return {
    all,
    flows: () => [...active.keys()],
    active: (uid) => active.get(uid),
    refresh: async (uid) => active.get(uid),
    get: async (uid, revision) => {
      const plan = active.get(uid)
      return plan?.revision === revision ? plan : store.get(uid, revision)
    },
  }
}

/** The plan of a flow that has no error, as the first revision, or as one that follows another. */
export function planOf(
  { object }: Manifest<Flow>,
  { contracts }: Pick<LocalComponents, 'contracts'>,
  { revision, before }: { readonly revision: number; readonly before?: Plan } = { revision: 1 },
): Plan {
  const { namespace = 'default', name, uid } = object.metadata
  const flow: Flow = {
    ...object,
    metadata: { ...object.metadata, namespace, uid: uid ?? localFlowUid(namespace, name) },
  }
  return compile(flow, { contracts, revision, ...(before && { livingQueues: livingQueuesOf(before) }) })
}

async function numberedPlan(flow: Manifest<Flow>, components: LocalComponents, store: PlanStore): Promise<Plan> {
  const first = planOf(flow, components)
  const before = await store.latest(first.flow.uid)
  if (before === undefined) return kept(store, first)
  // The same plan is made again and not taken from the store: what is not part of its identity, as `suspend`, may have changed.
  if (before.hash === first.hash) return planOf(flow, components, { revision: before.revision, before })
  return kept(store, planOf(flow, components, { revision: before.revision + 1, before }))
}

async function kept(store: PlanStore, plan: Plan): Promise<Plan> {
  await store.put(plan)
  return plan
}
