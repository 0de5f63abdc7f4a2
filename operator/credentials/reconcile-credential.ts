import { hash } from 'node:crypto'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { Reconciled } from '../../kube/controller/controller.ts'
import { KubeError } from '../../kube/transport/kube-error.ts'
import { budgetInUse } from '../../flow/credential/rate-budget.ts'
import { tokenSecretName } from '../../flow/credential/token-secret.ts'
import type { ClusterCredential, CredentialParts } from './credential-parts.ts'
import { credentialStatus, type Verdict } from './decide/credential-status.ts'
import { decideRenewal, restMsOf, type Renewal, type RenewalSight } from './decide/decide-renewal.ts'
import { planGrant, type Grant } from './decide/plan-grant.ts'
import type { TokenState } from './decide/token-state.ts'
import { observeCredential, ownerOf } from './observe-credential.ts'
import type { RenewalMemory } from './renewal-memory.ts'
import { renewToken, type RenewalEnd } from './renew-token.ts'
import type { StatusTeller } from './tell-status.ts'
import type { TokenSecret } from './token-secret-writer.ts'

export interface Reconciling extends CredentialParts {
  readonly memory: RenewalMemory
  readonly teller: StatusTeller<ClusterCredential>
}

/** What is the case, and when to look again; never, when nothing changes by itself. */
interface Settled {
  readonly verdict: Verdict
  readonly againMs?: number | undefined
}

/** Makes a Credential's token be there, and its status say what is the case. */
export async function reconcileCredential(parts: Reconciling, key: string, signal: AbortSignal): Promise<Reconciled> {
  const credential = parts.caches.credentials.get(key)
  if (credential === undefined || credential.metadata.deletionTimestamp !== undefined) {
    parts.secrets.follow(ownerOf('credential', key), [])
    return { kind: 'done' }
  }
  const { verdict, againMs } = await settle(parts, credential, signal)
  const { namespace = '' } = credential.metadata
  const now = parts.clock.now()
  const budget = budgetOf(parts, credential)
  const words = credentialStatus(verdict, { namespace, now, howToOpen: parts.howToOpen(namespace), budget })
  // Whoever has looked it up meanwhile: the status is of the object as it is now.
  parts.teller.tell(parts.caches.credentials.get(key) ?? credential, words)
  return againMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs: Math.min(againMs, longestRestMs) }
}

/** Only an App of its own namespace can be meant. */
function budgetOf({ caches }: Reconciling, { spec: { app }, metadata }: ClusterCredential): BudgetInUse | undefined {
  return budgetInUse(app, caches.apps.get(`${metadata.namespace}/${app}`)?.spec)
}

/** No longer: a timer is not a calendar, and a clock may be set. */
const longestRestMs = 6 * 3_600_000

async function settle(parts: Reconciling, credential: ClusterCredential, signal: AbortSignal): Promise<Settled> {
  const { sight, token } = await observeCredential(parts, credential)
  if (token?.isForeign === true) return { verdict: { kind: 'tokenSecretTaken', secret: tokenSecretName(credential) } }
  const planned = planGrant(sight)
  if (planned.kind === 'static') return settleStatic(planned, parts.clock.now())
  if (planned.kind !== 'grant') return { verdict: planned }
  // Who has a grant has a type with a token.
  if (token === undefined) throw new TypeError('a grant without a Secret for its token')
  try {
    return await settleToken(parts, token, planned.grant, signal)
  } catch (error) {
    if (!isDenied(error)) throw error
    return { verdict: { kind: 'secretDenied', secret: tokenSecretName(credential) }, againMs: deniedMs }
  }
}

function settleStatic(verdict: Verdict & { readonly kind: 'static' }, now: number): Settled {
  const { expiresAt } = verdict
  return { verdict, againMs: expiresAt === undefined || expiresAt <= now ? undefined : expiresAt - now }
}

function isDenied(error: unknown): boolean {
  return error instanceof KubeError && error.status === 403
}

/** Nothing tells that what may only be written may be written now. */
const deniedMs = 30_000

async function settleToken(
  parts: Reconciling,
  secret: TokenSecret,
  grant: Grant,
  signal: AbortSignal,
): Promise<Settled> {
  const { uid = '' } = secret.credential.metadata
  const failure = parts.memory.failureOf(uid, grant.id)
  const renewal = decideRenewal(renewalSight(parts, { secret, grant, uid, pauseMs: failure?.pauseMs ?? 0 }))
  const token = timesOf(secret.state)
  switch (renewal.kind) {
    case 'rest':
      parts.memory.succeeded(uid)
      return { verdict: { kind: 'token', token, failure: undefined }, againMs: renewal.forMs }
    case 'pause':
      return { verdict: { kind: 'token', token, failure }, againMs: renewal.forMs }
    case 'othersTurn':
      return { verdict: { kind: 'tokenPending', token }, againMs: renewal.forMs }
    case 'consent':
      return { verdict: { kind: 'consent', token, code: renewal.code } }
    case 'call':
    case 'giveUp':
      return takeTurn(parts, { secret, grant, renewal, signal })
  }
}

interface Looking {
  readonly secret: TokenSecret
  readonly grant: Grant
  readonly uid: string
  readonly pauseMs: number
}

function renewalSight({ memory, clock, timing }: Reconciling, { secret, grant, uid, pauseMs }: Looking): RenewalSight {
  const seenMs = memory.claimSeenMs(uid, secret.claim)
  return {
    grant,
    pauseMs,
    token: secret.state,
    claim: seenMs === undefined ? undefined : secret.claim,
    claimSeenMs: seenMs ?? 0,
    claimMs: timing.claimMs,
    now: clock.now(),
    spread: spreadOf(uid),
  }
}

interface Turn {
  readonly secret: TokenSecret
  readonly grant: Grant
  readonly renewal: Renewal & { readonly kind: 'call' | 'giveUp' }
  readonly signal: AbortSignal
}

async function takeTurn(parts: Reconciling, { secret, grant, renewal, signal }: Turn): Promise<Settled> {
  const { uid = '' } = secret.credential.metadata
  const claim = parts.memory.newClaim(uid, grant.id, renewal.kind === 'giveUp' || renewal.isSecondTry)
  const end = await renewToken(parts, { secret, grant, claim, signal, isGivingUp: renewal.kind === 'giveUp' })
  parts.meters.count('weir_credential_renewals_total', { result: end.kind })
  logEnd(parts, secret.credential, end)
  return settledBy(parts, { end, uid, grant, before: secret.state })
}

const othersTurnMs = 1_000

function settledBy(
  { memory, clock }: Reconciling,
  {
    end,
    uid,
    grant,
    before,
  }: { readonly end: RenewalEnd; readonly uid: string; readonly grant: Grant; readonly before: TokenState },
): Settled {
  switch (end.kind) {
    case 'renewed': {
      memory.succeeded(uid)
      const againMs = restMsOf(end.state, clock.now(), spreadOf(uid))
      return {
        verdict: { kind: 'token', token: timesOf(end.state), failure: undefined },
        againMs: Math.max(1, againMs),
      }
    }
    case 'othersTurn':
      return { verdict: { kind: 'tokenPending', token: timesOf(before) }, againMs: othersTurnMs }
    case 'consent':
      return { verdict: { kind: 'consent', token: timesOf(end.state), code: end.code } }
    case 'failed': {
      const failure = memory.failed(uid, { ...end, grant: grant.id })
      return {
        verdict: { kind: 'token', token: timesOf(end.state), failure },
        againMs: failure.nextTryAt - clock.now(),
      }
    }
  }
}

function logEnd(
  { log }: Reconciling,
  { metadata: { namespace, name: credential } }: ClusterCredential,
  end: RenewalEnd,
): void {
  if (end.kind === 'renewed') log.info({ namespace, credential }, 'token renewed')
  if (end.kind === 'failed') log.warn({ namespace, credential, reason: end.message }, 'token not renewed')
  if (end.kind === 'consent') log.warn({ namespace, credential, code: end.code }, 'token needs a new consent')
}

function timesOf({ expiresAt, note: { obtainedAt } }: TokenState): {
  expiresAt: number | undefined
  obtainedAt: number | undefined
} {
  return { expiresAt, obtainedAt }
}

function spreadOf(uid: string): number {
  return Number.parseInt(hash('sha256', uid, 'hex').slice(0, 8), 16) / 2 ** 32
}
