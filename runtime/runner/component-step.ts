import { failureOf } from '../decide/failure.ts'
import { TransientError } from '../error.ts'
import { sleep } from '../clock.ts'
import type { Backlog } from './backlog.ts'
import type { CallResult, ComponentFailure } from './component-host.ts'
import type { Admission } from './deduplicate.ts'
import { admit } from './deduplicate.ts'
import type { Ledger } from './emitter.ts'
import { openEmitter } from './emitter.ts'
import type { ComponentJob, Settlement } from './job.ts'
import { credentialPatienceSeconds, isPermanent, prepareCall } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import { bury, park, settleFailure, settleRebound } from './settle-failure.ts'
import type { SnapshotChanges, SnapshotSession } from './snapshot-session.ts'

export interface ComponentStepParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
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
  if (await isSettled(own, job)) return { settlement: { kind: 'ack', event: 'settled' }, emitted: 0 }
  for (let current = job; ;) {
    const outcome = await attempt(own, current)
    if (outcome.settlement.kind !== 'retryInPlace') return { ...outcome, settlement: outcome.settlement }
    const { delayMs, carried, attempt: next } = outcome.settlement
    // Given back when the runner drains: whoever takes over starts with the attempts that the message came with.
    const isDue = await sleep(own.parts.clock, delayMs, own.draining).then(
      () => true,
      () => false,
    )
    if (!isDue) return { settlement: { kind: 'requeue' }, emitted: 0 }
    current = withAttempt(current, carried, next)
  }
}

type AttemptOutcome = {
  readonly settlement: Settlement | Awaited<ReturnType<typeof settleFailure>>
  readonly emitted: number
}

/** A redelivered message whose effects and snapshot were written, but not its acknowledgement. */
async function isSettled({ session }: ComponentStepParts, job: ComponentJob): Promise<boolean> {
  if (session === undefined) return false
  return (await session.state()).settled.includes(job.delivery.message.id)
}

function withAttempt(job: ComponentJob, carried: ComponentJob['carried'], attempt: number): ComponentJob {
  const { delivery } = job
  const message = { ...delivery.message, headers: { ...delivery.message.headers, attempt } }
  const onward = {
    message,
    redelivered: delivery.redelivered,
    deliveryCount: delivery.deliveryCount,
    ack: () => delivery.ack(),
    requeue: () => delivery.requeue(),
  }
  return { ...job, carried, delivery: onward }
}

async function attempt(own: ComponentStepParts, job: ComponentJob): Promise<AttemptOutcome> {
  const admission = await admitted(own, job)
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
    case 'unknown': {
      const { step, at } = { step: job.plan.name, at: new Date(own.parts.clock.now()).toISOString() }
      const message = 'an earlier start of this message ended without a word; nobody knows whether it had its effect'
      const record = { step, attempt: job.delivery.message.headers.attempt, code: 'OutcomeUnknown', message, at }
      return { settlement: await bury(own.parts, job, record), emitted: 0 }
    }
  }
}

async function admitted(
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

async function callAndSettle(
  own: ComponentStepParts,
  job: ComponentJob,
  claim: Extract<Admission, { kind: 'admitted' }>,
): Promise<AttemptOutcome> {
  const { result, ledger } = await call(own, job)
  if (ledger.broken !== undefined || result.kind === 'notStarted') {
    await claim.release()
    return { settlement: { kind: 'requeue' }, emitted: ledger.emitted }
  }
  if (result.kind === 'died' && result.innocent === true) {
    await claim.release()
    return { settlement: { kind: 'requeue' }, emitted: ledger.emitted }
  }
  const failure = result.kind === 'died' ? result.failure : ledger.failures[0]
  if (failure !== undefined) {
    await claim.release()
    return failed(own, job, failure, ledger.emitted)
  }
  if (ledger.rebound !== undefined) {
    await claim.release()
    return { settlement: await settleRebound(own.parts, own.backlog, job, ledger.rebound), emitted: ledger.emitted }
  }
  return { settlement: await succeed(own, job, ledger, claim), emitted: ledger.emitted }
}

async function succeed(
  own: ComponentStepParts,
  job: ComponentJob,
  ledger: Ledger,
  claim: Extract<Admission, { kind: 'admitted' }>,
): Promise<Settlement> {
  if (!(await saved(own, job, ledger.snapshotChanges))) return { kind: 'requeue' }
  await claim.done()
  return { kind: 'ack', event: 'settled' }
}

async function saved(
  { session, parts }: ComponentStepParts,
  job: ComponentJob,
  changes: SnapshotChanges,
): Promise<boolean> {
  if (session === undefined) {
    if (changes.length > 0)
      parts.log.warn(
        { flow: job.active.plan.flow.name, step: job.plan.name },
        'snapshot ignored: the function does not keep one',
      )
    return true
  }
  return (await session.settle(job.delivery.message.id, changes)) === 'written'
}

async function failed(
  own: ComponentStepParts,
  job: ComponentJob,
  failure: ComponentFailure,
  emitted = 0,
): Promise<AttemptOutcome> {
  return { settlement: await settleFailure(own.parts, own.backlog, job, failure), emitted }
}

async function call(own: ComponentStepParts, job: ComponentJob): Promise<{ result: CallResult; ledger: Ledger }> {
  const { parts, backlog, session } = own
  const onCheckpoint = session !== undefined && job.stage.snapshot === 'checkpoint' ? checkpointOf(session) : undefined
  const emitter = openEmitter(parts, backlog, job, {
    isStarving: () => parts.host.stats().starving > 0,
    ...(onCheckpoint !== undefined && { onCheckpoint }),
  })
  const result = await callHost(own, job, emitter.onEmit)
  return { result, ledger: await emitter.drain() }
}

async function callHost(
  { parts, session, draining }: ComponentStepParts,
  job: ComponentJob,
  onEmit: Parameters<RunnerParts['host']['call']>[0]['onEmit'],
): Promise<CallResult> {
  const snapshot = session === undefined ? {} : ((await session.state()).value ?? {})
  try {
    const prepared = await prepareCall(parts, job)
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
