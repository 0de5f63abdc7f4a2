import type { AttemptFailure } from '../wire/body.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import { withFailure } from './outputs.ts'

export interface DeadMessage {
  readonly letter: WireMessage
  readonly failure: AttemptFailure
}

/** A message that fits no plan, as a dead letter. */
export function mismatched(message: WireMessage, nowMs: number): DeadMessage {
  const { at, revision } = message.headers
  const text = `revision ${revision} is gone, or has no queue for "${at}"`
  return deadMessage(message, { code: 'PlanMismatch', message: text }, nowMs)
}

/** A message that ended its runner whenever it was tried, as a dead letter. */
export function poisonous(message: WireMessage, nowMs: number): DeadMessage {
  const text = 'the runner ended three times while it worked on this message alone'
  return deadMessage(message, { code: 'PoisonMessage', message: text }, nowMs)
}

function deadMessage(
  message: WireMessage,
  reason: Pick<AttemptFailure, 'code' | 'message'>,
  nowMs: number,
): DeadMessage {
  const { at: step, attempt } = message.headers
  const failure = { step, attempt, ...reason, at: new Date(nowMs).toISOString() }
  return { failure, letter: { ...message, body: withNote(message.body, failure) } }
}

/** What cannot be read is kept as it came. */
function withNote(body: Buffer, failure: AttemptFailure): Buffer {
  try {
    return encodeBody(withFailure(carriedOf(body), failure), payloadOf(body))
  } catch {
    return body
  }
}
