import { hash } from 'node:crypto'
import type { FunctionContract } from '../component/component-contract.ts'
import { canonicalJson } from './canonical-json.ts'
import {
  builtInRetry,
  concurrencyDefaults,
  retryDefaults,
  thenDefault,
  timeoutSecondsDefault,
  without,
  withoutTriggerDefaults,
} from './defaults.ts'
import type { Plan, PlanEdge, PlanOnError, PlanStep, PlanTrigger } from './plan.ts'
import { expressionsOf, expressionsOfTrigger } from './plan-expressions.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a plan means, without the way it was written; `planHash` is its hash. */
interface PlanMeaning {
  readonly pending?: string
  /** Only where an expression may read them. */
  readonly labels?: Readonly<Record<string, string>>
  readonly triggers: Readonly<Record<string, Fields>>
  readonly steps: Readonly<Record<string, Fields>>
}

/**
 * 32 hexadecimal characters: equal for plans that do the same. Of defaults only what differs from them counts, so that
 * a new version of the compiler, which knows more of them, gives the same flow the same hash.
 */
export function planHash(plan: Omit<Plan, 'hash'>): string {
  return hash('sha256', canonicalJson(planMeaning(plan)), 'hex').slice(0, 32)
}

function planMeaning({ flow, triggers, steps }: Omit<Plan, 'hash'>): PlanMeaning {
  const all = Object.values(steps)
  return {
    ...(flow.pending !== 'finish' && { pending: flow.pending }),
    ...([...all.flatMap(expressionsOf), ...triggers.flatMap(expressionsOfTrigger)].some(mayReadLabels) && {
      labels: flow.labels,
    }),
    triggers: Object.fromEntries(triggers.map((trigger) => [trigger.name, triggerMeaning(trigger)])),
    steps: Object.fromEntries(all.map((step) => [step.name, stepMeaning(step)])),
  }
}

function mayReadLabels(source: string): boolean {
  return /\$eval|\$flow(?!\s*\.\s*(?:name|namespace)\b)/.test(source)
}

function triggerMeaning({ to, spec }: PlanTrigger): Fields {
  return { to, ...withoutTriggerDefaults(spec) }
}

function stepMeaning(step: PlanStep): Fields {
  const { name: _name, next, onError, ...rest } = step
  const way = { next: next.map(edgeMeaning), onError: onErrorMeaning(onError, step.kind) }
  if (rest.kind !== 'component') return { ...rest, ...way }
  const { timeoutSeconds, concurrencyPerProcess, ordered, dedicated, ...kept } = rest
  const tuned = { timeoutSeconds, concurrencyPerProcess, ordered, dedicated }
  const usual = {
    timeoutSeconds: timeoutSecondsDefault,
    concurrencyPerProcess: concurrencyDefaults[rest.isolation],
    ordered: false,
    dedicated: false,
  }
  return { ...kept, ...way, ...without(tuned, usual), function: functionMeaning(rest.function) }
}

/** Titles and descriptions are for people. */
function functionMeaning({ title: _title, description: _description, ...rest }: FunctionContract): Fields {
  return rest
}

function edgeMeaning({ key: _key, otherwise, ...rest }: PlanEdge): Fields {
  return otherwise ? { ...rest, otherwise } : rest
}

function onErrorMeaning({ retry, then, to }: PlanOnError, kind: PlanStep['kind']): Fields {
  const usual = kind === 'component' ? retryDefaults : builtInRetry
  return { retry: without(retry, usual), ...without({ then }, { then: thenDefault }), ...(to && { to: to.step }) }
}
