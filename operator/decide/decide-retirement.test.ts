import { describe, expect, it } from 'vitest'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { defaultWaits } from './change-waits.ts'
import type { RetirementFacts } from './decide-retirement.ts'
import { decideRetirement, decideRetirer, withoutRetired } from './decide-retirement.ts'

const queue = { queue: 'q', step: 'q', pool: 'core', since: 1000 }
const over = 61_000
const ours = { depth: { ready: 0, consumers: 1 }, own: { unsettled: 0 } }

describe('decideRetirement', () => {
  it.each<{ name: string; facts: Partial<RetirementFacts>; want: unknown }>([
    { name: 'unbinds first', facts: { depth: { ready: 5, consumers: 2 } }, want: { kind: 'unbind' } },
    {
      name: 'waits until the runners have left',
      facts: { depth: { ready: 5, consumers: 1 }, unboundAt: 2000 },
      want: { kind: 'wait' },
    },
    {
      name: 'then consumes it itself',
      facts: { depth: { ready: 5, consumers: 0 }, unboundAt: 2000 },
      want: { kind: 'consume' },
    },
    { name: 'waits for the minute', facts: { ...ours, unboundAt: 2000 }, want: { kind: 'wait', until: over } },
    {
      name: 'unbinds again before the last look: whoever reconnected may have bound it',
      facts: { ...ours, now: over, unboundAt: 2000 },
      want: { kind: 'unbind' },
    },
    {
      name: 'looks a while after the unbinding',
      facts: { ...ours, now: over, unboundAt: over },
      want: { kind: 'wait', until: over + 1000 },
    },
    {
      name: 'looks again at what is empty and consumed by itself alone',
      facts: { ...ours, now: over + 1000, unboundAt: over },
      want: { kind: 'lookAgain', emptyAt: over + 1000, until: over + 2000 },
    },
    {
      name: 'not before a second has passed',
      facts: { ...ours, now: over + 1999, unboundAt: over, emptyAt: over + 1000 },
      want: { kind: 'lookAgain', emptyAt: over + 1000, until: over + 2000 },
    },
    {
      name: 'deletes what was empty a second ago and is',
      facts: { ...ours, now: over + 2000, unboundAt: over, emptyAt: over + 1000 },
      want: { kind: 'delete' },
    },
    {
      name: 'counts anew when the clock was set back',
      facts: { ...ours, now: over + 1500, unboundAt: over, emptyAt: over + 9000 },
      want: { kind: 'lookAgain', emptyAt: over + 1500, until: over + 2500 },
    },
    {
      name: 'never at 0 and 0, the answer of a slow leader',
      facts: {
        depth: { ready: 0, consumers: 0 },
        own: { unsettled: 0 },
        now: over + 2000,
        unboundAt: over,
        emptyAt: over,
      },
      want: { kind: 'wait' },
    },
    {
      name: 'never while another consumes it',
      facts: {
        depth: { ready: 0, consumers: 2 },
        own: { unsettled: 0 },
        now: over + 2000,
        unboundAt: over,
        emptyAt: over,
      },
      want: { kind: 'wait' },
    },
    {
      name: 'never while it holds a message',
      facts: {
        depth: { ready: 1, consumers: 1 },
        own: { unsettled: 0 },
        now: over + 2000,
        unboundAt: over,
        emptyAt: over,
      },
      want: { kind: 'wait' },
    },
    {
      name: 'never while one of its messages is being buried',
      facts: { ...ours, own: { unsettled: 1 }, now: over + 2000, unboundAt: over, emptyAt: over },
      want: { kind: 'wait' },
    },
    {
      name: 'never on the one consumer of another',
      facts: { depth: { ready: 0, consumers: 1 }, now: over + 1000, unboundAt: over },
      want: { kind: 'wait' },
    },
    {
      name: 'remembers the name of one that is not there for the minute',
      facts: { depth: undefined },
      want: { kind: 'wait', until: over },
    },
    { name: 'forgets it then', facts: { depth: undefined, now: over }, want: { kind: 'forget' } },
    {
      name: 'unbinds anew when the clock was set back',
      facts: { ...ours, now: 1500, unboundAt: 2000 },
      want: { kind: 'unbind' },
    },
  ])('$name', ({ facts, want }) => {
    expect(decideRetirement(queue, { now: 3000, waits: defaultWaits, depth: undefined, ...facts })).toEqual(want)
  })
})

describe('the one who retires', () => {
  const lease = { by: 'me', now: 10_000, leaseMs: 30_000 }
  const state = (retirer?: FlowState['retirer']) =>
    ({ retiring: [queue], ...(retirer && { retirer }) }) as unknown as FlowState // what the decision reads

  it.each([
    { name: 'takes it where there is none', retirer: undefined, want: 40_000 },
    { name: 'takes it over from one who is gone', retirer: { by: 'other', until: 10_000 }, want: 40_000 },
    { name: 'renews its own', retirer: { by: 'me', until: 24_000 }, want: 40_000 },
    { name: 'leaves its own while it is young', retirer: { by: 'me', until: 39_000 }, want: 39_000 },
    { name: 'leaves it to another', retirer: { by: 'other', until: 11_000 }, want: undefined },
    { name: 'takes one from before the clock was set back', retirer: { by: 'other', until: 99_000 }, want: 40_000 },
  ])('$name', ({ retirer, want }) => {
    expect(decideRetirer(state(retirer), lease)?.retirer?.until).toBe(want)
  })

  it('is forgotten with the last queue', () => {
    const last = state({ by: 'me', until: 20_000 })
    expect(withoutRetired(last, 'q')).toEqual({ retiring: [] })
    expect(withoutRetired(last, 'other')).toBe(last)
  })
})
