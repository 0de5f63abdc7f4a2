import { skip, skipShortText, takeShortText, takeU16, takeU64, takeU8, type Cursor } from './cursor.ts'
import { takeCountField, takeTextField, visitTable, type FieldType } from './field-table.ts'
import { weirHeader } from './publish-encoder.ts'
import { WireError } from './wire-error.ts'

/** What is read of a message's properties; empty or 0 where it is absent. */
export interface Properties {
  messageId: string
  correlationId: string
  /** The header `weir`. */
  headers: string
  /** The header `x-delivery-count`, set by quorum queues. */
  deliveryCount: number
}

type SkipProperty = (cursor: Cursor) => unknown

/** In the order of their flags, from the highest bit: the way over each property that is not kept. */
const properties: readonly (SkipProperty | keyof Properties)[] = [
  skipShortText, // content-type
  skipShortText, // content-encoding
  'headers',
  takeU8, // delivery-mode
  takeU8, // priority
  'correlationId',
  skipShortText, // reply-to
  skipShortText, // expiration
  'messageId',
  takeU64, // timestamp
  skipShortText, // type
  skipShortText, // user-id
  skipShortText, // app-id
  skipShortText, // cluster-id
]

/** Leaves the cursor at the properties. */
export function takeBodyLength(cursor: Cursor): number {
  skip(cursor, 4) // class and weight
  return takeU64(cursor)
}

/**
 * The frame is whole, so what cannot be read in it is one message's fault and not the connection's: it is given without
 * properties. To lose the connection would bring the same message again, for ever.
 */
export function takeProperties(cursor: Cursor): Properties {
  const read: Properties = { messageId: '', correlationId: '', headers: '', deliveryCount: 0 }
  try {
    takeInto(read, cursor)
    return read
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { messageId: '', correlationId: '', headers: '', deliveryCount: 0 }
  }
}

function takeInto(read: Properties, cursor: Cursor): void {
  const flags = takeU16(cursor)
  // The lowest bit would announce more flags; AMQP 0-9-1 has no property that needs them.
  if ((flags & 1) !== 0) throw new WireError('more flags of properties than there are properties')
  for (let index = 0; index < properties.length; index += 1) {
    if ((flags & (0x8000 >>> index)) === 0) continue
    const property = properties[index]
    if (property === 'headers') visitTable(cursor, read, takeHeader)
    else if (property === 'messageId') read.messageId = takeShortText(cursor)
    else if (property === 'correlationId') read.correlationId = takeShortText(cursor)
    else (property as SkipProperty)(cursor)
  }
}

function takeHeader(read: Properties, name: string, { type, cursor }: { type: FieldType; cursor: Cursor }): void {
  if (name === weirHeader) read.headers = takeTextField(type, cursor) ?? ''
  else if (name === 'x-delivery-count') read.deliveryCount = takeCountField(type, cursor) ?? 0
}
