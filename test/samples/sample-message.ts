import { encodeBody } from '../../runtime/wire/body.ts'
import type { MessageHeaders, WireMessage } from '../../runtime/wire/message.ts'

/** Headers of a first attempt, which say nothing that a test should rest on: what it does rest on it gives. */
export function sampleHeaders(given: Partial<MessageHeaders> = {}): MessageHeaders {
  return {
    flow: 'uid',
    revision: 1,
    revisionHash: 'h',
    run: 'r',
    runStartedAt: 0,
    trigger: 't',
    at: 'store',
    attempt: 1,
    copy: 'c',
    hops: 0,
    ...given,
  }
}

/** A message that carries nothing. */
export function sampleMessage(
  id: string,
  headers: Partial<MessageHeaders> = {},
  payload: string | Buffer = '{}',
): WireMessage {
  return { id, headers: sampleHeaders(headers), body: encodeBody({}, Buffer.from(payload)) }
}
