import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import { withTriggerDefaults } from '../../flow/plan/defaults.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { triggerKindsOf } from '../../flow/plan/trigger-kinds.ts'
import type { PlanSource } from '../../runtime/plan-source.ts'

export interface SamplePlan {
  readonly triggers: readonly Trigger[]
  readonly name?: string
  readonly namespace?: string
  readonly suspend?: boolean
  readonly revision?: number
  readonly carried?: Plan['carried']
}

/** A plan for tests of what starts runs: its triggers lead to the queue `<uid>._core`, and the uid is `uid-<name>`. */
export function samplePlan({
  triggers,
  name = 'contacts',
  namespace = 'default',
  suspend = false,
  revision = 1,
  carried,
}: SamplePlan): Plan {
  const uid = `uid-${name}`
  return {
    format: 1,
    flow: { namespace, name, uid, labels: { team: 'sales' }, suspend, freeze: false, pending: 'finish' },
    revision,
    hash: `hash-${revision}`,
    triggers: triggers.map((spec) => ({
      name: spec.name,
      kind: triggerKindsOf(spec)[0] ?? 'manual',
      spec: withTriggerDefaults(spec),
      to: spec.to ?? 'fetch',
      queue: `${uid}._core`,
    })),
    steps: {},
    stages: [],
    carried: carried ?? { steps: {}, trigger: [] },
  }
}

/** Plans that a test can change. */
export interface SamplePlans extends PlanSource {
  readonly set: (plan: Plan) => void
  readonly remove: (flow: string) => void
  /** What only a refresh finds. */
  readonly setUnseen: (plan: Plan) => void
}

export function samplePlans(...plans: readonly Plan[]): SamplePlans {
  const revisions = new Map<string, Plan>()
  const active = new Map<string, Plan>()
  const unseen = new Map<string, Plan>()
  const set = (plan: Plan): void => {
    revisions.set(`${plan.flow.uid} ${plan.revision}`, plan)
    active.set(plan.flow.uid, plan)
  }
  for (const plan of plans) set(plan)
  return {
    set,
    remove: (flow) => void active.delete(flow),
    active: (flow) => active.get(flow),
    setUnseen: (plan) => void unseen.set(plan.flow.uid, plan),
    refresh: async (flow) => {
      const plan = unseen.get(flow)
      if (plan !== undefined) set(plan)
      return active.get(flow)
    },
    get: async (flow, revision) => revisions.get(`${flow} ${revision}`),
    flows: () => [...active.keys()],
  }
}
