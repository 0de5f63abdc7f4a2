import type { Delivery } from '../broker/broker.ts'
import { deadQueue } from '../broker/broker.ts'
import { failureOf } from '../decide/failure.ts'
import type { WireMessage } from '../wire/message.ts'
import { answerFailure } from './answer.ts'
import type { Acknowledgement } from './job.ts'
import { publishOrReroute } from './outputs.ts'
import type { Elsewhere } from './place-message.ts'
import type { DeadMessage } from './mismatched.ts'
import { mismatched, poisonous } from './mismatched.ts'
import type { RunnerParts } from './runner-parts.ts'

/** A fire whose trigger is gone means nothing any more. */
export async function discardFire(parts: RunnerParts, { message: { headers } }: Delivery): Promise<Acknowledgement> {
  const error = `the flow has no trigger "${headers.trigger}" any more`
  await answerFailure(parts, headers, { code: 'TriggerGone', message: error })
  return { kind: 'ack', event: 'discarded', emitted: 0, code: 'TriggerGone', error }
}

/** To the queue where its plan has its step. */
export async function forward(parts: RunnerParts, { queue, message }: Elsewhere): Promise<Acknowledgement> {
  await publishOrReroute(parts, { kind: 'queue', queue }, message)
  return { kind: 'ack', event: 'waiting', emitted: 0, goesOn: true, code: 'Forwarded' }
}

/** No plan has a place for the message: a dead letter, replayable to any step. */
export function buryMismatch(parts: RunnerParts, { message }: Delivery): Promise<Acknowledgement> {
  return buryDead(parts, message, mismatched(message, parts.clock.now()))
}

/** It ended its runner again and again: a dead letter, of which nothing was tried this time. */
export function buryPoison(parts: RunnerParts, { message }: Delivery): Promise<Acknowledgement> {
  return buryDead(parts, message, poisonous(message, parts.clock.now()))
}

async function buryDead(
  parts: RunnerParts,
  { headers }: WireMessage,
  { letter, failure }: DeadMessage,
): Promise<Acknowledgement> {
  await publishOrReroute(parts, { kind: 'queue', queue: deadQueue }, letter)
  await answerFailure(parts, headers, failure)
  return { kind: 'ack', event: 'dead', emitted: 0, code: failure.code, error: failure.message }
}

/** Not of a message's form: kept as it came. */
export async function buryMalformed(
  parts: RunnerParts,
  { message }: Delivery,
  error: unknown,
): Promise<Acknowledgement> {
  const failure = { code: 'MalformedMessage', message: `the message cannot be read: ${failureOf(error).message}` }
  await publishOrReroute(parts, { kind: 'queue', queue: deadQueue }, message)
  await answerFailure(parts, message.headers, failure)
  return { kind: 'ack', event: 'dead', emitted: 0, code: failure.code, error: failure.message }
}
