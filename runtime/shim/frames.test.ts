import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameReader, frameWriter, maxFrameBytes } from './frames.cjs'

interface Frame {
  readonly type: number
  readonly call: number
  readonly number: number
  readonly text: string
  readonly bytes: Buffer
}

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    call: fc.integer({ min: 0, max: 0xffffffff }),
    number: fc.integer({ min: 0, max: 0xffffffff }),
    text: fc.string({ unit: 'grapheme', maxLength: 200 }),
    bytes: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 20 },
)

/** What a writer writes, in one buffer. */
function written(given: readonly Frame[]): Buffer {
  const chunks: Buffer[] = []
  const socket = { write: (chunk: Buffer) => chunks.push(Buffer.from(chunk)), cork: () => {}, uncork: () => {} }
  // Only what the writer uses of a socket.
  const writer = frameWriter(socket as unknown as Socket)
  for (const { type, call, number, text, bytes } of given) writer.send(type, call, number, text, bytes)
  writer.flush()
  return Buffer.concat(chunks)
}

/** What a reader makes of it when it comes in pieces of this size. */
function read(bytes: Buffer, pieceBytes: number): Frame[] {
  const seen: Frame[] = []
  const feed = frameReader((type, call, values) => {
    seen.push({ type, call, number: values.number(), text: values.text(), bytes: Buffer.from(values.bytes()) })
  })
  for (let at = 0; at < bytes.length; at += pieceBytes) feed(bytes.subarray(at, at + pieceBytes))
  return seen
}

describe('frames', () => {
  it('arrive as they were sent, however they are cut', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 70_000 }), (given, pieceBytes) => {
        expect(read(written(given), Math.max(pieceBytes, 7))).toEqual(given)
      }),
      { numRuns: 50 },
    )
  })

  it('arrive when they are larger than a chunk', () => {
    const given = [70_000, 1, 200_000].map((size, n) => ({
      type: 2,
      call: n,
      number: n,
      text: 'é'.repeat(size),
      bytes: Buffer.alloc(size, n),
    }))
    expect(read(written(given), 65_536).map(({ text, bytes }) => [text.length, bytes.length, bytes[0]])).toEqual([
      [70_000, 70_000, 0],
      [1, 1, 1],
      [200_000, 200_000, 2],
    ])
  })

  it('arrive byte by byte', () => {
    const given = [{ type: 4, call: 9, number: 1, text: 'ünï', bytes: Buffer.from('x') }]
    expect(read(written([...given, ...given]), 1)).toEqual([...given, ...given])
  })

  it.each([
    { name: 'an HTTP request', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
    { name: 'a length below the least', bytes: Buffer.from([0, 0, 0, 4, 1, 0, 0, 0]) },
    { name: 'a length above the most', bytes: lengthOf(maxFrameBytes + 1) },
  ])('are not $name', ({ bytes }) => {
    expect(() => read(bytes, bytes.length)).toThrow(RangeError)
  })

  it('are never read beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 60 }), (content) => {
        const frame = Buffer.concat([lengthOf(content.length), content, Buffer.alloc(200, 7)])
        let readBytes = 0
        const feed = frameReader((_type, _call, values) => {
          try {
            for (;;) readBytes += 4 + values.bytes().length
          } catch (error) {
            if (!(error instanceof RangeError)) throw error
          }
          throw new RangeError('enough')
        })
        expect(() => feed(frame)).toThrow(RangeError)
        expect(readBytes).toBeLessThanOrEqual(content.length)
      }),
    )
  })

  it('of one turn of the event loop are one write', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
    const [accepted] = (await Promise.all([once(server, 'connection'), once(client, 'connect')]))[0] as [Socket]
    const sizes: number[] = []
    accepted.on('data', (chunk: Buffer) => sizes.push(chunk.length))
    const writer = frameWriter(client)
    for (let n = 0; n < 100; n += 1) writer.send(1, n, 'x')
    await expect.poll(() => sizes).toEqual([100 * (4 + 5 + 4 + 1)])
    client.destroy()
    accepted.destroy()
    server.close()
  })
})

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}
