import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { carriedOf, encodeBody, payloadOf, type CarriedValues } from './body.ts'

describe('a body', () => {
  it.each([
    { name: 'nothing at all', carried: {}, payload: '' },
    { name: 'a payload alone', carried: {}, payload: '{"data":1}' },
    { name: 'carried values alone', carried: { trigger: { name: 'hook' } }, payload: '' },
    {
      name: 'letters of several bytes',
      carried: { steps: { prüfen: { data: '🦜 ß' } } },
      payload: '{"data":"żółw 🐢"}',
    },
    { name: 'bytes that are no text', carried: {}, payload: Buffer.from([0, 255, 254, 0xc3]) },
    {
      name: 'all that can be carried',
      carried: {
        split: { id: 'x', index: 0, count: 2 },
        rebound: { iteration: 3, reason: 'busy' },
        failures: [{ step: 'a', attempt: 1, code: 'C', message: 'm', at: '2026-01-01T00:00:00.000Z' }],
      },
      payload: '{}',
    },
  ] satisfies { name: string; carried: CarriedValues; payload: string | Buffer }[])(
    'gives back $name',
    ({ carried, payload }) => {
      const bytes = Buffer.from(payload as string)
      const body = encodeBody(carried, bytes)
      expect(carriedOf(body)).toEqual(carried)
      expect(payloadOf(body).equals(bytes)).toBe(true)
    },
  )

  it('keeps 20 MB of payload behind 2 MB of carried values, and copies it once only', () => {
    const payload = Buffer.alloc(20_000_000, 'x')
    const carried = { steps: { big: { data: 'é'.repeat(1_000_000) } } }
    const body = encodeBody(carried, payload)
    expect(carriedOf(body)).toEqual(carried)
    expect(payloadOf(body).length).toBe(payload.length)
    expect(payloadOf(body).buffer).toBe(body.buffer)
  })

  it('gives back whatever JSON and bytes it is made of', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array(), (data, bytes) => {
        const carried = JSON.parse(JSON.stringify({ trigger: data })) as CarriedValues
        const body = encodeBody(carried, Buffer.from(bytes))
        expect(carriedOf(body)).toEqual(carried)
        expect([...payloadOf(body)]).toEqual([...bytes])
      }),
    )
  })
})
