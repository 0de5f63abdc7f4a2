import { describe, expect, it } from 'vitest'
import { countersIn, firstStatus, ownPart, ownStatus, statusWithState, webhookAddresses } from './flow-status.ts'

const now = '2026-01-01T00:00:00Z'
const told = { status: 'True', lastTransitionTime: now, reason: 'RevisionActive', message: 'it is' } as const
const [ready, active, warned, strange] = ['Ready', 'Active', 'Warnings', 'example.com/Checked'].map((type) => ({
  ...told,
  type,
}))
if (ready === undefined || active === undefined || warned === undefined || strange === undefined) throw new Error()
const notReady = { ...ready, status: 'False' as const }
const facts = { generation: 2, webhooks: [], counters: { backlog: 0 }, activeRevision: 1, pinnedRevision: undefined }

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

  it.each([
    {
      name: 'that it is ready, and keeps what others say',
      conditions: [ready, active],
      before: { conditions: [notReady, warned, strange] },
      want: {
        observedGeneration: 2,
        activeRevision: 1,
        backlog: 0,
        deadLetters: 0,
        conditions: [ready, active, strange],
      },
    },
    {
      name: 'nothing that is said',
      conditions: [ready, active],
      before: { conditions: [ready, active], activeRevision: 1 },
      want: {},
    },
    {
      name: 'the revision of one that is not ready',
      conditions: [notReady, active],
      before: {},
      want: { activeRevision: 1 },
    },
    {
      name: 'no condition that may go again',
      conditions: [ready, active, warned],
      before: {},
      want: { activeRevision: 1 },
    },
    {
      name: 'not that it is ready before its webhooks can be read',
      conditions: [ready, active],
      webhooks: [{ trigger: 'hook', url: 'https://x.example/hooks/a/a' }],
      before: { conditions: [notReady] },
      want: { activeRevision: 1 },
    },
    {
      name: 'that it is not pinned any more',
      conditions: [ready, active],
      before: { conditions: [ready, active], activeRevision: 1, pinnedRevision: 4 },
      want: { pinnedRevision: undefined },
    },
    {
      name: 'that no revision is active any more',
      conditions: [notReady],
      before: { activeRevision: 1 },
      activeRevision: undefined,
      want: { activeRevision: undefined },
    },
    { name: 'nothing before one is', conditions: [notReady], before: {}, activeRevision: undefined, want: {} },
  ])('says along with the state $name', ({ conditions, before, want, ...other }) => {
    const status = ownStatus({ ...facts, ...other, conditions })
    expect(statusWithState(status, before)).toStrictEqual(want)
  })
})
