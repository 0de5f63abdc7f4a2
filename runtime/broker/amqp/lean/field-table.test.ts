import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amqplibCodec } from '../../../../test/rig/amqplib-codec.ts'
import type { Cursor } from './cursor.ts'
import { takeBoolField, takeCountField, takeTextField, visitTable } from './field-table.ts'
import { table } from './request.ts'

function cursorOn(bytes: Buffer): Cursor {
  return { bytes, at: 0, end: bytes.length }
}

/** Names of all fields, with the values of those that are looked for; the others are left to be skipped. */
function read(bytes: Buffer): { readonly fields: ReadonlyMap<string, unknown>; readonly end: number } {
  const fields = new Map<string, unknown>()
  const cursor = cursorOn(bytes)
  visitTable(cursor, fields, (into, name, { type, cursor: value }) => {
    const take = (): unknown => takeTextField(type, value) ?? takeBoolField(type, value) ?? takeCountField(type, value)
    into.set(name, name.startsWith('weir') ? take() : undefined)
  })
  return { fields, end: cursor.at }
}

const special = (type: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  value.map((value) => ({ '!': type, value }))

/** Every type that RabbitMQ's table grammar has, nested. `L` alone is unknown to amqplib. */
const { value } = fc.letrec<{ value: unknown; map: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.nat(),
    // Told to be one: amqplib takes some with a fraction for whole numbers, and fails.
    special('double', fc.double()),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    special('byte', fc.integer({ min: -128, max: 127 })),
    special('unsignedbyte', fc.nat(255)),
    special('unsignedshort', fc.nat(0xffff)),
    special('unsignedint', fc.nat(0xffffffff)),
    special('float', fc.float()),
    special('timestamp', fc.nat()),
    special('decimal', fc.record({ places: fc.nat(255), digits: fc.nat(0xffffffff) })),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('map'),
  ),
  map: fc.dictionary(
    fc.string({ maxLength: 20 }).filter((name) => name !== '!'),
    tie('value'),
    { maxKeys: 5, noNullPrototype: true },
  ),
}))

describe('visitTable', () => {
  it('finds what it looks for between fields of any type, and ends where the table ends', () => {
    const count = fc.oneof(
      fc.nat(127),
      special('unsignedbyte', fc.nat(255)),
      special('unsignedint', fc.nat(0xffffffff)),
      special('long', fc.maxSafeNat()),
    )
    const around = fc.array(fc.tuple(fc.string({ maxLength: 20 }), value), { maxLength: 6 })
    fc.assert(
      fc.property(around, fc.string(), count, fc.nat(6), (others, text, number, at) => {
        const wanted: [string, unknown][] = [
          ['weir-text', text],
          ['weir-count', number],
        ]
        const entries = Object.fromEntries([...others.slice(0, at), ...wanted, ...others.slice(at)])
        const bytes = amqplibCodec.table(entries)
        const { fields, end } = read(Buffer.concat([bytes, Buffer.from('behind')]))
        expect(end).toBe(bytes.length)
        expect([...fields.keys()].toSorted()).toEqual(Object.keys(entries).toSorted())
        expect(fields.get('weir-text')).toBe(Buffer.from(text).toString())
        expect(fields.get('weir-count')).toBe(typeof number === 'number' ? number : (number as { value: number }).value)
      }),
    )
  })

  it('passes over what a delay leaves in the headers', () => {
    const death = {
      count: 3,
      reason: 'expired',
      queue: 'delay.v1.1000',
      exchange: '',
      'routing-keys': ['a.b', 'c'],
      time: { '!': 'timestamp', value: 1_700_000_000 },
    }
    const headers = { 'x-death': [death, death], 'x-first-death-reason': 'expired', weir: '{"flow":"f"}' }
    expect(read(amqplibCodec.table(headers)).fields.get('weir')).toBe('{"flow":"f"}')
  })

  it('knows the type that only RabbitMQ reads', () => {
    const bytes = Buffer.concat([Buffer.of(0, 0, 0, 14, 4), Buffer.from('weirL'), Buffer.of(0, 0, 0, 0, 0, 0, 0, 7)])
    expect(read(bytes).fields.get('weir')).toBe(7)
  })

  it('writes tables that amqplib reads', () => {
    const fields = { product: 'Weir', capabilities: { 'basic.nack': true, other: false }, name: 'ünïcode' }
    expect(table(fields)).toEqual(amqplibCodec.table(fields))
  })

  it('never reads beyond the table, nor for ever, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(read(Buffer.from(bytes)).end).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    { name: 'a table longer than the frame', bytes: Buffer.of(0, 0, 0, 9, 1), want: /9 bytes where 1 are left/ },
    { name: 'an unknown type', bytes: Buffer.from('\0\0\0\x03\x01nZ'), want: /unknown type 90/ },
    {
      name: 'a text that leaves its table',
      bytes: Buffer.from('\0\0\0\x07\x01nS\0\0\0\x04behind'),
      want: /4 bytes where 0/,
    },
    { name: 'a name that leaves its table', bytes: Buffer.from('\0\0\0\x02\x09nbehind'), want: /9 bytes where 1/ },
  ])('refuses $name', ({ bytes, want }) => {
    expect(() => read(bytes)).toThrow(want)
  })
})
