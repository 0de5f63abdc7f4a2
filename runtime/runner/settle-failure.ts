import { deadQueue } from '../broker/broker.ts'
import type { FailureSettlement } from '../decide/settle.ts'
import { decideFailure, decideRebound } from '../decide/settle.ts'
import type { AttemptFailure, CarriedValues } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import { decideRetryPark } from '../decide/waiting.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { Backlog } from './backlog.ts'
import type { ComponentFailure } from './component-host.ts'
import type { ComponentJob, Job, Settlement } from './job.ts'
import { failureRecord, standingOf, walkAndWrite } from './job.ts'
import { answerFailure, publishOrReroute, withFailure } from './outputs.ts'
import { bytesOf } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import { divert } from './walk-stage.ts'

/** What became of a failed attempt, or the wait that an ordered step has before it tries again in place. */
export type FailureOutcome =
  | Settlement
  | {
      readonly kind: 'retryInPlace'
      readonly delayMs: number
      readonly carried: CarriedValues
      readonly attempt: number
    }

/** Parks, buries, drops or diverts a message whose attempt at a component failed; resolves when that is safe. */
export async function settleFailure(
  parts: RunnerParts,
  backlog: Backlog,
  job: ComponentJob,
  failure: ComponentFailure,
): Promise<FailureOutcome> {
  const { headers } = job.delivery.message
  const record = failureRecord(parts, job, failure)
  const settlement = decideFailure({ failure, attempt: headers.attempt, onError: job.plan.onError })
  const carried = withFailure(job.carried, record)
  const attempt = headers.attempt + (settlement.kind === 'retry' && settlement.spendsAttempt ? 1 : 0)
  if (settlement.kind === 'retry' && job.plan.ordered) {
    return { kind: 'retryInPlace', delayMs: settlement.delayMs, carried, attempt }
  }
  return enact(parts, backlog, { job, record, carried, settlement, attempt })
}

/** The component asked for the same message again. */
export async function settleRebound(
  parts: RunnerParts,
  backlog: Backlog,
  job: ComponentJob,
  reason: string,
): Promise<Settlement> {
  const iteration = job.carried.rebound?.iteration ?? 0
  const settlement = decideRebound({ iteration, reason, onError: job.plan.onError })
  const record = failureRecord(parts, job, { code: 'ReboundLimitExceeded', message: reason })
  const carried =
    settlement.kind === 'retry'
      ? { ...job.carried, rebound: { iteration: settlement.iteration, reason: reason.slice(0, 1000) } }
      : withFailure(job.carried, record)
  return enact(parts, backlog, { job, record, carried, settlement, attempt: job.delivery.message.headers.attempt })
}

/** Publishes the message as it stands to the dead letters. */
export async function bury(
  parts: RunnerParts,
  job: Pick<Job, 'delivery' | 'payload' | 'carried'>,
  record: AttemptFailure,
): Promise<Settlement> {
  const { id, headers } = job.delivery.message
  const body = encodeBody(withFailure(job.carried, record), bytesOf(job.payload))
  await publishOrReroute(parts, { kind: 'queue', queue: deadQueue }, { id, headers, body })
  await answerFailure(parts, headers, record)
  return { kind: 'ack', event: 'dead', code: record.code, error: record.message }
}

/** Parks the message as it is; it comes back to its own queue. */
export async function park(
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
  readonly attempt: number
}

async function enact(parts: RunnerParts, backlog: Backlog, enactment: Enactment): Promise<Settlement> {
  const { job, record, carried, settlement, attempt } = enactment
  switch (settlement.kind) {
    case 'retry':
      // The same copy: a retry is the same message, and a claim on it stays its own.
      await park(parts, job, settlement.delayMs, { carried, headers: { attempt } })
      return { kind: 'ack', event: 'retried', code: record.code, error: record.message }
    case 'deadLetter':
      return bury(parts, job, { ...record, code: settlement.code, message: settlement.message })
    case 'discard':
      await answerFailure(parts, job.delivery.message.headers, record)
      return { kind: 'ack', event: 'discarded', code: record.code, error: record.message }
    case 'divert':
      await walkAndWrite(parts, backlog, job, divert(standingOf(job), record, settlement))
      return { kind: 'ack', event: 'diverted', code: record.code, error: record.message }
  }
}
