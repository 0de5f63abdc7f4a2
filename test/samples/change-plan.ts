import type { Plan } from '../../flow/plan/plan.ts'
import { canonicalJson } from '../../flow/plan/canonical-json.ts'
import { queueHash, queueName } from '../../flow/plan/queue-name.ts'

export interface ChangePlan {
  /** Function by step: a step with another function has another queue. */
  readonly steps: Readonly<Record<string, string>>
  /** What changes the plan and no queue. */
  readonly tuning?: string
  readonly flow?: string
  readonly suspend?: boolean
  readonly freeze?: boolean
}

/** A plan for tests of changes, as the compiler would number a first one: its queues are right, its steps are left out. */
export function changePlan({ steps, tuning = '', flow = 'uid', suspend = false, freeze = false }: ChangePlan): Plan {
  return {
    format: 1,
    flow: { namespace: 'default', name: `flow-${flow}`, uid: flow, labels: {}, suspend, freeze, pending: 'finish' },
    revision: 1,
    hash: canonicalJson({ steps, tuning }),
    triggers: [],
    steps: {},
    stages: Object.entries(steps).map(([name, called]) => {
      const traits = {
        pool: 'Component/shop',
        component: 'Component/shop',
        function: called,
        singleActiveConsumer: false,
      }
      return {
        name,
        queue: queueName({ flowUid: flow, step: name, hash: queueHash(traits), revision: 1 }),
        pool: traits.pool,
        entries: [name],
        singleActiveConsumer: false,
        snapshot: 'none',
      }
    }),
    carried: { steps: {}, trigger: [] },
  }
}
