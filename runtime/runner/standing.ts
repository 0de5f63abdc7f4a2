import type { Scope, TriggerView } from '../../flow/expression/expression.ts'
import { prune } from '../../flow/expression/prune.ts'
import type { CarriedValues } from '../wire/body.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { ActivePlan, ActiveStep } from './active-plan.ts'
import type { Payload } from './payload.ts'
import { viewOf } from './payload.ts'

/** A message at one point of its way through a stage. */
export interface Standing {
  readonly step: string
  /** Behind the step: its edges come next. */
  readonly left: boolean
  readonly payload: Payload
  readonly carried: CarriedValues
  /** The edges taken since the delivery, by their keys: part of the id of what leaves the stage. */
  readonly route: string
}

/** The scope of an expression at a step; the message is parsed when it is built. */
export function scopeAt(active: ActivePlan, headers: MessageHeaders, standing: Standing): Scope {
  const { flow } = active.plan
  return {
    message: viewOf(standing.payload),
    steps: standing.carried.steps ?? {},
    trigger: triggerView(active, headers, standing.carried),
    run: { id: headers.run, startedAt: headers.runStartedAt },
    flow: { name: flow.name, namespace: flow.namespace, labels: flow.labels },
    step: { name: standing.step },
  }
}

function triggerView(active: ActivePlan, headers: MessageHeaders, carried: CarriedValues): TriggerView {
  const kind = active.trigger(headers.trigger)?.kind ?? 'manual'
  return { ...carried.trigger, name: headers.trigger, kind }
}

/** The message behind a step that has done its work: from here on it is what `$steps.NAME` shows, if anybody asks. */
export function leave(standing: Standing, { carries }: ActiveStep, payload: Payload): Standing {
  const { step, carried, route } = standing
  if (carries === undefined) return { step, left: true, payload, carried, route }
  const steps = { ...carried.steps, [step]: prunedView(payload, carries) }
  return { step, left: true, payload, carried: { ...carried, steps }, route }
}

function prunedView(payload: Payload, paths: readonly (readonly string[])[]): Readonly<Record<string, unknown>> {
  return prune(viewOf(payload), paths) as Readonly<Record<string, unknown>>
}
