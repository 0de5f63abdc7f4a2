import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amqplibCodec } from '../../../../test/rig/amqplib-codec.ts'
import type { RawDelivery } from '../amqp-link.ts'
import { contentAssembler, type ContentAssembler } from './content-assembler.ts'
import { frameOverheadBytes } from './frame-parser.ts'

function open(): { assembler: ContentAssembler; deliveries: RawDelivery[]; returns: string[] } {
  const deliveries: RawDelivery[] = []
  const returns: string[] = []
  const assembler = contentAssembler({
    onDelivery: (delivery) => deliveries.push(delivery),
    onReturn: (correlationId) => returns.push(correlationId),
  })
  return { assembler, deliveries, returns }
}

function payloadOf(frame: Buffer): { bytes: Buffer; at: number; end: number } {
  return { bytes: frame, at: frameOverheadBytes - 1, end: frame.length - 1 }
}

function header(assembler: ContentAssembler, size: number, properties: Record<string, unknown> = {}): void {
  assembler.header(payloadOf(amqplibCodec.header(1, size, properties)))
}

function body(assembler: ContentAssembler, bytes: Buffer): void {
  assembler.body({ bytes, at: 0, end: bytes.length })
}

const delivery = { kind: 'delivery', deliveryTag: 7, redelivered: true } as const

describe('contentAssembler', () => {
  it('joins a body of any number of frames, and reads the properties that matter among all others', () => {
    const optionalText = fc.option(fc.string({ maxLength: 20 }), { nil: undefined })
    const properties = fc.record({
      contentType: optionalText,
      contentEncoding: optionalText,
      deliveryMode: fc.constantFrom(1, 2, undefined),
      priority: fc.option(fc.nat(9), { nil: undefined }),
      replyTo: optionalText,
      expiration: optionalText,
      timestamp: fc.option(fc.nat(), { nil: undefined }),
      type: optionalText,
      userId: optionalText,
      appId: optionalText,
      messageId: fc.string({ maxLength: 20 }),
      correlationId: optionalText,
    })
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 6 })
    fc.assert(
      fc.property(properties, fc.string(), fc.nat(1000), parts, (properties, weir, count, parts) => {
        const { assembler, deliveries } = open()
        const whole = Buffer.concat(parts)
        assembler.announce(delivery)
        header(assembler, whole.length, { ...properties, headers: { other: [1], weir, 'x-delivery-count': count } })
        for (const part of parts) body(assembler, Buffer.from(part))
        const { messageId } = properties
        const want = { deliveryTag: 7, redelivered: true, messageId, headers: weir, deliveryCount: count, body: whole }
        expect(deliveries).toEqual([want])
      }),
    )
  })

  it('hands on a body in one frame without a copy', () => {
    const { assembler, deliveries } = open()
    const bytes = Buffer.from('before body behind')
    assembler.announce(delivery)
    header(assembler, 4)
    assembler.body({ bytes, at: 7, end: 11 })
    expect(deliveries[0]?.body.toString()).toBe('body')
    expect(deliveries[0]?.body.buffer).toBe(bytes.buffer)
  })

  it('tells of a return once its body is over, and goes on', () => {
    const { assembler, deliveries, returns } = open()
    assembler.announce({ kind: 'return' })
    header(assembler, 6, { correlationId: 'c-9' })
    body(assembler, Buffer.from('abc'))
    expect(returns).toEqual([])
    body(assembler, Buffer.from('def'))
    assembler.announce(delivery)
    header(assembler, 0)
    expect(returns).toEqual(['c-9'])
    expect(deliveries).toMatchObject([{ messageId: '', headers: '', deliveryCount: 0, body: Buffer.alloc(0) }])
  })

  it.each([
    { name: 'headers of an unknown type', flags: 0x2000, properties: '\0\0\0\x03\x01nZ' },
    { name: 'a text that leaves the frame', flags: 0x8000, properties: '\xff' },
    { name: 'flags without properties', flags: 0xfffc, properties: '' },
    { name: 'endless flags', flags: 0x0001, properties: '\0\x01\0\x01' },
  ])('delivers a message with $name without its properties, for the connection is sound', ({ flags, properties }) => {
    const { assembler, deliveries } = open()
    const bytes = Buffer.alloc(14)
    bytes[11] = 2
    bytes.writeUInt16BE(flags, 12)
    const payload = Buffer.concat([bytes, Buffer.from(properties, 'latin1')])
    assembler.announce(delivery)
    assembler.header({ bytes: payload, at: 0, end: payload.length })
    body(assembler, Buffer.from('ok'))
    expect(deliveries).toMatchObject([{ deliveryTag: 7, messageId: '', headers: '', body: Buffer.from('ok') }])
  })

  it.each<{ name: string; steps: (assembler: ContentAssembler) => void; want: RegExp }>([
    { name: 'a header of nothing', steps: (it) => header(it, 1), want: /header out of turn/ },
    { name: 'a body of nothing', steps: (it) => body(it, Buffer.from('x')), want: /without a content header/ },
    {
      name: 'two announcements',
      steps: (it) => [it.announce(delivery), it.announce(delivery)],
      want: /before the last one was whole/,
    },
    {
      name: 'two headers',
      steps: (it) => [it.announce(delivery), header(it, 1), header(it, 1)],
      want: /header out of turn/,
    },
    {
      name: 'more than was announced',
      steps: (it) => [it.announce(delivery), header(it, 2), body(it, Buffer.from('abc'))],
      want: /3 bytes of a body of which 2/,
    },
    {
      name: 'empty bodies without end',
      steps: (it) => [it.announce(delivery), header(it, 2), body(it, Buffer.alloc(0))],
      want: /0 bytes of a body of which 2/,
    },
    {
      name: 'a body of a petabyte',
      steps: (it) => [it.announce(delivery), header(it, 2 ** 50)],
      want: /a message of 1125899906842624 bytes/,
    },
  ])('refuses $name', ({ steps, want }) => {
    expect(() => steps(open().assembler)).toThrow(want)
  })
})
