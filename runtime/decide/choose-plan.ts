import { everyStep } from '../../flow/expression/expression.ts'
import type { Carried, Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import type { MessageHeaders } from '../wire/message.ts'

export interface PlanQuestion {
  /** The plan that the message names; undefined when it is gone. */
  readonly named: Plan | undefined
  /** The plan that new messages of the flow are stamped with. */
  readonly active: Plan | undefined
  readonly headers: Pick<MessageHeaders, 'revision' | 'trigger' | 'at'>
  /** It is the first message of its run. */
  readonly isEntry: boolean
}

export type PlanChoice =
  | { readonly kind: 'named' }
  /** Restamped with the active number; it enters at this step. */
  | { readonly kind: 'active'; readonly plan: Plan; readonly at: string }
  /** A fire whose trigger is gone. */
  | { readonly kind: 'triggerGone' }
  /** No plan has a place for it. */
  | { readonly kind: 'mismatch' }

/**
 * The plan that a message runs under: the one it names; a fire of a poll or listen under the active one; with
 * `update.pending: follow` the active one, only upwards, and only where that finds its step and all it reads.
 */
export function choosePlan(question: PlanQuestion): PlanChoice {
  const { named, active, headers, isEntry } = question
  if (isEntry && active?.revision !== headers.revision) {
    const fire = chooseForFire(question)
    if (fire !== undefined) return fire
  }
  if (named !== undefined && active !== undefined && follows(named, active, headers)) {
    return { kind: 'active', plan: active, at: headers.at }
  }
  return named === undefined || named.steps[headers.at] === undefined ? { kind: 'mismatch' } : { kind: 'named' }
}

/** Undefined when it is no fire of a poll or listen, as far as anybody can know. */
function chooseForFire({ named, active, headers }: PlanQuestion): PlanChoice | undefined {
  const trigger = triggerOf(active, headers)
  const isFire = isRepeated(triggerOf(named, headers)) || (named === undefined && isRepeated(trigger))
  if (!isFire) return undefined
  if (active === undefined || !isRepeated(trigger)) return { kind: 'triggerGone' }
  return { kind: 'active', plan: active, at: trigger.to }
}

function triggerOf(plan: Plan | undefined, { trigger }: Pick<MessageHeaders, 'trigger'>): PlanTrigger | undefined {
  return plan?.triggers.find(({ name }) => name === trigger)
}

function isRepeated(trigger: PlanTrigger | undefined): trigger is PlanTrigger {
  return trigger?.kind === 'poll' || trigger?.kind === 'listen'
}

function follows(named: Plan, active: Plan, { at }: Pick<MessageHeaders, 'at'>): boolean {
  const isUpwards = active.revision > named.revision
  if (!isUpwards || active.flow.pending !== 'follow' || active.steps[at] === undefined) return false
  return carriesAll(named.carried, active.carried)
}

/** Whether messages of a plan that carries `had` hold all that one that carries `needed` reads. Of all its steps, not only those that are still to come: never wrong, sometimes too strict. */
export function carriesAll(had: Carried, needed: Carried): boolean {
  if (!covers(had.trigger, needed.trigger)) return false
  const everywhere = had.steps[everyStep] ?? []
  return Object.entries(needed.steps).every(([step, paths]) => {
    const own = Object.hasOwn(had.steps, step) ? had.steps[step] : undefined
    return covers(step === everyStep ? everywhere : (own ?? everywhere), paths)
  })
}

type Path = readonly string[]

function covers(had: readonly Path[], needed: readonly Path[]): boolean {
  return needed.every((path) => had.some((whole) => whole.every((name, depth) => path[depth] === name)))
}

/** The queue in which a step's messages wait under a plan: this one if it may, since built-ins are in several; undefined when the plan has no such step. */
export function queueAt(plan: Plan, at: string, current?: string): string | undefined {
  const queues = plan.stages.filter(({ entries }) => entries.includes(at)).map(({ queue }) => queue)
  return current !== undefined && queues.includes(current) ? current : queues[0]
}
