import { describe, expect, it } from 'vitest'
import { packed, slim } from './projection.ts'

const flow = (name: string, more: object = {}) => ({
  metadata: { name, resourceVersion: '1', managedFields: [{ manager: 'kubectl' }] },
  spec: { steps: [{ name: 'say', log: `"${name}"` }] },
  ...more,
})

describe('packed', () => {
  const pack = packed(['spec', 'status'])

  it('gives what was there, whatever characters it has', () => {
    const spec = { 'ключ "€"': ['é', '\u0000', '\u2028', '😀', '\\u20ac', null, 1.5, { __proto__: 1 }] }
    const object = pack({ metadata: { name: 'a' }, spec, status: { größe: '…' }, kind: 'Flow' })
    expect(object['spec']).toEqual(spec)
    expect(object['status']).toEqual({ größe: '…' })
    expect(object['kind']).toBe('Flow')
  })

  it('keeps no more than the other projection does, and as nothing what is not there', () => {
    const object = pack(flow('a'))
    expect(object.metadata).toEqual({ name: 'a', resourceVersion: '1' })
    expect(object['status']).toBeUndefined()
  })

  it('has each object give its own, however many others were looked at before', () => {
    const objects = Array.from({ length: 300 }, (_, at) => pack(flow(`flow-${at}`, { status: { at } })))
    const [first] = objects
    expect(objects.map((object) => object['status'])).toEqual(objects.map((_, at) => ({ at })))
    expect(first?.['status']).toEqual({ at: 0 })
    expect(first?.['spec']).toEqual(flow('flow-0').spec)
  })

  it('gives the values to whoever copies it, compares it or writes it as JSON', () => {
    const object = pack(flow('a', { status: { is: 'well' } }))
    const whole = { ...slim(flow('a')), status: { is: 'well' } }
    expect({ ...object }).toEqual(whole)
    expect(object).toEqual(whole)
    expect(JSON.parse(JSON.stringify(object))).toEqual(whole)
    expect(pack(object)).toEqual(whole)
  })

  it('can be frozen', () => {
    expect(Object.freeze(pack(flow('a')))['spec']).toEqual(flow('a').spec)
  })
})
