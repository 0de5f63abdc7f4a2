import fc from 'fast-check'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { amqplibCodec } from '../../../../test/rig/amqplib-codec.ts'
import type { Publication } from '../amqp-link.ts'
import { method } from './method.ts'
import { openOutbox, takePieces } from './outbox.ts'
import { publishEncoder } from './publish-encoder.ts'

const channel = 3

function encode(publications: readonly Publication[], frameMax = 131_072): Buffer {
  const outbox = openOutbox()
  const encoder = publishEncoder(outbox, channel, frameMax)
  for (const publication of publications) encoder.put(publication)
  return Buffer.concat(takePieces(outbox))
}

/** What amqplib would read of it: method, header and joined body of each message. */
function decode(bytes: Buffer): unknown[] {
  const messages: { method: unknown; size: unknown; properties: unknown; body: Buffer; longest: number }[] = []
  for (const { id, fields, size, content } of amqplibCodec.decode(bytes)) {
    const last = messages.at(-1)
    if (id === method.basicPublish) {
      messages.push({ method: fields, size, properties: {}, body: Buffer.alloc(0), longest: 0 })
    } else if (last !== undefined && content !== undefined) {
      last.body = Buffer.concat([last.body, content])
      last.longest = Math.max(last.longest, content.length)
    } else if (last !== undefined) Object.assign(last, { properties: fields, size })
  }
  return messages.map(({ body, ...rest }) => ({ ...rest, body: hash('sha256', body) }))
}

function wanted({ exchange, routingKey, messageId, correlationId, headers, body }: Publication): unknown {
  return {
    method: { ticket: 0, exchange, routingKey, mandatory: true, immediate: false },
    size: body.length,
    properties: { headers: { weir: headers }, deliveryMode: 2, messageId, correlationId },
    body: hash('sha256', body),
  }
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const publication = fc.record({
  exchange: fc.constantFrom('', 'steps', 'retry'),
  routingKey: text,
  messageId: text,
  correlationId: text,
  headers: fc.string({ unit: 'grapheme', maxLength: 400 }),
  body: fc
    .oneof(fc.constant(0), fc.nat(2000), fc.constantFrom(16_384, 16_385, 131_064, 131_065, 300_000))
    .map((length) => Buffer.alloc(length, length % 251)),
})

describe('publishEncoder', () => {
  it('writes what amqplib reads', () => {
    fc.assert(
      fc.property(fc.array(publication, { minLength: 1, maxLength: 8 }), (publications) => {
        expect(decode(encode(publications))).toMatchObject(publications.map(wanted))
      }),
      { numRuns: 60 },
    )
  })

  it.each([0, 1, 4087, 4088, 4089, 8176, 8177, 100_000])('keeps %i bytes within a frame-max of 4096', (length) => {
    const publication: Publication = {
      exchange: 'steps',
      routingKey: 'a',
      messageId: 'm',
      correlationId: 'c',
      headers: '{}',
      body: Buffer.alloc(length, 7),
    }
    const [message] = decode(encode([publication], 4096)) as { longest: number }[]
    expect(message).toMatchObject(wanted(publication) as object)
    expect(message?.longest).toBe(Math.min(length, 4088))
  })

  it.each([
    { name: 'an id of more than 255 bytes', part: { messageId: 'é'.repeat(128) }, want: /an id of 256 bytes/ },
    { name: 'headers that fill more than a frame', part: { headers: 'x'.repeat(5000) }, want: /headers of 5000 bytes/ },
  ])('refuses $name, and sends nothing of it', ({ part, want }) => {
    const good: Publication = {
      exchange: 'steps',
      routingKey: 'a',
      messageId: 'm',
      correlationId: 'c',
      headers: '{}',
      body: Buffer.from('x'),
    }
    const outbox = openOutbox()
    const encoder = publishEncoder(outbox, channel, 4096)
    encoder.put(good)
    expect(() => encoder.put({ ...good, ...part })).toThrow(want)
    encoder.put(good)
    expect(decode(Buffer.concat(takePieces(outbox)))).toMatchObject([wanted(good), wanted(good)])
  })
})
