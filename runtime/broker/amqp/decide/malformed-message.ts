import { hash } from 'node:crypto'
import { parseQueueName } from '../../../../flow/plan/queue-name.ts'
import type { CarriedValues } from '../../../wire/body.ts'
import { carriedOf, encodeBody, payloadOf } from '../../../wire/body.ts'
import type { MessageHeaders, WireMessage } from '../../../wire/message.ts'

export interface Malformed {
  readonly queue: string
  /** As it came; may be empty. */
  readonly messageId: string
  readonly body: Buffer
  readonly reason: string
  readonly nowMs: number
}

/**
 * What the recorder keeps of a message whose headers cannot be read: flow and step are told from its queue. A body in
 * a message's form says why it died, any other stays as it stands.
 */
export function malformedMessage({ queue, messageId, body, reason, nowMs }: Malformed): WireMessage {
  const identity = parseQueueName(queue)
  const step = identity?.step ?? queue
  const headers: MessageHeaders = {
    flow: identity?.flowUid ?? '',
    revision: 0,
    revisionHash: '',
    run: '',
    runStartedAt: nowMs,
    trigger: '',
    at: step,
    attempt: 1,
    copy: '',
    hops: 0,
  }
  // Content, so that the same one is the same dead letter when it comes twice.
  const id = messageId === '' ? hash('sha256', body, 'hex').slice(0, 32) : messageId
  const carried = readCarried(body)
  if (carried === undefined) return { id, headers, body }
  const failure = {
    step,
    attempt: 1,
    code: 'MalformedMessage',
    message: `the message cannot be read: ${reason}`,
    at: new Date(nowMs).toISOString(),
  }
  const failures = [...(carried.failures ?? []), failure]
  return { id, headers, body: encodeBody({ ...carried, failures }, payloadOf(body)) }
}

/** Undefined when the body is not of a message's form. */
function readCarried(body: Buffer): CarriedValues | undefined {
  try {
    const carried: unknown = carriedOf(body)
    if (typeof carried !== 'object' || carried === null || Array.isArray(carried)) return undefined
    const { failures } = carried as CarriedValues
    return failures === undefined || Array.isArray(failures) ? carried : undefined
  } catch {
    return undefined
  }
}
