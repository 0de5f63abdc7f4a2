import type { MessageHeaders, WireMessage } from './message.ts'

/** What a run answers to whom waits for it: a `respond` step's words, or that a message of it died first. The first one counts. */
export type Reply =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      /** A string is sent as it is, anything else as JSON, nothing as nothing. */
      readonly body?: unknown
    }
  | {
      readonly kind: 'failed'
      /** Shown to the caller, as is the message: neither names secrets nor holds a stack. */
      readonly code: string
      readonly message: string
      readonly run: string
    }

/** The reply as a message for the queue that the answered message names in `replyTo`; unroutable there means that nobody waits any more. */
export function replyMessage(
  headers: MessageHeaders,
  reply: Reply,
  ids: { readonly freshId: () => string },
): WireMessage {
  const { replyTo: _, tracked: __, ...rest } = headers
  return { id: ids.freshId(), headers: rest, body: Buffer.from(JSON.stringify(reply)) }
}

/** Undefined when the bytes are no reply. */
export function replyOf(message: WireMessage): Reply | undefined {
  let value: unknown
  try {
    value = JSON.parse(message.body.toString('utf8'))
  } catch {
    return undefined // another version's, or rubbish: whoever waits has a deadline
  }
  return isReply(value) ? value : undefined
}

function isReply(value: unknown): value is Reply {
  if (typeof value !== 'object' || value === null) return false
  const { kind, status, headers, code, message } = value as Partial<Record<string, unknown>> // any object may be looked at
  if (kind === 'response') return typeof status === 'number' && typeof headers === 'object' && headers !== null
  return kind === 'failed' && typeof code === 'string' && typeof message === 'string'
}
