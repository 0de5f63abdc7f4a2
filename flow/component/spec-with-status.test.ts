import { describe, expect, it } from 'vitest'
import { specWithStatus } from './spec-with-status.ts'

const found = [{ name: 'found', kind: 'action' }] as const
const status = { functions: found, dialect: 'elasticio', isolation: 'shared' } as const

describe('specWithStatus', () => {
  it('takes from the status what an image’s spec leaves open', () => {
    expect(specWithStatus({ spec: { image: 'a' }, status })).toEqual({ image: 'a', ...status })
    expect(specWithStatus({ spec: { image: 'a', dialect: 'auto' }, status }).dialect).toBe('elasticio')
  })

  it('takes the spec’s word before it', () => {
    const spec = { image: 'a', dialect: 'oih', isolation: 'process', functions: [] } as const
    expect(specWithStatus({ spec, status })).toEqual(spec)
  })

  it('takes nothing for inline source, which may have changed since', () => {
    const spec = { source: { files: { 'a.js': '' } } }
    expect(specWithStatus({ spec, status })).toEqual(spec)
  })

  it('knows of no function where nobody has found one', () => {
    expect(specWithStatus({ spec: { image: 'a' } })).toEqual({ image: 'a', functions: [] })
  })
})
