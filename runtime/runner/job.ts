import type { ComponentPlanStep, PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery } from '../broker/broker.ts'
import type { StepEvent } from '../store/store.ts'
import type { AttemptFailure, CarriedValues } from '../wire/body.ts'
import { childIds } from '../wire/message-id.ts'
import type { ActivePlan, ActiveStep } from './active-plan.ts'
import type { Payload } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { Standing } from './standing.ts'
import type { Walk } from './walk-stage.ts'

/** One delivery, read and placed in its plan. */
export interface Job {
  readonly delivery: Delivery
  readonly active: ActivePlan
  readonly stage: PlanStage
  readonly payload: Payload
  /** As it came, failures and rebounds included. */
  readonly carried: CarriedValues
  readonly startedAtMs: number
  /** Of the span that this delivery is, or as the message brought it: for what it causes. */
  readonly traceparent: string | undefined
}

/** A job at a component step. */
export interface ComponentJob extends Job {
  readonly step: ActiveStep
  readonly plan: ComponentPlanStep
}

/** How a delivery ended. */
export type Settlement =
  | Acknowledgement
  /** Given back, at once or after a pause: not this message's fault, or its outcome could not be made safe. */
  | {
      readonly kind: 'requeue'
      readonly afterMs?: number
      /** No child was free for it: others may have one. */
      readonly hadNoPlace?: true
    }
  /** Somebody else has taken the queue's snapshot over: nothing more is acknowledged here. */
  | { readonly kind: 'fenced' }

export interface Acknowledgement {
  readonly kind: 'ack'
  readonly event: StepEvent['kind']
  /** Messages that it gave. */
  readonly emitted: number
  /** Messages that name it as their parent; absent where they are as many as it gave. */
  readonly children?: number
  readonly code?: string
  readonly error?: string
  /** It goes on elsewhere under the same id: parked, forwarded, or as another copy. */
  readonly goesOn?: true
  /** What it takes to work is missing, and it is the active revision that needs it: the next message would fare no better. */
  readonly cannotWork?: true
}

export function standingOf(job: Job): Standing {
  const { at, left } = job.delivery.message.headers
  return { step: at, left: left === true, payload: job.payload, carried: onward(job.carried), route: '' }
}

/** What a message's children carry: not its failures. */
function onward(carried: CarriedValues): CarriedValues {
  if (carried.failures === undefined && carried.rebound === undefined) return carried
  const { failures: _failures, rebound: _rebound, ...kept } = carried
  return kept
}

export function walkOf(job: Job, { clock, observer }: RunnerParts): Walk {
  const { active, delivery } = job
  return { active, clock, headers: delivery.message.headers, onStep: observer.onReceived, splitId: splitIdOf(job) }
}

const splitIds = new WeakMap<Job, Walk['splitId']>()

/** Counts the equal ones among the messages that are split. Most jobs split nothing: it is made at the first that does. */
function splitIdOf(job: Job): Walk['splitId'] {
  return (route, payload) => {
    const splitId = splitIds.get(job) ?? childIds(`${job.delivery.message.id}/split`, false)
    splitIds.set(job, splitId)
    return splitId(route, payload)
  }
}

/** A failed attempt as messages carry it. */
export function failureRecord(
  parts: Pick<RunnerParts, 'clock'>,
  { delivery, plan }: ComponentJob,
  { code, message }: { readonly code: string; readonly message: string },
): AttemptFailure {
  const { attempt } = delivery.message.headers
  const at = new Date(parts.clock.now()).toISOString()
  return { step: plan.name, attempt, code, message: message.slice(0, 2000), at }
}
