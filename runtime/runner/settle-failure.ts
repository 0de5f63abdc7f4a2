import { deadQueue } from '../broker/broker.ts'
import type { FailureSettlement } from '../decide/settle.ts'
import { decideFailure, decideRebound } from '../decide/settle.ts'
import { decideRetryPark } from '../decide/waiting.ts'
import type { AttemptFailure, CarriedValues } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import type { MessageHeaders } from '../wire/message.ts'
import { answerFailure } from './answer.ts'
import type { Backlog } from './backlog.ts'
import type { ComponentFailure } from './component-host.ts'
import type { Acknowledgement, ComponentJob, Job, Settlement } from './job.ts'
import { failureRecord, standingOf } from './job.ts'
import { publishOrReroute, withFailure } from './outputs.ts'
import { bytesOf } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import { walkAndWrite } from './walk-and-write.ts'
import { divert } from './walk-stage.ts'

/** What became of an attempt, or the wait that an ordered step has before it tries again in place. */
export type AttemptOutcome = Settlement | InPlace

export interface InPlace {
  readonly kind: 'inPlace'
  readonly event: 'retried' | 'waiting'
  readonly delayMs: number
  readonly carried: CarriedValues
  readonly attempt: number
  readonly code: string
  readonly error: string
}

/** Parks, buries, drops or diverts a message whose attempt at a component failed; resolves when that is safe. */
export function settleFailure(
  parts: RunnerParts,
  backlog: Backlog,
  job: ComponentJob,
  failure: ComponentFailure,
): Promise<AttemptOutcome> {
  const { attempt } = job.delivery.message.headers
  const record = failureRecord(parts, job, failure)
  const settlement = decideFailure({ failure, attempt, onError: job.plan.onError })
  return enact(parts, backlog, { job, record, carried: withFailure(job.carried, record), settlement })
}

/** The component asked for the same message again. */
export function settleRebound(
  parts: RunnerParts,
  backlog: Backlog,
  job: ComponentJob,
  reason: string,
): Promise<AttemptOutcome> {
  const settlement = decideRebound({
    iteration: job.carried.rebound?.iteration ?? 0,
    reason,
    onError: job.plan.onError,
  })
  if (settlement.kind === 'retry') {
    const record = failureRecord(parts, job, { code: 'Rebound', message: reason })
    const rebound = { iteration: settlement.iteration, reason: reason.slice(0, 1000) }
    return enact(parts, backlog, { job, record, carried: { ...job.carried, rebound }, settlement })
  }
  const record = failureRecord(parts, job, { code: 'ReboundLimitExceeded', message: reason })
  return enact(parts, backlog, { job, record, carried: withFailure(job.carried, record), settlement })
}

/** Waits, and no attempt is spent: parked, or in place where the step keeps the order. */
export async function postpone(
  parts: RunnerParts,
  job: ComponentJob,
  { delayMs, code, message }: { readonly delayMs: number; readonly code: string; readonly message: string },
): Promise<AttemptOutcome> {
  const { attempt } = job.delivery.message.headers
  if (job.plan.ordered) {
    return { kind: 'inPlace', event: 'waiting', delayMs, carried: job.carried, attempt, code, error: message }
  }
  await park(parts, job, delayMs)
  return { kind: 'ack', event: 'waiting', emitted: 0, goesOn: true, code, error: message }
}

/** Publishes the message as it stands to the dead letters. */
export async function bury(
  parts: RunnerParts,
  job: Pick<Job, 'delivery' | 'payload' | 'carried'>,
  record: AttemptFailure,
): Promise<Acknowledgement> {
  const { id, headers } = job.delivery.message
  const body = encodeBody(withFailure(job.carried, record), bytesOf(job.payload))
  await publishOrReroute(parts, { kind: 'queue', queue: deadQueue }, { id, headers, body })
  await answerFailure(parts, headers, record)
  return { kind: 'ack', event: 'dead', emitted: 0, code: record.code, error: record.message }
}

/** Parks the message as it is; it comes back to its own queue. */
async function park(
  parts: RunnerParts,
  job: Job,
  delayMs: number,
  changes: { headers?: Partial<MessageHeaders>; carried?: CarriedValues } = {},
): Promise<void> {
  const { id, headers } = job.delivery.message
  const body = encodeBody(changes.carried ?? job.carried, bytesOf(job.payload))
  const { delayMs: rungMs, ...until } = decideRetryPark(delayMs, parts.clock.now())
  const target = { kind: 'delay', queue: job.stage.queue, delayMs: rungMs } as const
  await publishOrReroute(parts, target, { id, headers: { ...headers, ...changes.headers, ...until }, body })
}

interface Enactment {
  readonly job: ComponentJob
  readonly record: AttemptFailure
  readonly carried: CarriedValues
  readonly settlement: FailureSettlement
}

async function enact(parts: RunnerParts, backlog: Backlog, enactment: Enactment): Promise<AttemptOutcome> {
  const { job, record, carried, settlement } = enactment
  const told = { code: record.code, error: record.message }
  switch (settlement.kind) {
    case 'retry': {
      const { delayMs, spendsAttempt } = settlement
      const attempt = job.delivery.message.headers.attempt + (spendsAttempt ? 1 : 0)
      if (job.plan.ordered) return { kind: 'inPlace', event: 'retried', delayMs, carried, attempt, ...told }
      // The same copy: a retry is the same message, and a claim on it stays its own.
      await park(parts, job, delayMs, { carried, headers: { attempt } })
      return { kind: 'ack', event: 'retried', emitted: 0, goesOn: true, ...told }
    }
    case 'deadLetter':
      return bury(parts, job, { ...record, code: settlement.code, message: settlement.message })
    case 'discard':
      await answerFailure(parts, job.delivery.message.headers, record)
      return { kind: 'ack', event: 'discarded', emitted: 0, ...told }
    case 'divert': {
      const given = await walkAndWrite(parts, backlog, job, divert(standingOf(job), record, settlement))
      return { kind: 'ack', event: 'diverted', ...given, ...told }
    }
  }
}
