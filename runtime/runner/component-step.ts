import { sleep } from '../clock.ts'
import { failureOf } from '../decide/failure.ts'
import { TransientError } from '../error.ts'
import type { Backlog } from './backlog.ts'
import type { CallResult, ComponentFailure, Emit } from './component-host.ts'
import type { Admission } from './deduplicate.ts'
import { admit } from './deduplicate.ts'
import type { Ledger } from './emitter.ts'
import { openEmitter } from './emitter.ts'
import type { ComponentJob, Settlement } from './job.ts'
import { failureRecord } from './job.ts'
import type { CallPreparer } from './prepare-call.ts'
import { credentialPatienceSeconds, isPermanent } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { FailureOutcome } from './settle-failure.ts'
import { bury, park, settleFailure, settleRebound } from './settle-failure.ts'
import type { SnapshotChanges, SnapshotSession } from './snapshot-session.ts'

export interface ComponentStepParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly prepare: CallPreparer
  /** Of a queue whose step keeps a snapshot. */
  readonly session: SnapshotSession | undefined
  /** Aborted when the runner drains: what has not started is given back. */
  readonly draining: AbortSignal
}

export interface ComponentOutcome {
  readonly settlement: Settlement
  readonly emitted: number
}

/** Calls the step's component once and settles the message by what came of it; an ordered step goes on until it is settled. */
export async function runComponentStep(own: ComponentStepParts, job: ComponentJob): Promise<ComponentOutcome> {
  if (own.session !== undefined && (await isSettled(own.session, job))) return acknowledged
  for (let current = job; ;) {
    const { settlement, emitted } = await attempt(own, current)
    if (settlement.kind !== 'retryInPlace') return { settlement, emitted }
    const isDue = await sleep(own.parts.clock, settlement.delayMs, own.draining).then(
      () => true,
      () => false,
    )
    // Given back when the runner drains: whoever takes over starts with the attempts that the message came with.
    if (!isDue) return { settlement: { kind: 'requeue' }, emitted: 0 }
    current = withAttempt(current, settlement)
  }
}

const acknowledged: ComponentOutcome = { settlement: { kind: 'ack', event: 'settled' }, emitted: 0 }

interface AttemptOutcome {
  readonly settlement: FailureOutcome
  readonly emitted: number
}

/** A redelivered message whose effects and snapshot were written, but not its acknowledgement. */
async function isSettled(session: SnapshotSession, job: ComponentJob): Promise<boolean> {
  return (await session.state()).settled.includes(job.delivery.message.id)
}

function withAttempt(
  job: ComponentJob,
  { carried, attempt }: Pick<Extract<FailureOutcome, { kind: 'retryInPlace' }>, 'carried' | 'attempt'>,
): ComponentJob {
  const { message, redelivered, deliveryCount, ack, requeue } = job.delivery
  const again = { ...message, headers: { ...message.headers, attempt } }
  return { ...job, carried, delivery: { message: again, redelivered, deliveryCount, ack, requeue } }
}

function attempt(own: ComponentStepParts, job: ComponentJob): Promise<AttemptOutcome> {
  return job.plan.deduplicate === undefined ? callAndSettle(own, job) : attemptOnce(own, job)
}

/** An attempt at a message that may have had its effect before. */
async function attemptOnce(own: ComponentStepParts, job: ComponentJob): Promise<AttemptOutcome> {
  const admission = await admissionOf(own, job)
  switch (admission.kind) {
    case 'admitted':
      return callAndSettle(own, job, admission)
    case 'failed':
      return failed(own, job, admission.failure)
    case 'duplicate':
      return { settlement: { kind: 'ack', event: 'discarded', code: 'Duplicate' }, emitted: 0 }
    case 'later':
      await park(own.parts, job, admission.afterMs)
      return { settlement: { kind: 'ack', event: 'waiting', code: 'OutcomeUnknown' }, emitted: 0 }
    case 'unknown':
      return { settlement: await bury(own.parts, job, failureRecord(own.parts, job, outcomeUnknown)), emitted: 0 }
  }
}

const outcomeUnknown = {
  code: 'OutcomeUnknown',
  message: 'an earlier start of this message ended without a word; nobody knows whether it had its effect',
}

async function admissionOf(
  { parts }: ComponentStepParts,
  job: ComponentJob,
): Promise<Admission | { readonly kind: 'failed'; readonly failure: ComponentFailure }> {
  try {
    return await admit(parts, job)
  } catch (error) {
    if (!isPermanent(error)) throw error
    return { kind: 'failed', failure: { ...failureOf(error), permanent: true } }
  }
}

type Claim = Extract<Admission, { kind: 'admitted' }>

async function callAndSettle(own: ComponentStepParts, job: ComponentJob, claim?: Claim): Promise<AttemptOutcome> {
  const { parts, backlog, session } = own
  const onCheckpoint = session !== undefined && job.stage.snapshot === 'checkpoint' ? checkpointOf(session) : undefined
  const isStarving = (): boolean => parts.host.stats().starving > 0
  const emitter = openEmitter(parts, backlog, job, { isStarving, ...(onCheckpoint && { onCheckpoint }) })
  const result = await callHost(own, job, emitter.onEmit)
  if (emitter.isOpen()) await emitter.drained()
  const ledger = emitter.ledger()
  const settlement = await settle(own, job, { result, ledger, claim })
  return { settlement, emitted: ledger.emitted }
}

interface Called {
  readonly result: CallResult
  readonly ledger: Ledger
  readonly claim: Claim | undefined
}

async function settle(own: ComponentStepParts, job: ComponentJob, called: Called): Promise<FailureOutcome> {
  const { ledger, claim } = called
  const trouble = troubleOf(called)
  if (trouble !== undefined) await claim?.release()
  switch (trouble?.kind) {
    case 'comeBack':
      return { kind: 'requeue' }
    case 'failed':
      return settleFailure(own.parts, own.backlog, job, trouble.failure)
    case 'rebound':
      return settleRebound(own.parts, own.backlog, job, trouble.reason)
    case undefined:
      if (!(await isSaved(own, job, ledger.snapshotChanges))) return { kind: 'requeue' }
      await claim?.done()
      return { kind: 'ack', event: 'settled' }
  }
}

type Trouble =
  | { readonly kind: 'comeBack' }
  | { readonly kind: 'failed'; readonly failure: ComponentFailure }
  | { readonly kind: 'rebound'; readonly reason: string }

/** What keeps a call from being a success, the gravest first. */
function troubleOf({ result, ledger }: Called): Trouble | undefined {
  const isInnocent = result.kind === 'notStarted' || (result.kind === 'died' && result.innocent === true)
  if (ledger.broken !== undefined || isInnocent) return { kind: 'comeBack' }
  const failure = result.kind === 'died' ? result.failure : ledger.failures[0]
  if (failure !== undefined) return { kind: 'failed', failure }
  return ledger.rebound === undefined ? undefined : { kind: 'rebound', reason: ledger.rebound }
}

async function isSaved(
  { session, parts }: ComponentStepParts,
  job: ComponentJob,
  changes: SnapshotChanges,
): Promise<boolean> {
  if (session !== undefined) return (await session.settle(job.delivery.message.id, changes)) === 'written'
  if (changes.length > 0) {
    const labels = { flow: job.active.plan.flow.name, step: job.plan.name }
    parts.log.warn(labels, 'snapshot ignored: component.json does not say that the function keeps one')
  }
  return true
}

async function failed(own: ComponentStepParts, job: ComponentJob, failure: ComponentFailure): Promise<AttemptOutcome> {
  return { settlement: await settleFailure(own.parts, own.backlog, job, failure), emitted: 0 }
}

async function callHost(
  own: ComponentStepParts,
  job: ComponentJob,
  onEmit: (emit: Emit) => Promise<void>,
): Promise<CallResult> {
  const { parts, session, draining, prepare } = own
  try {
    const prepared = await prepare(job)
    const snapshot = session === undefined ? {} : ((await session.state()).value ?? {})
    return await parts.host.call({ ...prepared, snapshot, signal: draining, onEmit })
  } catch (error) {
    return { kind: 'died', failure: preparationFailure(error) }
  }
}

function preparationFailure(error: unknown): ComponentFailure {
  if (isPermanent(error)) return { ...failureOf(error), permanent: true }
  if (error instanceof TransientError && error.code === 'CredentialMissing') {
    return { ...failureOf(error), retryAfterSeconds: credentialPatienceSeconds }
  }
  return failureOf(error)
}

function checkpointOf(session: SnapshotSession): (changes: SnapshotChanges) => Promise<void> {
  return async (changes) => {
    const outcome = await session.checkpoint(changes)
    if (outcome === 'conflict')
      throw new TransientError('SnapshotConflict', 'another consumer has taken the snapshot over')
  }
}
