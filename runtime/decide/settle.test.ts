import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlanOnError } from '../../flow/plan/plan.ts'
import { dayMs } from '../wire/delay-rungs.ts'
import { backoffSeconds, decideFailure, decideRebound } from './settle.ts'

const retry = { maxAttempts: 4, initialDelaySeconds: 2, maxDelaySeconds: 7, factor: 2 }
const onError: PlanOnError = { retry, then: 'deadLetter' }
const discarding: PlanOnError = { retry, then: 'discard' }
const diverting: PlanOnError = { retry, then: 'deadLetter', to: { step: 'repair', key: 'k1' } }
const once: PlanOnError = { retry: { ...retry, maxAttempts: 1 }, then: 'deadLetter' }
const boom = { code: 'ComponentFailed', message: 'boom' }
const hopeless = { ...boom, permanent: true }
const dead = { kind: 'deadLetter', code: 'ComponentFailed', message: 'boom' }

describe('decideFailure', () => {
  it.each([
    {
      name: 'retries the first failure',
      failure: boom,
      attempt: 1,
      want: { kind: 'retry', delayMs: 2000, spendsAttempt: true },
    },
    { name: 'waits longer after the second', failure: boom, attempt: 2, want: { kind: 'retry', delayMs: 4000 } },
    { name: 'never waits above the maximum', failure: boom, attempt: 3, want: { kind: 'retry', delayMs: 7000 } },
    { name: 'gives up after the last attempt', failure: boom, attempt: 4, want: dead },
    { name: 'gives up when an edit has lowered the attempts', failure: boom, attempt: 9, want: dead },
    { name: 'gives a single attempt no second', failure: boom, attempt: 1, onError: once, want: dead },
    { name: 'never retries what cannot get better', failure: hopeless, attempt: 1, want: dead },
    { name: 'discards when told to', failure: boom, attempt: 4, onError: discarding, want: { kind: 'discard' } },
    {
      name: 'discards what cannot get better',
      failure: hopeless,
      attempt: 1,
      onError: discarding,
      want: { kind: 'discard' },
    },
    {
      name: 'diverts when told to',
      failure: boom,
      attempt: 4,
      onError: diverting,
      want: { kind: 'divert', to: 'repair', key: 'k1' },
    },
    {
      name: 'diverts what cannot get better',
      failure: hopeless,
      attempt: 1,
      onError: diverting,
      want: { kind: 'divert' },
    },
    { name: 'retries before it diverts', failure: boom, attempt: 3, onError: diverting, want: { kind: 'retry' } },
    {
      name: 'spends no attempt on a wait that was asked for, not even the last',
      failure: { ...boom, retryAfterSeconds: 30 },
      attempt: 4,
      want: { kind: 'retry', delayMs: 30_000, spendsAttempt: false },
    },
    {
      name: 'does not spin when asked to wait for nothing',
      failure: { ...boom, retryAfterSeconds: 0 },
      attempt: 1,
      want: { kind: 'retry', delayMs: 1000, spendsAttempt: false },
    },
    {
      name: 'waits for a day at most',
      failure: { ...boom, retryAfterSeconds: Number.POSITIVE_INFINITY },
      attempt: 1,
      want: { kind: 'retry', delayMs: dayMs, spendsAttempt: false },
    },
    { name: 'takes no heed of a negative wait', failure: { ...boom, retryAfterSeconds: -1 }, attempt: 4, want: dead },
    {
      name: 'takes no heed of a wait that is no number',
      failure: { ...boom, retryAfterSeconds: Number.NaN },
      attempt: 4,
      want: dead,
    },
    { name: 'lets permanent win over a wait', failure: { ...hopeless, retryAfterSeconds: 1 }, attempt: 1, want: dead },
  ])('$name', ({ failure, attempt, onError: own, want }) => {
    expect(decideFailure({ failure, attempt, onError: own ?? onError })).toMatchObject(want)
  })

  it('ends every message that goes on failing, after exactly its attempts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (maxAttempts) => {
        let attempt = 1
        while (
          decideFailure({ failure: boom, attempt, onError: { retry: { ...retry, maxAttempts }, then: 'discard' } })
            .kind === 'retry'
        ) {
          attempt += 1
        }
        expect(attempt).toBe(maxAttempts)
      }),
    )
  })
})

describe('backoffSeconds', () => {
  it('makes eighteen minutes of patience of the defaults', () => {
    const defaults = { maxAttempts: 12, initialDelaySeconds: 1, maxDelaySeconds: 300, factor: 2 }
    const waits = Array.from({ length: 11 }, (_, at) => backoffSeconds(at + 1, defaults))
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    expect(waits.reduce((sum, wait) => sum + wait, 0) / 60).toBeCloseTo(18.5, 1)
  })

  it('stays between the initial delay and the maximum, however many attempts there were', () => {
    const policy = fc.record({
      maxAttempts: fc.constant(10),
      initialDelaySeconds: fc.double({ min: 0.1, max: 10, noNaN: true }),
      maxDelaySeconds: fc.double({ min: 10, max: 86_400, noNaN: true }),
      factor: fc.double({ min: 1, max: 100, noNaN: true }),
    })
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 10_000 }), (policy, attempt) => {
        const seconds = backoffSeconds(attempt, policy)
        expect(seconds).toBeGreaterThanOrEqual(policy.initialDelaySeconds)
        expect(seconds).toBeLessThanOrEqual(policy.maxDelaySeconds)
      }),
    )
  })
})

describe('decideRebound', () => {
  it.each([
    { iteration: 0, want: { kind: 'retry', delayMs: 15_000, spendsAttempt: false, iteration: 1 } },
    { iteration: 1, want: { kind: 'retry', delayMs: 30_000, iteration: 2 } },
    { iteration: 6, want: { kind: 'retry', delayMs: 960_000, iteration: 7 } },
    { iteration: 19, want: { kind: 'retry', delayMs: 7_864_320_000, iteration: 20 } },
    { iteration: 20, want: { kind: 'deadLetter', code: 'ReboundLimitExceeded' } },
  ])('after $iteration rebounds', ({ iteration, want }) => {
    expect(decideRebound({ iteration, reason: 'busy', onError })).toMatchObject(want)
  })

  it('says at the limit what the component said, and obeys onError', () => {
    expect(decideRebound({ iteration: 20, reason: 'the lock is held', onError })).toMatchObject({
      message: expect.stringContaining('the lock is held') as string,
    })
    expect(decideRebound({ iteration: 20, reason: '', onError: diverting })).toEqual({
      kind: 'divert',
      to: 'repair',
      key: 'k1',
    })
  })
})
