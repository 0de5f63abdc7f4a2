import { frameEnd, frameHeadBytes, frameOverheadBytes, frameType } from './frame-parser.ts'

/** What the few values of our own tables can be. */
export type TableValue = string | number | boolean | { readonly [name: string]: TableValue }

/** A method as a whole frame. For what is sent now and then; publishes and acknowledgements write their bytes themselves. */
export function request(channel: number, method: number, ...fields: readonly Buffer[]): Buffer {
  return frame(frameType.method, channel, Buffer.concat([u32(method), ...fields]))
}

export const heartbeatFrame = frame(frameType.heartbeat, 0, Buffer.alloc(0))

export function u8(value: number): Buffer {
  return Buffer.of(value)
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** @throws {RangeError} beyond 255 bytes */
export function shortText(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length > 255) throw new RangeError(`AMQP takes names of at most 255 bytes, not ${bytes.length}`)
  return Buffer.concat([u8(bytes.length), bytes])
}

export function longText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([u32(bytes.length), bytes])
}

export function table(fields: { readonly [name: string]: TableValue }): Buffer {
  const bytes = Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [shortText(name), fieldValue(value)]))
  return Buffer.concat([u32(bytes.length), bytes])
}

function fieldValue(value: TableValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([Buffer.from('S'), longText(value)])
  if (typeof value === 'boolean') return Buffer.concat([Buffer.from('t'), u8(value ? 1 : 0)])
  if (typeof value === 'number') return numberValue(value)
  return Buffer.concat([Buffer.from('F'), table(value)])
}

/** A whole number; 32 bits where they are enough, as amqplib does: the same declaration by either is the same. */
function numberValue(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  const isSmall = Math.abs(value) < 2 ** 31
  return Buffer.concat([Buffer.from(isSmall ? 'I' : 'l'), isSmall ? bytes.subarray(4) : bytes])
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(payload.length + frameOverheadBytes)
  bytes[0] = type
  bytes.writeUInt16BE(channel, 1)
  bytes.writeUInt32BE(payload.length, 3)
  payload.copy(bytes, frameHeadBytes)
  bytes[bytes.length - 1] = frameEnd
  return bytes
}
