import { failureOf } from '../decide/failure.ts'
import { TransientError } from '../error.ts'
import type { CallPlaces } from '../budget/call-places.ts'
import type { RateGate } from '../budget/rate-gate.ts'
import type { Resumes } from './attempts.ts'
import { runInPlace } from './attempts.ts'
import type { Backlog } from './backlog.ts'
import { attemptInBudget, heedRefusal } from './budgeted-step.ts'
import { CallStart } from './call-start.ts'
import type { Call, CallResult, ComponentFailure } from './component-host.ts'
import type { Admission, HeldKey } from './deduplicate.ts'
import { admit } from './deduplicate.ts'
import type { Ledger } from './emitter.ts'
import { Emitter } from './emitter.ts'
import type { ComponentJob, Settlement } from './job.ts'
import type { Lasting } from './lasting.ts'
import type { Patience } from './patience.ts'
import type { CallPreparer, PreparedCall } from './prepare-call.ts'
import { isPermanent, preparationFailure } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { AttemptOutcome } from './settle-failure.ts'
import { postpone, settleFailure } from './settle-failure.ts'
import { buryUnknown, outcomeUnknown, settleTrouble, troubleOf } from './settle-trouble.ts'
import type { SharedLanes } from './shared-lane.ts'
import type { SnapshotChanges, SnapshotSession } from './snapshot-session.ts'
import type { Solitude } from './solitude.ts'

export interface ComponentStepParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly prepare: CallPreparer
  /** Of a queue whose step keeps a snapshot. */
  readonly session: SnapshotSession | undefined
  /** Aborted when the runner drains: what has not started is given back. */
  readonly draining: AbortSignal
  readonly patience: Patience
  readonly lanes: SharedLanes
  readonly solitude: Solitude
  readonly lasting: Lasting
  readonly resumes: Resumes
  readonly gate: RateGate
  readonly places: CallPlaces
}

/** Calls the step's component and settles the message by what came of it; an ordered step goes on until it is settled. */
export function runComponentStep(own: ComponentStepParts, job: ComponentJob): Promise<Settlement> {
  if (own.session !== undefined) return runWithSnapshot(own, own.session, job)
  return runAttempts(own, job)
}

const acknowledged: Settlement = { kind: 'ack', event: 'settled', emitted: 0 }

async function runWithSnapshot(
  own: ComponentStepParts,
  session: SnapshotSession,
  job: ComponentJob,
): Promise<Settlement> {
  // A redelivered message whose effects and snapshot were written, but not its acknowledgement.
  if ((await session.state()).settled.includes(job.delivery.message.id)) return acknowledged
  return runAttempts(own, job)
}

function runAttempts(own: ComponentStepParts, job: ComponentJob): Promise<Settlement> {
  const attempt = job.plan.credential === undefined ? attemptAt : attemptWithCredential
  if (job.plan.ordered) return runInPlace(own, job, (current) => attempt(own, current))
  return attempt(own, job) as Promise<Settlement> // only an ordered step tries again in place
}

function attemptWithCredential(own: ComponentStepParts, job: ComponentJob): Promise<AttemptOutcome> {
  return attemptInBudget(own, job, {
    call: (prepared) => attemptAt(own, job, prepared),
    unprepared: (failure) => settleUnprepared(own, job, failure, undefined),
  })
}

function attemptAt(own: ComponentStepParts, job: ComponentJob, prepared?: PreparedCall): Promise<AttemptOutcome> {
  const { deduplicate } = job.plan
  return deduplicate === undefined
    ? callAndSettle(own, job, { prepared })
    : attemptOnce(own, job, { deduplicate, prepared })
}

/** What there is before the call. */
interface Beginning {
  readonly claim?: HeldKey
  /** Where that took time already. */
  readonly prepared: PreparedCall | undefined
}

interface Deduplicated extends Pick<Beginning, 'prepared'> {
  readonly deduplicate: NonNullable<ComponentJob['plan']['deduplicate']>
}

/** An attempt at a message that may have had its effect before. */
async function attemptOnce(
  own: ComponentStepParts,
  job: ComponentJob,
  { deduplicate, prepared }: Deduplicated,
): Promise<AttemptOutcome> {
  const { parts, backlog } = own
  let admission: Admission
  try {
    admission = await admit(parts, job, deduplicate)
  } catch (error) {
    if (!isPermanent(error)) throw error
    return settleFailure(parts, backlog, job, { ...failureOf(error), permanent: true })
  }
  switch (admission.kind) {
    case 'admitted':
      return callAndSettle(own, job, { claim: admission.claim, prepared })
    case 'duplicate': {
      const dropped = { kind: 'ack', event: 'discarded', emitted: 0, code: 'Duplicate' } as const
      // The run's list names both copies by one id, which is the other's to take off while it is at work.
      return admission.isAtWork ? { ...dropped, goesOn: true } : dropped
    }
    case 'later':
      return postpone(parts, job, { delayMs: admission.afterMs, ...outcomeUnknown })
    case 'unknown':
      return buryUnknown(parts, job, admission.claim, outcomeUnknown.message)
  }
}

function callAndSettle(
  own: ComponentStepParts,
  job: ComponentJob,
  { claim, prepared }: Beginning,
): Promise<AttemptOutcome> {
  const { parts, backlog, lasting } = own
  const lane = job.step.sharedChild === undefined ? undefined : own.lanes(job.step.sharedChild)
  const emitter = new Emitter({ parts, lasting, backlog, job, lane, onCheckpoint: checkpointOf(own, job) })
  const start = new CallStart(lane)
  const made: MadeCall = { job, emitter, start, claim, prepared }
  const ends: Ends = { onEmit: emitter.onEmit, onStart: start.onStart }
  const calling = callHost(own, prepared ?? own.prepare(job), ends)
  return calling.then((result) =>
    emitter.isOpen ? emitter.drained().then(() => settleCall(own, made, result)) : settleCall(own, made, result),
  )
}

interface MadeCall {
  readonly job: ComponentJob
  readonly emitter: Emitter
  readonly start: CallStart
  readonly claim: HeldKey | undefined
  readonly prepared: PreparedCall | undefined
}

function settleCall(
  own: ComponentStepParts,
  { job, emitter, start, claim, prepared }: MadeCall,
  result: HostResult,
): AttemptOutcome | Promise<AttemptOutcome> {
  start.onEnd()
  const ledger = emitter.close()
  if (result.kind === 'unprepared') return settleUnprepared(own, job, result.failure, claim)
  const trouble = troubleOf(result, ledger)
  if (trouble !== undefined) {
    if (prepared?.budget !== undefined) heedRefusal(own, job, { trouble, budget: prepared.budget })
    return settleTrouble(own, job, { trouble, claim, hasStarted: start.hasStarted })
  }
  const { emitted, children, snapshotChanges } = ledger
  const success: Settlement = { kind: 'ack', event: 'settled', emitted, children }
  if (own.session !== undefined) return settleSnapshot(own.session, job, { success, snapshotChanges, claim })
  if (snapshotChanges.length > 0) warnOfSnapshot(own.parts, job)
  return claim === undefined ? success : claim.done().then(() => success)
}

interface SnapshotSuccess extends Pick<Ledger, 'snapshotChanges'> {
  readonly success: Settlement
  readonly claim: HeldKey | undefined
}

async function settleSnapshot(
  session: SnapshotSession,
  job: ComponentJob,
  { success, snapshotChanges, claim }: SnapshotSuccess,
): Promise<AttemptOutcome> {
  const outcome = await session.settle(job.delivery.message.id, snapshotChanges)
  if (outcome === 'conflict') return { kind: 'fenced' }
  if (claim !== undefined) await claim.done()
  return success
}

/** Nothing was called. When that is not this message's fault but its plan's, and the plan is the active one, the next would fare no better. */
async function settleUnprepared(
  own: ComponentStepParts,
  job: ComponentJob,
  failure: ComponentFailure,
  claim: HeldKey | undefined,
): Promise<AttemptOutcome> {
  const trouble = { kind: 'died', failure, isInnocent: false } as const
  const outcome = await settleTrouble(own, job, { trouble, claim, hasStarted: false })
  const { flow, revision } = job.active.plan
  const isActive = own.parts.plans.active(flow.uid)?.revision === revision
  return outcome.kind === 'ack' && outcome.goesOn === true && isActive ? { ...outcome, cannotWork: true } : outcome
}

type Ends = Required<Pick<Call, 'onEmit' | 'onStart'>>

/** `unprepared`: what the call takes is not there. */
type HostResult = CallResult | { readonly kind: 'unprepared'; readonly failure: ComponentFailure }

function callHost(
  own: ComponentStepParts,
  prepared: PreparedCall | Promise<PreparedCall>,
  ends: Ends,
): Promise<HostResult> {
  if (prepared instanceof Promise || own.session !== undefined) return callPrepared(own, prepared, ends)
  return own.parts.host.call(callOf(own, prepared, ends))
}

/** One by one, and no spread: this is done for every message. */
function callOf(
  { patience }: ComponentStepParts,
  prepared: PreparedCall,
  ends: Ends,
  snapshot: unknown = noSnapshot,
): Call {
  const { child, function: called, message, config, secrets, context, timeoutMs } = prepared
  const { onEmit, onStart } = ends
  const signal = patience.signal()
  const call = { child, function: called, message, config, context, timeoutMs, snapshot, signal, onStart, onEmit }
  return secrets === undefined ? call : { ...call, secrets }
}

const noSnapshot = {}

async function callPrepared(
  own: ComponentStepParts,
  preparing: PreparedCall | Promise<PreparedCall>,
  ends: Ends,
): Promise<HostResult> {
  let prepared: PreparedCall
  try {
    prepared = await preparing
  } catch (error) {
    return { kind: 'unprepared', failure: preparationFailure(error) }
  }
  const snapshot = (await own.session?.state())?.value ?? noSnapshot
  return own.parts.host.call(callOf(own, prepared, ends, snapshot))
}

function checkpointOf(
  { session }: ComponentStepParts,
  { stage }: ComponentJob,
): ((changes: SnapshotChanges) => Promise<void>) | undefined {
  if (session === undefined || stage.snapshot !== 'checkpoint') return undefined
  return async (changes) => {
    if ((await session.checkpoint(changes)) === 'written') return
    throw new TransientError('SnapshotConflict', 'another consumer has taken the snapshot over')
  }
}

/** Steps that were told once: such a component emits a snapshot with every message. */
const warnedSteps = new WeakSet<ComponentJob['step']>()

function warnOfSnapshot({ log }: RunnerParts, { active, plan, step }: ComponentJob): void {
  if (warnedSteps.has(step)) return
  warnedSteps.add(step)
  log.warn(
    { flow: active.plan.flow.name, step: plan.name },
    'snapshot ignored: component.json does not say that the function keeps one',
  )
}
