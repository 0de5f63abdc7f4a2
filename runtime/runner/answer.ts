import type { Broker } from '../broker/broker.ts'
import type { AttemptFailure } from '../wire/body.ts'
import { freshId } from '../wire/message-id.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { Reply } from '../wire/reply.ts'
import { replyMessage } from '../wire/reply.ts'
import type { Response } from './outcome.ts'

interface AnswerParts {
  readonly broker: Pick<Broker, 'publish'>
}

/** Sends the caller of a synchronous webhook its answer; without a caller, and where nobody waits any more, nothing happens. */
export function answer(parts: AnswerParts, headers: MessageHeaders, response: Response): Promise<void> | undefined {
  return reply(parts, headers, { kind: 'response', ...response })
}

/** Tells the caller of a synchronous webhook at once that its run has failed. */
export function answerFailure(
  parts: AnswerParts,
  headers: MessageHeaders,
  { code, message }: Pick<AttemptFailure, 'code' | 'message'>,
): Promise<void> | undefined {
  return reply(parts, headers, { kind: 'failed', code, message, run: headers.run })
}

function reply({ broker }: AnswerParts, headers: MessageHeaders, words: Reply): Promise<void> | undefined {
  const { replyTo } = headers
  if (replyTo === undefined) return undefined
  return broker.publish({ kind: 'queue', queue: replyTo }, replyMessage(headers, words, { freshId })).then(() => {})
}
