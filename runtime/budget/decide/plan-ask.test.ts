import { describe, expect, it } from 'vitest'
import { permitTerms, planAsk } from './plan-ask.ts'

describe('permitTerms', () => {
  it.each([
    { requests: 10, perSeconds: 1, want: { intervalMs: 100, aheadMs: 100 } },
    { requests: 100, perSeconds: 60, want: { intervalMs: 600, aheadMs: 1000 } },
    { requests: 1000, perSeconds: 5, want: { intervalMs: 5, aheadMs: 500 } },
    { requests: 1, perSeconds: 86_400, want: { intervalMs: 86_400_000, aheadMs: 1000 } },
    { requests: 5, perSeconds: 0.1, want: { intervalMs: 20, aheadMs: 100 } },
  ])('of $requests in $perSeconds s', ({ want, ...budget }) => {
    expect(permitTerms({ app: 'crm', burst: 2, ...budget })).toEqual({ burst: 2, ...want })
  })
})

describe('planAsk', () => {
  const fast = { intervalMs: 1, burst: 10, aheadMs: 100 }
  const slow = { intervalMs: 60_000, burst: 1, aheadMs: 1000 }
  const idle = { waiting: 1, inStock: 0, used: 0 }

  it.each([
    { name: 'one for one', terms: fast, need: idle, want: { wanted: 1, spare: 0 } },
    {
      name: 'at most half of what is to be had',
      terms: fast,
      need: { ...idle, waiting: 200 },
      want: { wanted: 50, spare: 0 },
    },
    {
      name: 'half of the burst where that is more',
      terms: { ...fast, burst: 200 },
      need: { ...idle, waiting: 200 },
      want: { wanted: 100, spare: 0 },
    },
    { name: 'one of a small budget', terms: slow, need: { ...idle, waiting: 200 }, want: { wanted: 1, spare: 0 } },
    {
      name: 'none for what has one',
      terms: fast,
      need: { waiting: 5, inStock: 5, used: 0 },
      want: { wanted: 0, spare: 0 },
    },
    { name: 'as many to spare as were used', terms: fast, need: { ...idle, used: 7 }, want: { wanted: 1, spare: 7 } },
    { name: 'no more than half with those', terms: fast, need: { ...idle, used: 70 }, want: { wanted: 1, spare: 49 } },
    { name: 'none to spare of a small budget', terms: slow, need: { ...idle, used: 3 }, want: { wanted: 1, spare: 0 } },
  ])('asks for $name', ({ terms, need, want }) => {
    expect(planAsk(terms, need)).toEqual({ ...terms, ...want })
  })
})
