import { describe, expect, it } from 'vitest'
import { credentialStatus, type Verdict } from './credential-status.ts'

const now = Date.UTC(2026, 0, 1)
const context = { namespace: 'shop', now, howToOpen: 'open it' }
const alive = { obtainedAt: now - 1_000, expiresAt: now + 60_000 }
const expired = { obtainedAt: now - 100_000, expiresAt: now }
const never = { obtainedAt: undefined, expiresAt: undefined }
const failure = { message: 'crm.test: it answers 500', nextTryAt: now + 30_000 }

describe('what is told of a Credential', () => {
  it.each<{ readonly verdict: Verdict; readonly want: string; readonly says: string }>([
    { verdict: { kind: 'static', expiresAt: undefined }, want: 'True Valid', says: 'every key' },
    { verdict: { kind: 'static', expiresAt: now + 1 }, want: 'True Valid', says: 'until' },
    { verdict: { kind: 'static', expiresAt: now }, want: 'False Expired Stalled', says: 'put a new one' },
    { verdict: { kind: 'secretNotFound', secret: 's' }, want: 'False SecretNotFound Stalled', says: '"s"' },
    { verdict: { kind: 'secretDenied', secret: 's' }, want: 'False SecretAccessDenied Stalled', says: 'open it' },
    { verdict: { kind: 'appNotFound', app: 'a' }, want: 'False AppNotFound Stalled', says: 'spec.app' },
    {
      verdict: { kind: 'keyMissing', secret: 's', lacking: [['a', 'b'], ['c']] },
      want: 'False KeyMissing Stalled',
      says: '"a" or "b", "c" are missing',
    },
    {
      verdict: { kind: 'keyMissing', secret: 's', lacking: [['tokenUrl']] },
      want: 'False KeyMissing Stalled',
      says: 'spec.app',
    },
    { verdict: { kind: 'noConsent', secret: 's' }, want: 'False ConsentRequired Stalled', says: '"refreshToken"' },
    { verdict: { kind: 'tokenSecretTaken', secret: 's' }, want: 'False TokenSecretTaken Stalled', says: 'remove it' },
    { verdict: { kind: 'token', token: alive, failure: undefined }, want: 'True Valid', says: '2026-01-01T00:01:00Z' },
    { verdict: { kind: 'token', token: alive, failure }, want: 'True RefreshFailed', says: 'it answers 500' },
    {
      verdict: { kind: 'token', token: expired, failure },
      want: 'False Expired Reconciling',
      says: 'next try after 2026-01-01T00:00:30Z',
    },
    {
      verdict: { kind: 'token', token: never, failure },
      want: 'False RefreshFailed Reconciling',
      says: 'no token could be got',
    },
    {
      verdict: { kind: 'tokenPending', token: never },
      want: 'False TokenPending Reconciling',
      says: 'another process',
    },
    { verdict: { kind: 'tokenPending', token: alive }, want: 'True Valid', says: 'being renewed' },
    {
      verdict: { kind: 'consent', token: alive, code: 'invalid_grant' },
      want: 'False ConsentRequired Stalled',
      says: 'works until',
    },
    {
      verdict: { kind: 'consent', token: expired, code: 'unfinished' },
      want: 'False ConsentRequired Stalled',
      says: 'two calls were lost',
    },
  ])('$want: $says', ({ verdict, want, says }) => {
    const { conditions } = credentialStatus(verdict, context)
    const [ready, ...abnormal] = conditions
    expect([ready?.status, ready?.reason, ...abnormal.map(({ type }) => type)].join(' ')).toBe(want)
    expect(ready?.message).toContain(says)
  })

  it('has its times to the second, and why it could not be renewed', () => {
    const status = credentialStatus({ kind: 'token', token: alive, failure }, context)
    expect(status).toMatchObject({
      expiresAt: '2026-01-01T00:01:00Z',
      refreshedAt: '2025-12-31T23:59:59Z',
      lastError: failure.message,
    })
    const long = credentialStatus(
      { kind: 'token', token: alive, failure: { ...failure, message: 'x'.repeat(5_000) } },
      context,
    )
    expect(long.lastError).toHaveLength(1024)
  })

  it('has the rate budget of its App, whatever else is the case', () => {
    const budget = { app: 'crm', requests: 10, perSeconds: 1, burst: 1 }
    expect(credentialStatus({ kind: 'static', expiresAt: undefined }, { ...context, budget }).rateBudget).toEqual(
      budget,
    )
    expect(credentialStatus({ kind: 'secretNotFound', secret: 's' }, { ...context, budget }).rateBudget).toEqual(budget)
    expect(credentialStatus({ kind: 'static', expiresAt: undefined }, context)).not.toHaveProperty('rateBudget')
  })
})
