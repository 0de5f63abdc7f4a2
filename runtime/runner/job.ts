import type { ComponentPlanStep, PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery } from '../broker/broker.ts'
import type { AttemptFailure, CarriedValues } from '../wire/body.ts'
import type { ActivePlan, ActiveStep } from './active-plan.ts'
import type { Backlog } from './backlog.ts'
import type { Outcome } from './outcome.ts'
import type { Outputs, OutputOptions } from './outputs.ts'
import { openOutputs } from './outputs.ts'
import type { Payload } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { Standing } from './standing.ts'
import type { Walk } from './walk-stage.ts'
import { walkStage } from './walk-stage.ts'

/** One delivery, read and placed in its plan. */
export interface Job {
  readonly delivery: Delivery
  readonly active: ActivePlan
  readonly stage: PlanStage
  readonly payload: Payload
  /** As it came, failures and rebounds included. */
  readonly carried: CarriedValues
  readonly startedAtMs: number
  /** Counts the equal ones among the messages that are split; made at the first. */
  readonly splitId: (route: string, payload: Buffer) => string
}

/** A job at a component step. */
export interface ComponentJob extends Job {
  readonly step: ActiveStep
  readonly plan: ComponentPlanStep
}

/** How a delivery ended. */
export type Settlement =
  | {
      readonly kind: 'ack'
      readonly event: 'settled' | 'diverted' | 'dead' | 'discarded' | 'retried' | 'waiting'
      readonly code?: string
      readonly error?: string
    }
  /** Given back: not this message's fault, or its outcome could not be made safe. */
  | { readonly kind: 'requeue' }

export function standingOf(job: Job): Standing {
  const { at, left } = job.delivery.message.headers
  return { step: at, left: left === true, payload: job.payload, carried: onward(job.carried), route: '' }
}

/** What a message's children carry: not its failures. */
function onward({ failures: _failures, rebound: _rebound, ...carried }: CarriedValues): CarriedValues {
  return carried
}

export function walkOf(job: Job, parts: RunnerParts): Walk {
  const { headers } = job.delivery.message
  const { name } = job.active.plan.flow
  return {
    headers,
    active: job.active,
    splitId: job.splitId,
    nowMs: parts.clock.now(),
    onStep: (step) => parts.observer.onReceived(name, step),
  }
}

export function outputsOf(job: Job, parts: RunnerParts, backlog: Backlog, options?: OutputOptions): Outputs {
  const { id, headers } = job.delivery.message
  return openOutputs(parts, backlog, { id, headers, active: job.active, queue: job.stage.queue }, options)
}

/** Takes a message through its stage from where it stands and publishes what becomes of it; resolves with the count when all is safe. */
export async function walkAndWrite(parts: RunnerParts, backlog: Backlog, job: Job, start: Standing): Promise<number> {
  const outputs = outputsOf(job, parts, backlog)
  const outcomes: Outcome[] = []
  await walkStage(walkOf(job, parts), start, (outcome) => outcomes.push(outcome))
  await Promise.all(await writeAll(outputs, outcomes, (queue) => backlog.room(queue, () => false)))
  return outputs.emitted()
}

/** Starts to publish outcomes in their order, each to another step's queue when there is room; gives their confirms. */
export async function writeAll(
  outputs: Outputs,
  outcomes: readonly Outcome[],
  roomFor: (queue: string) => Promise<void> | undefined,
): Promise<readonly Promise<void>[]> {
  const confirms: Promise<void>[] = []
  for (const outcome of outcomes) {
    const room = outcome.kind === 'send' ? roomFor(outcome.queue) : undefined
    if (room !== undefined) await room
    confirms.push(outputs.write(outcome))
  }
  return confirms
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
