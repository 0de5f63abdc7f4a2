import { describe, expect, it } from 'vitest'
import { decideRenewal, pauseMsAfter, restMsOf, type RenewalSight } from './decide-renewal.ts'
import type { Grant } from './plan-grant.ts'
import type { TokenNote, TokenState } from './token-state.ts'

const start = Date.UTC(2026, 0, 1)
const minute = 60_000
const hour = 60 * minute

function grant(kind: Grant['kind'] = 'refreshToken'): Grant {
  const none = { clientId: undefined, clientSecret: undefined, scope: undefined, signing: undefined }
  return { ...none, kind, id: 'g1', seed: '', givenRefreshToken: undefined, tokenUrl: 'https://a.test', parameters: {} }
}

function token(note: TokenNote, lifeMs: number | undefined = hour): TokenState {
  const { obtainedAt } = note
  return {
    fields: {},
    note,
    expiresAt: obtainedAt === undefined || lifeMs === undefined ? undefined : obtainedAt + lifeMs,
  }
}

function sight(parts: Partial<RenewalSight>): RenewalSight {
  return {
    grant: grant(),
    token: token({}),
    claim: undefined,
    claimSeenMs: 0,
    claimMs: minute,
    pauseMs: 0,
    now: start,
    spread: 0,
    ...parts,
  }
}

const fresh = token({ grant: 'g1', obtainedAt: start })
const old = token({ grant: 'g1', obtainedAt: start - hour })
const claim = { by: 'other', grant: 'g1', isSecondTry: false }

describe('whether a token is renewed now', () => {
  it.each<{ readonly name: string; readonly parts: Partial<RenewalSight>; readonly want: object }>([
    { name: 'the first is got at once', parts: {}, want: { kind: 'call', isSecondTry: false } },
    { name: 'a young one rests', parts: { token: fresh }, want: { kind: 'rest', forMs: 0.8 * hour } },
    {
      name: 'a young one rests whoever has claimed it',
      parts: { token: fresh, claim },
      want: { kind: 'rest', forMs: 0.8 * hour },
    },
    { name: 'an old one is renewed', parts: { token: old }, want: { kind: 'call', isSecondTry: false } },
    {
      name: 'one of another grant is renewed',
      parts: { token: token({ grant: 'g0', obtainedAt: start }) },
      want: { kind: 'call' },
    },
    {
      name: 'others have their turn',
      parts: { token: old, claim, claimSeenMs: 20_000 },
      want: { kind: 'othersTurn', forMs: 40_000 },
    },
    {
      name: 'others have their turn even in a pause',
      parts: { token: old, claim, pauseMs: 5 },
      want: { kind: 'othersTurn', forMs: minute },
    },
    {
      name: 'a claim that got old is of one that died',
      parts: { token: old, claim, claimSeenMs: minute },
      want: { kind: 'call', isSecondTry: true },
    },
    {
      name: 'of a grant without a refresh token nothing is lost with it',
      parts: {
        grant: grant('clientCredentials'),
        token: old,
        claim: { ...claim, isSecondTry: true },
        claimSeenMs: minute,
      },
      want: { kind: 'call', isSecondTry: false },
    },
    {
      name: 'after two that died it is given up',
      parts: { token: old, claim: { ...claim, isSecondTry: true }, claimSeenMs: minute },
      want: { kind: 'giveUp' },
    },
    {
      name: 'a claim for another grant says nothing of this one',
      parts: { token: old, claim: { by: 'other', grant: 'g0', isSecondTry: true }, claimSeenMs: minute },
      want: { kind: 'call', isSecondTry: false },
    },
    { name: 'after a failure there is a pause', parts: { token: old, pauseMs: 7 }, want: { kind: 'pause', forMs: 7 } },
    {
      name: 'what was refused is not tried again',
      parts: {
        token: token({ grant: 'g1', obtainedAt: start - hour, refused: { grant: 'g1', code: 'invalid_grant' } }),
      },
      want: { kind: 'consent', code: 'invalid_grant' },
    },
    {
      name: 'what was refused of another grant is tried',
      parts: { token: token({ refused: { grant: 'g0', code: 'invalid_grant' } }) },
      want: { kind: 'call' },
    },
  ])('$name', ({ parts, want }) => {
    expect(decideRenewal(sight(parts))).toMatchObject(want)
  })

  it.each([
    { life: 24 * hour, want: 0.8 * 24 * hour },
    { life: hour, want: 0.8 * hour },
    { life: 5 * minute, want: 4 * minute },
    // Never in the last minute.
    { life: 4 * minute, want: 3 * minute },
    { life: 2 * minute, want: minute },
    // And of what lives for less, not at once again.
    { life: minute, want: 30_000 },
    { life: 20_000, want: 10_000 },
    { life: 1_000, want: 10_000 },
    { life: undefined, want: 0.8 * hour },
  ])('one that lives for $life ms is left alone for $want', ({ life, want }) => {
    const { note } = fresh
    expect(
      restMsOf({ fields: {}, note, expiresAt: life === undefined ? undefined : start + life }, start, 0),
    ).toBeCloseTo(want, 5)
  })

  it('not all of one moment are renewed in one moment, and none in its last minute', () => {
    for (let spread = 0; spread < 1; spread += 0.1) {
      const restMs = restMsOf(fresh, start, spread)
      expect(restMs).toBeGreaterThanOrEqual(0.75 * hour)
      expect(restMs).toBeLessThanOrEqual(0.8 * hour)
    }
  })

  it('a token from the future is of a clock that was wrong', () => {
    expect(restMsOf(token({ grant: 'g1', obtainedAt: start + hour }), start, 0)).toBe(0)
    // Clocks differ by a little.
    expect(restMsOf(token({ grant: 'g1', obtainedAt: start + 30_000 }), start, 0)).toBeGreaterThan(0)
  })

  it('a simulated day of a token of an hour is one call every 48 minutes', () => {
    let state = token({})
    const calls: number[] = []
    for (let now = start; now < start + 24 * hour; now += minute) {
      if (decideRenewal(sight({ token: state, now })).kind !== 'call') continue
      calls.push(now)
      state = token({ grant: 'g1', obtainedAt: now })
    }
    expect(calls).toHaveLength(30)
    expect(new Set(calls.slice(1).map((at, index) => at - (calls[index] ?? 0)))).toEqual(new Set([48 * minute]))
  })
})

describe('the pause after failures', () => {
  it.each([
    { failures: 1, want: 30_000 },
    { failures: 2, want: 60_000 },
    { failures: 7, want: 1_920_000 },
    { failures: 8, want: hour },
    { failures: 1_000, want: hour },
  ])('is $want ms after $failures', ({ failures, want }) => {
    expect(pauseMsAfter(failures, undefined, 0)).toBe(want)
    expect(pauseMsAfter(failures, undefined, 0.999)).toBeGreaterThan(0.75 * want)
  })

  it('is as long as the server wants, when that is longer', () => {
    expect(pauseMsAfter(1, 120_000, 0)).toBe(120_000)
    expect(pauseMsAfter(1, 1_000, 0)).toBe(30_000)
  })
})
