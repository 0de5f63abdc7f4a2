import type { Target } from '../broker/broker.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import { PermanentError } from '../error.ts'
import type { AttemptFailure, CarriedValues } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import { decideNotBefore, waitUntil } from '../decide/waiting.ts'
import { childIds, freshId } from '../wire/message-id.ts'
import type { MessageHeaders, WireMessage } from '../wire/message.ts'
import type { Reply } from '../wire/reply.ts'
import { replyMessage } from '../wire/reply.ts'
import type { ActivePlan } from './active-plan.ts'
import type { Backlog } from './backlog.ts'
import type { Outcome, Response } from './outcome.ts'
import { bytesOf, viewOf } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { Standing } from './standing.ts'

/** Where the messages of one delivery come from. */
export interface Origin {
  readonly id: string
  readonly headers: MessageHeaders
  readonly active: ActivePlan
  /** Queue of the stage: what waits comes back to it. */
  readonly queue: string
}

/** Publishes what one delivery gives, and counts it. */
export interface Outputs {
  /** Resolves when what the outcome leaves behind is safe. @throws {PermanentError} `MessageTooLarge` */
  readonly write: (outcome: Outcome) => Promise<void>
  /** Messages that went on: sent, waiting or finished. */
  readonly emitted: () => number
}

export interface OutputOptions {
  /** The function gives at most one message a call, so its id needs no hash of the body. */
  readonly emitsOne?: boolean
  /** The input is settled: what comes now gets fresh ids. */
  readonly late?: boolean
}

const keptFailures = 20

export function openOutputs(
  parts: RunnerParts,
  backlog: Backlog,
  origin: Origin,
  options: OutputOptions = {},
): Outputs {
  const childId = options.late === true ? freshId : childIds(origin.id, options.emitsOne === true)
  const writer: Writer = { parts, backlog, origin, childId }
  let emitted = 0
  return {
    emitted: () => emitted,
    write: (outcome) => {
      if (outcome.kind === 'send' || outcome.kind === 'wait' || outcome.kind === 'finished') emitted += 1
      return writeOutcome(writer, outcome)
    },
  }
}

interface Writer {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly origin: Origin
  readonly childId: (route: string, body: Buffer) => string
}

async function writeOutcome(writer: Writer, outcome: Outcome): Promise<void> {
  const { parts, origin } = writer
  switch (outcome.kind) {
    case 'send':
      return leave(writer, { kind: 'queue', queue: outcome.queue }, outcome.standing)
    case 'wait':
      return wait(writer, outcome.standing, outcome.notBefore)
    case 'finished':
      return finish(parts, origin, outcome.standing)
    case 'dead': {
      const carried = withFailure(outcome.standing.carried, outcome.failure)
      await leave(writer, { kind: 'queue', queue: deadQueue }, { ...outcome.standing, carried })
      observeFailure(parts, origin, 'dead', outcome.failure)
      return answerFailure(parts, origin.headers, outcome.failure)
    }
    case 'discarded':
      observeFailure(parts, origin, 'discarded', outcome.failure)
      return answerFailure(parts, origin.headers, outcome.failure)
    case 'reply':
      return answer(parts, origin.headers, outcome.reply)
    case 'log':
      parts.log.info({ ...labels(origin, outcome.step), value: outcome.value ?? null }, 'log step')
      return
    case 'filtered':
      return
  }
}

async function leave(
  writer: Writer,
  target: Target,
  standing: Standing,
  changes: Partial<MessageHeaders> = {},
): Promise<void> {
  const { parts, origin } = writer
  const payload = bytesOf(standing.payload)
  if (payload.length > parts.limits.messageBytes) throw tooLarge(payload.length, parts.limits.messageBytes)
  const body = encodeBody(standing.carried, payload)
  const headers = { ...childHeaders(origin.headers, standing), ...changes }
  const message: WireMessage = { id: writer.childId(standing.route, body), headers, body }
  if (target.queue !== deadQueue) await track(parts, message)
  writer.backlog.published(target.queue)
  await publishOrReroute(parts, target, message)
}

function wait(writer: Writer, standing: Standing, notBefore: number): Promise<void> {
  const { parts, origin } = writer
  const until = waitUntil(notBefore, parts.clock.now())
  const readiness = decideNotBefore(until, parts.clock.now())
  const queue = origin.queue
  const target: Target =
    readiness.kind === 'ready' ? { kind: 'queue', queue } : { kind: 'delay', queue, delayMs: readiness.delayMs }
  return leave(writer, target, standing, until)
}

/** A message that failed behind the step it was delivered for: the delivery's own event does not speak of it. */
function observeFailure(parts: RunnerParts, origin: Origin, kind: 'dead' | 'discarded', failure: AttemptFailure): void {
  const { plan } = origin.active
  parts.observer.onEvent({
    namespace: plan.flow.namespace,
    flow: origin.headers.flow,
    run: origin.headers.run,
    step: failure.step,
    messageId: origin.id,
    attempt: failure.attempt,
    kind,
    emitted: 0,
    at: parts.clock.now(),
    durationMs: 0,
    code: failure.code,
    error: failure.message,
  })
}

/** Publishes until it is confirmed: to its target, or, when nobody owns that, to `unrouted`. */
export async function publishOrReroute(parts: RunnerParts, target: Target, message: WireMessage): Promise<void> {
  const outcome = await parts.broker.publish(target, message)
  if (outcome === 'confirmed') return
  parts.log.warn({ flow: message.headers.flow, step: message.headers.at, queue: target.queue }, 'message unroutable')
  await parts.broker.publish({ kind: 'queue', queue: unroutedQueue }, message)
}

/** The carried values with one more failed attempt; the oldest go first. */
export function withFailure(carried: CarriedValues, failure: AttemptFailure): CarriedValues {
  return { ...carried, failures: [...(carried.failures ?? []), failure].slice(-keptFailures) }
}

/** Sends the caller of a synchronous webhook its answer; without a caller nothing happens. */
export async function answer(parts: RunnerParts, headers: MessageHeaders, response: Response): Promise<void> {
  if (headers.replyTo === undefined) return
  await reply(parts, headers, { kind: 'response', ...response })
}

/** Tells the caller of a synchronous webhook at once that its run has failed. */
export async function answerFailure(
  parts: RunnerParts,
  headers: MessageHeaders,
  failure: AttemptFailure,
): Promise<void> {
  if (headers.replyTo === undefined) return
  const { code, message } = failure
  await reply(parts, headers, { kind: 'failed', code, message, run: headers.run })
}

async function reply(parts: RunnerParts, headers: MessageHeaders, words: Reply): Promise<void> {
  const queue = headers.replyTo ?? ''
  const outcome = await parts.broker.publish({ kind: 'queue', queue }, replyMessage(headers, words, { freshId }))
  if (outcome === 'unroutable') parts.log.debug({ flow: headers.flow, run: headers.run }, 'nobody waits for the reply')
}

function childHeaders(headers: MessageHeaders, standing: Standing): MessageHeaders {
  const { left: _left, notBefore: _notBefore, notAfter: _notAfter, ...kept } = headers
  const child = { ...kept, at: standing.step, attempt: 1, copy: freshId(), hops: 0 }
  return standing.left ? { ...child, left: true } : child
}

async function track(parts: RunnerParts, message: WireMessage): Promise<void> {
  const { tracked, flow, run } = message.headers
  if (tracked === true) await parts.store.trackedRuns.add(flow, run, [message.id])
}

async function finish(parts: RunnerParts, origin: Origin, standing: Standing): Promise<void> {
  const { namespace, name } = origin.active.plan.flow
  parts.observer.onFinished({
    flow: name,
    namespace,
    step: standing.step,
    run: origin.headers.run,
    message: () => viewOf(standing.payload) as ReturnType<Parameters<typeof parts.observer.onFinished>[0]['message']>,
  })
}

function labels(origin: Origin, step: string): Readonly<Record<string, string>> {
  const { namespace, name } = origin.active.plan.flow
  return { namespace, flow: name, step, run: origin.headers.run }
}

function tooLarge(sizeBytes: number, limit: number): PermanentError {
  return new PermanentError('MessageTooLarge', `the message has ${sizeBytes} bytes; at most ${limit} are allowed`)
}
