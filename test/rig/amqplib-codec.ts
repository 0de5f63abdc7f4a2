import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const library = join(dirname(require.resolve('amqplib')), 'lib')

type Fields = Readonly<Record<string, unknown>>

interface DecodedFrame {
  readonly id?: number
  readonly channel: number
  readonly size?: number
  readonly fields?: Fields
  readonly content?: Buffer
}

const codec = require(join(library, 'codec.js')) as {
  readonly encodeTable: (buffer: Buffer, fields: Fields, offset: number) => number
}
const frames = require(join(library, 'frame.js')) as {
  readonly parseFrame: (bytes: Buffer, max: number) => { readonly rest: Buffer } | false
  readonly decodeFrame: (frame: unknown) => DecodedFrame
  readonly makeBodyFrame: (channel: number, content: Buffer) => Buffer
}
const defs = require(join(library, 'defs.js')) as {
  readonly encodeMethod: (id: number, channel: number, fields: Fields) => Buffer
  readonly encodeProperties: (id: number, channel: number, size: number, fields: Fields) => Buffer
}

const classBasic = 60

/** amqplib's own encoder and decoder, which it does not export: a second opinion on every byte. */
export const amqplibCodec = {
  table: (fields: Fields): Buffer => {
    const bytes = Buffer.alloc(256 * 1024)
    return bytes.subarray(0, codec.encodeTable(bytes, fields, 0))
  },
  method: defs.encodeMethod,
  header: (channel: number, size: number, properties: Fields): Buffer =>
    defs.encodeProperties(classBasic, channel, size, properties),
  body: frames.makeBodyFrame,
  decode: (bytes: Buffer): DecodedFrame[] => {
    const decoded: DecodedFrame[] = []
    for (let rest = bytes; rest.length > 0;) {
      const frame = frames.parseFrame(rest, 0)
      if (frame === false) throw new Error(`${rest.length} bytes are left over`)
      decoded.push(frames.decodeFrame(frame))
      rest = frame.rest
    }
    return decoded
  },
}
