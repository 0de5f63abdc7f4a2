import type { Backlog } from './backlog.ts'
import type { CallResult, ComponentFailure } from './component-host.ts'
import type { HeldKey } from './deduplicate.ts'
import type { Ledger } from './emitter.ts'
import type { ComponentJob, Settlement } from './job.ts'
import { failureRecord } from './job.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { AttemptOutcome } from './settle-failure.ts'
import { bury, settleFailure, settleRebound } from './settle-failure.ts'

/** What keeps a call from being a success. */
export type Trouble =
  /** What was published is unknown; the message must be worked on again. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'notStarted' }
  | { readonly kind: 'died'; readonly failure: ComponentFailure; readonly isInnocent: boolean }
  | { readonly kind: 'failed'; readonly failure: ComponentFailure }
  | { readonly kind: 'rebound'; readonly reason: string }

/** The gravest first. */
export function troubleOf(result: CallResult, { broken, failures, rebound }: Ledger): Trouble | undefined {
  if (broken !== undefined) return { kind: 'broken' }
  if (result.kind === 'notStarted') return result
  if (result.kind === 'died') {
    return { kind: 'died', failure: result.failure, isInnocent: result.innocent === true }
  }
  const [failure] = failures
  if (failure !== undefined) return { kind: 'failed', failure }
  return rebound === undefined ? undefined : { kind: 'rebound', reason: rebound }
}

/** A broker that gave no answer is asked again after this long. */
const brokenPauseMs = 1000

export interface TroubledCall {
  readonly trouble: Trouble
  readonly claim: HeldKey | undefined
  readonly hasStarted: boolean
}

interface SettleParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
}

export async function settleTrouble(
  own: SettleParts,
  job: ComponentJob,
  { trouble, claim, hasStarted }: TroubledCall,
): Promise<AttemptOutcome> {
  if (claim === undefined) return settleBy(own, job, trouble)
  if (trouble.kind === 'died' && hasStarted && !isHarmless(trouble.failure)) {
    return settleCutOff(own, job, { trouble, claim })
  }
  if (trouble.kind !== 'broken') await claim.release()
  return settleBy(own, job, trouble)
}

interface CutOff {
  readonly trouble: Extract<Trouble, { readonly kind: 'died' }>
  readonly claim: HeldKey
}

/** What may have had its effect keeps its claim: found again, it is of unknown outcome. */
async function settleCutOff(own: SettleParts, job: ComponentJob, { trouble, claim }: CutOff): Promise<AttemptOutcome> {
  if (job.plan.deduplicate?.onUnknown === 'deadLetter') {
    const { code, message } = trouble.failure
    return buryUnknown(own.parts, job, claim, `nobody knows whether it had its effect: ${code}: ${message}`)
  }
  const outcome = await settleBy(own, job, trouble)
  // Nobody will find it again: the next one with its key is a duplicate, but not for ever.
  if (outcome.kind === 'ack' && outcome.goesOn !== true) await claim.done()
  return outcome
}

/** Code that never ran had no effect. */
function isHarmless({ code }: ComponentFailure): boolean {
  return code === 'ComponentLoadFailed' || code === 'ComponentStartFailed'
}

async function settleBy({ parts, backlog }: SettleParts, job: ComponentJob, trouble: Trouble): Promise<AttemptOutcome> {
  switch (trouble.kind) {
    case 'broken':
      return { kind: 'requeue', afterMs: brokenPauseMs }
    case 'notStarted':
      return { kind: 'requeue', hadNoPlace: true }
    case 'died':
      return trouble.isInnocent ? { kind: 'requeue' } : settleFailure(parts, backlog, job, trouble.failure)
    case 'failed':
      return settleFailure(parts, backlog, job, trouble.failure)
    case 'rebound':
      return settleRebound(parts, backlog, job, trouble.reason)
  }
}

export const outcomeUnknown = {
  code: 'OutcomeUnknown',
  message: 'an earlier start of this message ended without a word; nobody knows whether it had its effect',
}

/** A dead letter that may have had its effect. */
export async function buryUnknown(
  parts: RunnerParts,
  job: ComponentJob,
  claim: HeldKey,
  message: string,
): Promise<Settlement> {
  const settlement = await bury(parts, job, failureRecord(parts, job, { code: outcomeUnknown.code, message }))
  // It may have had its effect: the next one with its key is a duplicate, but not for ever.
  await claim.done()
  return settlement
}
