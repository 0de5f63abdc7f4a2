import type { ComponentPlanStep, Plan } from '../../flow/plan/plan.ts'
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
  /** With it the plan has its steps, too, each of which may take so long. */
  readonly timeoutSeconds?: number
}

/** A plan for tests of changes, as the compiler would number a first one: its queues are right, its steps are left out. */
export function changePlan(options: ChangePlan): Plan {
  const { steps, tuning = '', flow = 'uid', suspend = false, freeze = false, timeoutSeconds } = options
  return {
    format: 1,
    flow: { namespace: 'default', name: `flow-${flow}`, uid: flow, labels: {}, suspend, freeze, pending: 'finish' },
    revision: 1,
    hash: canonicalJson({ steps, tuning }),
    triggers: [],
    steps: timeoutSeconds === undefined ? {} : stepsOf(steps, timeoutSeconds),
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

function stepsOf(steps: ChangePlan['steps'], timeoutSeconds: number): Plan['steps'] {
  const planned = Object.entries(steps).map(([name, called]): [string, ComponentPlanStep] => [
    name,
    {
      name,
      kind: 'component',
      component: { kind: 'Component', name: 'shop' },
      dialect: 'oih',
      isolation: 'process',
      function: { name: called, kind: 'action', main: 'main.js', emits: 'one', snapshot: false, checkpoint: false },
      config: {},
      bind: {},
      timeoutSeconds,
      concurrencyPerProcess: 1,
      ordered: false,
      dedicated: false,
      next: [],
      onError: {
        retry: { maxAttempts: 1, initialDelaySeconds: 1, maxDelaySeconds: 1, factor: 1 },
        then: 'deadLetter',
      },
    },
  ])
  return Object.fromEntries(planned)
}
