import type { Plan, PlanStage } from '../../flow/plan/plan.ts'
import { choosePlan, queueAt } from '../decide/choose-plan.ts'
import type { WireMessage } from '../wire/message.ts'
import type { ActivePlan } from './active-plan.ts'
import type { PlanCache } from './plan-cache.ts'
import type { RunnerParts } from './runner-parts.ts'

/** Where a delivered message is to be worked on, and under which plan. */
export type Placement =
  | { readonly kind: 'here'; readonly active: ActivePlan; readonly message: WireMessage }
  | Elsewhere
  | { readonly kind: 'triggerGone' }
  | { readonly kind: 'mismatch' }

export interface Elsewhere {
  readonly kind: 'elsewhere'
  readonly queue: string
  readonly message: WireMessage
}

interface PlaceParts {
  readonly parts: RunnerParts
  readonly plans: PlanCache
  /** Whose queue it was delivered from. */
  readonly stage: PlanStage
}

/** At once where the plan is known; rejects when it cannot be known now. */
export function placeMessage(own: PlaceParts, message: WireMessage): Placement | Promise<Placement> {
  const { flow, revision } = message.headers
  const named = own.plans(flow, revision)
  return named instanceof Promise ? named.then((plan) => place(own, message, plan)) : place(own, message, named)
}

function place(own: PlaceParts, message: WireMessage, named: ActivePlan | undefined): Placement | Promise<Placement> {
  const { headers, id } = message
  const active = own.parts.plans.active(headers.flow)
  const choice = choosePlan({ named: named?.plan, active, headers, isEntry: id === headers.run })
  if (choice.kind === 'active') return placeUnder(own, choice.plan, restamped(message, choice))
  if (choice.kind !== 'named') return { kind: choice.kind }
  return named === undefined ? { kind: 'mismatch' } : { kind: 'here', active: named, message }
}

async function placeUnder({ plans, stage }: PlaceParts, plan: Plan, message: WireMessage): Promise<Placement> {
  const queue = queueAt(plan, message.headers.at, stage.queue)
  if (queue === undefined) return { kind: 'mismatch' }
  if (queue !== stage.queue) return { kind: 'elsewhere', queue, message }
  const active = await plans(plan.flow.uid, plan.revision)
  return active === undefined ? { kind: 'mismatch' } : { kind: 'here', active, message }
}

/** Id, attempt and copy are kept: it is the same message. */
export function restamped(
  message: WireMessage,
  { plan, at }: { readonly plan: Plan; readonly at: string },
): WireMessage {
  return { ...message, headers: { ...message.headers, revision: plan.revision, revisionHash: plan.hash, at } }
}
