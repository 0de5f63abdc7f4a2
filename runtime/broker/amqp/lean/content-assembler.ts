import type { RawDelivery } from '../amqp-link.ts'
import { takeBodyLength, takeProperties, type Properties } from './content-header.ts'
import type { Cursor } from './cursor.ts'
import { WireError } from './wire-error.ts'

/** What a method announces that carries a message; the message follows in frames of its own. */
export type Announced =
  | { readonly kind: 'delivery'; readonly deliveryTag: number; readonly redelivered: boolean }
  | { readonly kind: 'return' }

export interface ContentSink {
  readonly onDelivery: (delivery: RawDelivery) => void
  readonly onReturn: (correlationId: string) => void
}

/** Puts the messages of one channel together. All of it throws a `WireError` on what comes out of turn. */
export interface ContentAssembler {
  readonly announce: (announced: Announced) => void
  readonly header: (cursor: Cursor) => void
  readonly body: (cursor: Cursor) => void
}

/** RabbitMQ's own limit is at most this (`max_message_size`). */
const maxBodyBytes = 512 * 1024 * 1024
const emptyBody = Buffer.alloc(0)

/** A body in one frame is handed on where it lies; one of several frames is joined once, at its end. */
export function contentAssembler({ onDelivery, onReturn }: ContentSink): ContentAssembler {
  let announced: Announced | undefined
  let properties: Properties | undefined
  let missing = 0
  let parts: Buffer[] = []

  const finish = (body: Buffer): void => {
    const done = announced as Announced
    const { messageId, correlationId, headers, deliveryCount } = properties as Properties
    announced = undefined
    properties = undefined
    if (done.kind === 'return') return onReturn(correlationId)
    const { deliveryTag, redelivered } = done
    onDelivery({ deliveryTag, redelivered, messageId, headers, deliveryCount, body })
  }

  return {
    announce: (next) => {
      if (announced !== undefined) throw new WireError('a message before the last one was whole')
      announced = next
    },
    header: (cursor) => {
      if (announced === undefined || properties !== undefined) throw new WireError('a content header out of turn')
      missing = takeBodyLength(cursor)
      if (missing > maxBodyBytes) throw new WireError(`a message of ${missing} bytes`)
      properties = takeProperties(cursor)
      if (missing === 0) finish(emptyBody)
    },
    body: ({ bytes, at, end }) => {
      if (properties === undefined) throw new WireError('a body without a content header')
      const length = end - at
      if (length === 0 || length > missing)
        throw new WireError(`${length} bytes of a body of which ${missing} are missing`)
      missing -= length
      if (missing === 0 && parts.length === 0) return finish(bytes.subarray(at, end))
      // What was returned is known to its sender.
      if (announced?.kind === 'delivery') parts.push(bytes.subarray(at, end))
      if (missing > 0) return
      const whole = Buffer.concat(parts)
      parts = []
      finish(whole)
    },
  }
}
