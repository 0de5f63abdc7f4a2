import { describe, expect, it } from 'vitest'
import { countersIn, firstStatus, ownPart, ownStatus, webhookAddresses } from './flow-status.ts'

const now = '2026-01-01T00:00:00Z'

describe('a status', () => {
  it('begins with what is not ready yet, in conditions that are always there', () => {
    const { conditions = [], observedGeneration } = firstStatus(3, now)
    expect(observedGeneration).toBe(3)
    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual(['Ready=False', 'Active=False'])
  })

  it('is compared by our own part: the state and the conditions of others do not count', () => {
    const [own] = firstStatus(1, now).conditions ?? []
    if (own === undefined) throw new Error('there is none')
    const written = ownStatus({
      generation: 1,
      conditions: [own],
      webhooks: [],
      counters: { backlog: 0 },
      activeRevision: 1,
      pinnedRevision: undefined,
    })
    const stranger = { ...own, type: 'example.com/Checked' }
    expect(ownPart({ ...written, conditions: [stranger, own], state: { format: 1 } as never })).toEqual(written)
  })

  it('keeps the counters of whoever counted before, and begins with nothing', () => {
    expect(countersIn({ backlog: 7, lastRunAt: now, activeRevision: 3 }, true)).toEqual({
      backlog: 7,
      deadLetters: 0,
      lastRunAt: now,
    })
    expect(countersIn(undefined, false)).toEqual({})
  })

  it('has an address for each webhook where there is a gateway to be reached', () => {
    const triggers = [
      { name: 'hook', webhook: { path: '/a/{id}', auth: { none: {} } } },
      { name: 'hand', manual: {} },
    ]
    const place = { publicUrl: 'https://x.example', namespace: 'a' }
    expect(webhookAddresses({ triggers }, place)).toEqual([
      { trigger: 'hook', url: 'https://x.example/hooks/a/a/{id}' },
    ])
    expect(webhookAddresses({ triggers }, { ...place, publicUrl: undefined })).toEqual([])
  })
})
