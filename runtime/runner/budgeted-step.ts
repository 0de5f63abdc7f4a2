import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { CallPlaces } from '../budget/call-places.ts'
import type { Entry, RateGate } from '../budget/rate-gate.ts'
import { isSuspicious } from '../decide/poison.ts'
import type { ComponentFailure } from './component-host.ts'
import type { ComponentJob } from './job.ts'
import type { Patience } from './patience.ts'
import type { CallPreparer, PreparedCall } from './prepare-call.ts'
import { preparationFailure } from './prepare-call.ts'
import type { AttemptOutcome } from './settle-failure.ts'
import { postpone } from './settle-failure.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { Trouble } from './settle-trouble.ts'
import type { Solitude } from './solitude.ts'

export interface BudgetedParts {
  readonly parts: RunnerParts
  readonly prepare: CallPreparer
  readonly patience: Patience
  readonly solitude: Solitude
  readonly gate: RateGate
  readonly places: CallPlaces
}

/** What is done with a message once its step may be called, or cannot be. */
export interface BudgetedCall {
  readonly call: (prepared: PreparedCall) => Promise<AttemptOutcome>
  readonly unprepared: (failure: ComponentFailure) => Promise<AttemptOutcome>
}

/** A wait that is shorter is held: the message keeps its place in the runner's hands. */
const holdMs = 10_000
/** What runs alone keeps everybody else waiting. */
const holdAloneMs = 1000
/** A component that says more may be wrong about it, and all flows of the App would stand. */
const mostPauseSeconds = 3600

/** An attempt of a step with a credential, whose App may have a rate budget: it counts as one request, and waits for its permit before anything is claimed or called. */
export async function attemptInBudget(
  own: BudgetedParts,
  job: ComponentJob,
  { call, unprepared }: BudgetedCall,
): Promise<AttemptOutcome> {
  const prepared = await prepareOrFail(own, job)
  if ('failure' in prepared) return unprepared(prepared.failure)
  if (prepared.budget === undefined) return call(prepared)
  const { concurrency } = prepared.child
  // Of the step alone: who waits here for another step of a shared child could not be seen to hold that one up.
  const key = `${job.stage.queue} ${prepared.child.key}`
  const placed = own.places.enter(key, concurrency, own.patience.signal())
  if (placed !== undefined && !(await besideOthers(own, job, placed))) return { kind: 'requeue', hadNoPlace: true }
  try {
    return await callWithPermit(own, job, { prepared, call, unprepared })
  } finally {
    own.places.leave(key)
  }
}

interface Placed extends BudgetedCall {
  readonly prepared: PreparedCall
}

async function callWithPermit(
  own: BudgetedParts,
  job: ComponentJob,
  { prepared, call, unprepared }: Placed,
): Promise<AttemptOutcome> {
  const { budget } = prepared
  if (budget === undefined) return call(prepared)
  const { namespace } = job.active.plan.flow
  const wish = {
    holdMs: isSuspicious(job.delivery) ? holdAloneMs : holdMs,
    waitsInPlace: job.plan.ordered,
    signal: own.patience.signal(),
  }
  const entering = own.gate.enter({ namespace, budget }, wish)
  if (entering === undefined) return call(prepared)
  const entry = await besideOthers(own, job, entering)
  if (entry.kind !== 'entered') return waitLonger(own, job, entry, budget.app)
  // What it was prepared with may have changed meanwhile.
  const again = await prepareOrFail(own, job)
  return 'failure' in again ? unprepared(again.failure) : call(again)
}

async function waitLonger(
  { parts }: BudgetedParts,
  job: ComponentJob,
  entry: Exclude<Entry, { readonly kind: 'entered' }>,
  app: string,
): Promise<AttemptOutcome> {
  if (entry.kind === 'givenUp') return { kind: 'requeue' }
  const message = `the rate budget of app "${app}" is used up`
  return postpone(parts, job, { delayMs: entry.afterMs, code: 'RateBudgetUsedUp', message })
}

/** The App has said that there were too many requests, and until when: that is for all who share its budget. */
export function heedRefusal(
  { gate }: Pick<BudgetedParts, 'gate'>,
  { active }: ComponentJob,
  { trouble, budget }: { readonly trouble: Trouble; readonly budget: BudgetInUse },
): void {
  if (trouble.kind !== 'failed' || trouble.failure.code !== 'TooManyRequests') return
  const { retryAfterSeconds = 0 } = trouble.failure
  if (retryAfterSeconds <= 0) return
  gate.pause({ namespace: active.plan.flow.namespace, budget }, Math.min(retryAfterSeconds, mostPauseSeconds) * 1000)
}

/** What must run with nothing else beside it need not wait for one that waits itself. */
async function besideOthers<Result>(
  { solitude }: BudgetedParts,
  { delivery }: ComponentJob,
  waiting: Promise<Result>,
): Promise<Result> {
  if (isSuspicious(delivery)) return waiting
  solitude.leave()
  try {
    return await waiting
  } finally {
    await solitude.enter(neverAborted)
  }
}

async function prepareOrFail(
  { prepare }: BudgetedParts,
  job: ComponentJob,
): Promise<PreparedCall | { readonly failure: ComponentFailure }> {
  try {
    return await prepare(job)
  } catch (error) {
    return { failure: preparationFailure(error) }
  }
}

const never = new AbortController().signal
const neverAborted = (): AbortSignal => never
