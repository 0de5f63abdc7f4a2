import type { PublishOutcome, Target } from '../broker/broker.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import { decideNotBefore, waitUntil } from '../decide/waiting.ts'
import { TransientError } from '../error.ts'
import type { AttemptFailure, CarriedValues } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import { childIds, freshId } from '../wire/message-id.ts'
import type { MessageHeaders, WireMessage } from '../wire/message.ts'
import type { Backlog, RoomWaiter } from './backlog.ts'
import type { Job } from './job.ts'
import { answer, answerFailure } from './answer.ts'
import type { Lasting } from './lasting.ts'
import { observeInside } from './observe.ts'
import type { Outcome } from './outcome.ts'
import { bytesOf, viewOf } from './payload.ts'
import type { FinishedMessage, RunnerParts } from './runner-parts.ts'
import type { Standing } from './standing.ts'

/** What one delivery gives: published by `write`, and counted. */
export interface Outputs extends OutputsParts, Given {
  emitted: number
  children: number
  childId: ((route: string, body: Buffer) => string) | undefined
}

export interface Given {
  /** Messages that went on: sent, waiting or finished. */
  readonly emitted: number
  /** Messages that name it as their parent: sent, waiting or dead. */
  readonly children: number
}

export interface OutputsParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly job: Job
  /** `route`: the function gives at most one message a call. `fresh`: the input is settled, what comes now is late. */
  readonly ids: 'content' | 'route' | 'fresh'
  /** Where nobody would give the input again. */
  readonly lasting?: Lasting | undefined
}

const keptFailures = 20

export function openOutputs(parts: OutputsParts): Outputs {
  return { ...parts, emitted: 0, children: 0, childId: undefined }
}

export interface Writing {
  /** Gets a promise for each outcome that is not safe at once. */
  readonly confirms: Promise<void>[]
  readonly waiter: RoomWaiter
}

/** Starts to publish outcomes in their order, each to another step's queue when there is room. Undefined when all are started; else a promise of that. */
export function writeAll(outputs: Outputs, outcomes: readonly Outcome[], writing: Writing): Promise<void> | undefined {
  for (let at = 0; at < outcomes.length; at += 1) {
    const room = roomFor(outputs, outcomes[at], writing)
    if (room !== undefined) return writeRest(outputs, outcomes.slice(at), writing, room)
    writeOne(outputs, outcomes[at], writing)
  }
  return undefined
}

async function writeRest(
  outputs: Outputs,
  outcomes: readonly Outcome[],
  writing: Writing,
  firstRoom: Promise<void>,
): Promise<void> {
  await firstRoom
  for (const [at, outcome] of outcomes.entries()) {
    if (at > 0) await roomFor(outputs, outcome, writing)
    writeOne(outputs, outcome, writing)
  }
}

function roomFor({ backlog }: Outputs, outcome: Outcome | undefined, { waiter }: Writing): Promise<void> | undefined {
  return outcome?.kind === 'send' ? backlog.room(outcome.queue, waiter) : undefined
}

function writeOne(outputs: Outputs, outcome: Outcome | undefined, { confirms }: Writing): void {
  const confirm = outcome === undefined ? undefined : write(outputs, outcome)
  if (confirm !== undefined) confirms.push(confirm)
}

/** Undefined when what the outcome leaves behind is safe; else resolves when it is. */
export function write(outputs: Outputs, outcome: Outcome): Promise<void> | undefined {
  const { parts, job } = outputs
  switch (outcome.kind) {
    case 'send':
      return onward(outputs, { kind: 'queue', queue: outcome.queue }, outcome.standing)
    case 'wait':
      return wait(outputs, outcome.standing, outcome.notBefore)
    case 'finished':
      outputs.emitted += 1
      return finish(parts, job, outcome.standing)
    case 'dead':
      return die(outputs, outcome.standing, outcome.failure)
    case 'discarded':
      observeInside(parts, job, { kind: 'discarded', step: outcome.failure.step, failure: outcome.failure })
      return answerFailure(parts, job.delivery.message.headers, outcome.failure)
    case 'reply':
      return answer(parts, job.delivery.message.headers, outcome.reply)
    case 'log':
      parts.log.info({ ...labels(job, outcome.step), value: outcome.value ?? null }, 'log step')
      return undefined
    case 'filtered':
      observeInside(parts, job, { kind: 'filtered', step: outcome.standing.step })
      return undefined
  }
}

/** One that is too large to go on is a dead letter as it stands: trying again would make it no smaller. */
function onward(
  outputs: Outputs,
  target: Target,
  standing: Standing,
  changes?: Partial<MessageHeaders>,
): Promise<void> {
  const { parts, backlog, job } = outputs
  const sizeBytes = bytesOf(standing.payload).length
  const limit = parts.limits.messageBytes
  if (sizeBytes > limit) return die(outputs, standing, tooLarge(parts, job, { standing, sizeBytes, limit }))
  outputs.emitted += 1
  outputs.children += 1
  const message = childOf(outputs, standing, changes)
  backlog.published(target.queue)
  return publishOutput(outputs, target, message)
}

function publishOutput({ parts, lasting }: Outputs, target: Target, message: WireMessage): Promise<void> {
  const isTracked = message.headers.tracked === true && target.queue !== deadQueue
  const publish = isTracked ? publishTracked : publishOrReroute
  return lasting === undefined ? publish(parts, target, message) : lasting(() => publish(parts, target, message))
}

function wait(outputs: Outputs, standing: Standing, notBefore: number): Promise<void> {
  const { parts, job } = outputs
  const nowMs = parts.clock.now()
  const until = waitUntil(notBefore, nowMs)
  const readiness = decideNotBefore(until, nowMs)
  const { queue } = job.stage
  const target: Target =
    readiness.kind === 'ready' ? { kind: 'queue', queue } : { kind: 'delay', queue, delayMs: readiness.delayMs }
  return onward(outputs, target, standing, until)
}

/** The message as it stood where it failed, with an id of its own; a run does not wait for it. */
async function die(outputs: Outputs, standing: Standing, failure: AttemptFailure): Promise<void> {
  const { parts, job } = outputs
  outputs.children += 1
  const letter = childOf(outputs, { ...standing, carried: withFailure(standing.carried, failure) })
  await publishOutput(outputs, { kind: 'queue', queue: deadQueue }, letter)
  observeInside(parts, job, { kind: 'dead', step: failure.step, failure, messageId: letter.id })
  await answerFailure(parts, letter.headers, failure)
}

function childOf(outputs: Outputs, standing: Standing, changes?: Partial<MessageHeaders>): WireMessage {
  const { delivery } = outputs.job
  const body = encodeBody(standing.carried, bytesOf(standing.payload))
  const headers = childHeaders(outputs.job, standing)
  outputs.childId ??= outputs.ids === 'fresh' ? freshId : childIds(delivery.message.id, outputs.ids === 'route')
  const id = outputs.childId(standing.route, body)
  return { id, body, headers: changes === undefined ? headers : { ...headers, ...changes } }
}

function childHeaders({ delivery, traceparent }: Job, { step, left }: Standing): MessageHeaders {
  const { headers, id: parent } = delivery.message
  const child = { ...withoutWait(headers), at: step, attempt: 1, copy: freshId(), parent, hops: 0 }
  if (!left && traceparent === headers.traceparent) return child
  return { ...child, ...(left && { left }), ...(traceparent !== undefined && { traceparent }) }
}

function withoutWait(headers: MessageHeaders): MessageHeaders {
  if (headers.left === undefined && headers.notBefore === undefined && headers.notAfter === undefined) return headers
  const { left: _left, notBefore: _notBefore, notAfter: _notAfter, ...kept } = headers
  return kept
}

/** Publishes until it is confirmed: to its target, or, when nobody owns that, to `unrouted`. */
export function publishOrReroute(parts: RunnerParts, target: Target, message: WireMessage): Promise<void> {
  return parts.broker
    .publish(target, message)
    .then((outcome) => (outcome === 'confirmed' ? undefined : reroute(parts, target, message)))
}

async function reroute(parts: RunnerParts, target: Target, message: WireMessage): Promise<void> {
  const { flow, at } = message.headers
  // What is to be dead would be worked on again.
  if (target.queue === deadQueue) throw new TransientError('QueueNotFound', `nobody owns the queue "${deadQueue}"`)
  parts.log.warn({ flow, step: at, queue: target.queue }, 'message unroutable')
  const outcome: PublishOutcome = await parts.broker.publish({ kind: 'queue', queue: unroutedQueue }, message)
  if (outcome === 'confirmed') return
  throw new TransientError('QueueNotFound', `nobody owns the queue "${unroutedQueue}"`)
}

/** First on the list of what the run waits for, then on its way. */
async function publishTracked(parts: RunnerParts, target: Target, message: WireMessage): Promise<void> {
  const { flow, run } = message.headers
  await parts.store.trackedRuns.add(flow, run, [message.id])
  try {
    await publishOrReroute(parts, target, message)
  } catch (error) {
    // Its input is pending still, or was settled by another runner: then nobody else would take this off the list again.
    await parts.store.trackedRuns.remove(flow, run, message.id)
    throw error
  }
}

/** The carried values with one more failed attempt; the oldest go first. */
export function withFailure(carried: CarriedValues, failure: AttemptFailure): CarriedValues {
  return { ...carried, failures: [...(carried.failures ?? []), failure].slice(-keptFailures) }
}

function finish({ observer }: RunnerParts, { active, delivery }: Job, { step, payload }: Standing): undefined {
  const { namespace, name } = active.plan.flow
  const message = (): ReturnType<FinishedMessage['message']> =>
    viewOf(payload) as ReturnType<FinishedMessage['message']> // parsed JSON
  observer.onFinished({ flow: name, namespace, step, run: delivery.message.headers.run, message })
}

function labels({ active, delivery }: Job, step: string): Readonly<Record<string, string>> {
  const { namespace, name } = active.plan.flow
  return { namespace, flow: name, step, run: delivery.message.headers.run }
}

function tooLarge(
  { clock }: RunnerParts,
  { delivery }: Job,
  { standing, sizeBytes, limit }: { standing: Standing; sizeBytes: number; limit: number },
): AttemptFailure {
  const at = new Date(clock.now()).toISOString()
  const step = standing.step === '' ? delivery.message.headers.at : standing.step
  return { step, attempt: 1, at, code: 'MessageTooLarge', message: tooLargeText(sizeBytes, limit) }
}

export function tooLargeText(sizeBytes: number, limit: number): string {
  return `the message has ${sizeBytes} bytes; at most ${limit} are allowed`
}
