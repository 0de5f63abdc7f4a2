import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameParser, maxFrameBytes } from './frame-parser.ts'

interface Taken {
  readonly type: number
  readonly channel: number
  readonly payload: Buffer
}

/** What the parser makes of the chunks; payloads are looked at only at the end, so that reused bytes would show. */
function parse(chunks: readonly Buffer[]): Taken[] {
  const taken: Taken[] = []
  const parser = frameParser(({ type, channel, bytes, start, end }) => {
    taken.push({ type, channel, payload: bytes.subarray(start, end) })
  })
  for (const chunk of chunks) parser.push(chunk)
  return taken
}

function toBytes({ type, channel, payload }: Taken): Buffer {
  const head = Buffer.alloc(7)
  head[0] = type
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.of(0xce)])
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return sorted.slice(1).map((place, index) => bytes.subarray(sorted[index], place))
}

const payload = fc
  .oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 200, maxLength: 3000 }))
  .map((bytes) => Buffer.from(bytes))
const frame = fc.record({ type: fc.constantFrom(1, 2, 3, 8), channel: fc.nat(0xffff), payload })

describe('frameParser', () => {
  it('gives the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 60 }), (frames, places) => {
        const bytes = Buffer.concat(frames.map(toBytes))
        expect(parse(cut(bytes, places))).toEqual(frames)
      }),
    )
  })

  it('gives the same frames byte by byte', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 3 }), (frames) => {
        const bytes = Array.from(Buffer.concat(frames.map(toBytes)), (byte) => Buffer.of(byte))
        expect(parse(bytes)).toEqual(frames)
      }),
      { numRuns: 30 },
    )
  })

  it('hands on a frame within one chunk without a copy', () => {
    const chunk = toBytes({ type: 3, channel: 1, payload: Buffer.from('abc') })
    expect(parse([chunk])[0]?.payload.buffer).toBe(chunk.buffer)
  })

  it('ends or goes on, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        try {
          parse(chunks.map((chunk) => Buffer.from(chunk)))
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError' })
        }
      }),
    )
  })

  const good = toBytes({ type: 1, channel: 0, payload: Buffer.alloc(4) })
  const tooLong = Buffer.alloc(7)
  tooLong[0] = 3
  tooLong.writeUInt32BE(maxFrameBytes - 7, 3)
  it.each([
    { name: 'a web server', bytes: Buffer.from('HTTP/1.1 400 Bad Request'), want: /"HTTP\/1\." where a frame should/ },
    { name: 'another version of AMQP', bytes: Buffer.from('AMQP\0\0\x09\x01'), want: /"AMQP\.\.\." where a frame/ },
    { name: 'an unknown type', bytes: Buffer.of(7, 0, 0, 0, 0, 0, 0, 0xce), want: /is this its port for AMQP/ },
    { name: 'a frame that is too long', bytes: tooLong, want: /131073 bytes, more than the agreed 131072/ },
    {
      name: 'a frame without its end',
      bytes: Buffer.concat([good.subarray(0, -1), Buffer.of(0)]),
      want: /ends in 0/,
    },
  ])('refuses $name', ({ bytes, want }) => {
    expect(() => parse([bytes])).toThrow(want)
    expect(() => parse([good, bytes.subarray(0, 3), bytes.subarray(3)])).toThrow(want)
  })
})
