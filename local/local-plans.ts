import type { Flow } from '../crds/v1alpha1/flow.ts'
import type { Manifest } from '../flow/manifest/manifest.ts'
import type { Plan } from '../flow/plan/plan.ts'
import type { PlanSource } from '../runtime/plan-source.ts'
import type { PlanStore } from '../runtime/store/store.ts'
import { planOf } from './load-project.ts'
import type { LocalComponents } from './local-components.ts'

/** The plans of a local run. An edit since the last run with the same state is a new revision; what did not change keeps its number. */
export async function openLocalPlans(
  flows: readonly Manifest<Flow>[],
  components: LocalComponents,
  store: PlanStore,
): Promise<PlanSource & { readonly all: readonly Plan[] }> {
  const all = await Promise.all(flows.map((flow) => numbered(planOf(flow, components), flow, { components, store })))
  const active = new Map(all.map((plan) => [plan.flow.uid, plan]))
  return {
    all,
    flows: () => [...active.keys()],
    active: (uid) => active.get(uid),
    get: async (uid, revision) => {
      const plan = active.get(uid)
      return plan?.revision === revision ? plan : store.get(uid, revision)
    },
  }
}

async function numbered(
  plan: Plan,
  flow: Manifest<Flow>,
  { components, store }: { components: LocalComponents; store: PlanStore },
): Promise<Plan> {
  const latest = await store.latest(plan.flow.uid)
  if (latest?.hash === plan.hash) return latest
  const next = latest === undefined ? plan : planOf(flow, components, latest.revision + 1)
  await store.put(next)
  return next
}
