import type { AttemptFailure } from '../wire/body.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import { withFailure } from './outputs.ts'

export interface Mismatched {
  readonly letter: WireMessage
  readonly failure: AttemptFailure
}

/** A message that fits no plan, as a dead letter. */
export function mismatched(message: WireMessage, nowMs: number): Mismatched {
  const { at: step, attempt, revision } = message.headers
  const text = `revision ${revision} is gone, or has no queue for "${step}"`
  const failure = { step, attempt, code: 'PlanMismatch', message: text, at: new Date(nowMs).toISOString() }
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
