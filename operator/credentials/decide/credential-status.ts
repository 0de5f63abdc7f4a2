import type { BudgetInUse } from '../../../crds/v1alpha1/credential.ts'
import type { CredentialProblem } from './plan-grant.ts'

/** What came of looking at a Credential. */
export type Verdict =
  | CredentialProblem
  /** Nothing to be renewed. Milliseconds since 1970. */
  | { readonly kind: 'static'; readonly expiresAt: number | undefined }
  | { readonly kind: 'token'; readonly token: TokenTimes; readonly failure: RenewalFailure | undefined }
  /** Somebody else is getting it. */
  | { readonly kind: 'tokenPending'; readonly token: TokenTimes }
  | { readonly kind: 'consent'; readonly token: TokenTimes; readonly code: string }
  /** A Secret of the token's name that is somebody else's. */
  | { readonly kind: 'tokenSecretTaken'; readonly secret: string }

export interface TokenTimes {
  readonly expiresAt: number | undefined
  readonly obtainedAt: number | undefined
}

export interface RenewalFailure {
  /** In words, without anything secret. */
  readonly message: string
  readonly nextTryAt: number
}

export interface ConditionWords {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** Of a status all but generation and times of conditions. */
export interface CredentialStatusWords {
  readonly conditions: readonly ConditionWords[]
  readonly expiresAt?: string
  readonly refreshedAt?: string
  readonly lastError?: string
  readonly rateBudget?: BudgetInUse
}

export interface StatusContext {
  readonly namespace: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** How a namespace's Secrets are opened to the operator, as a sentence. */
  readonly howToOpen: string
  /** Of its App: runners learn it from here. */
  readonly budget?: BudgetInUse | undefined
}

/** What people and programs are told of a Credential. */
export function credentialStatus(verdict: Verdict, context: StatusContext): CredentialStatusWords {
  const { budget } = context
  return {
    ...timesOf(verdict),
    ...errorOf(verdict),
    ...(budget !== undefined && { rateBudget: budget }),
    conditions: conditionsOf(readyOf(verdict, context)),
  }
}

interface Ready {
  readonly isReady: boolean
  readonly reason: string
  readonly message: string
  /** It may change without anybody's doing. */
  readonly isMoving?: boolean
}

/** `Ready`, and of kstatus what is abnormal. */
export function conditionsOf({ isReady, reason, message, isMoving = false }: Ready): readonly ConditionWords[] {
  const ready: ConditionWords = { type: 'Ready', status: isReady ? 'True' : 'False', reason, message }
  if (isReady) return [ready]
  return [ready, { type: isMoving ? 'Reconciling' : 'Stalled', status: 'True', reason, message }]
}

function readyOf(verdict: Verdict, context: StatusContext): Ready {
  switch (verdict.kind) {
    case 'static':
      return staticReady(verdict.expiresAt, context.now)
    case 'token':
      return tokenReady(verdict, context.now)
    case 'tokenPending':
      return isAlive(verdict.token, context.now)
        ? { isReady: true, reason: 'Valid', message: `${life(verdict.token)}; it is being renewed` }
        : { isReady: false, reason: 'TokenPending', message: 'a token is being got by another process', isMoving: true }
    case 'consent':
      return stalled('ConsentRequired', consentMessage(verdict, context.now))
    default:
      return problemReady(verdict, context)
  }
}

function problemReady(
  verdict: CredentialProblem | (Verdict & { kind: 'tokenSecretTaken' }),
  context: StatusContext,
): Ready {
  switch (verdict.kind) {
    case 'secretNotFound':
      return stalled('SecretNotFound', `no Secret is named ${quoted(verdict.secret)} in this namespace: make it`)
    case 'secretDenied':
      return stalled(
        'SecretAccessDenied',
        `the operator may not read Secret ${quoted(verdict.secret)} of namespace ${quoted(context.namespace)}: ${context.howToOpen}`,
      )
    case 'secretReserved':
      return stalled('SecretReserved', reservedMessage(verdict.secret))
    case 'appNotFound':
      return stalled(
        'AppNotFound',
        `no App is named ${quoted(verdict.app)} in this namespace: make it, or correct "spec.app"`,
      )
    case 'keyMissing':
      return stalled('KeyMissing', missingMessage(verdict))
    case 'noConsent':
      return stalled(
        'ConsentRequired',
        `nobody has agreed yet: put the "refreshToken" of a consent into Secret ${quoted(verdict.secret)}`,
      )
    case 'tokenSecretTaken':
      return stalled(
        'TokenSecretTaken',
        `the token's Secret ${quoted(verdict.secret)} was made by somebody else: remove it`,
      )
  }
}

/** Also for an App's client. */
export function reservedMessage(secret: string): string {
  return `Secret ${quoted(secret)} belongs to Weir itself, and is not for components: name another`
}

/** The same. */
export function missingMessage({
  secret,
  lacking,
}: Pick<CredentialProblem & { kind: 'keyMissing' }, 'secret' | 'lacking'>): string {
  const names = lacking.map((fields) => fields.map(quoted).join(' or '))
  const where = lacking.flat().includes('tokenUrl') ? ', or "spec.app" with its OAuth endpoints' : ''
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} missing or empty in Secret ${quoted(secret)}: add it there, map it with "secretRef.keys"${where}`
}

function staticReady(expiresAt: number | undefined, now: number): Ready {
  if (expiresAt === undefined)
    return { isReady: true, reason: 'Valid', message: 'the Secret has every key that is needed' }
  if (now < expiresAt) return { isReady: true, reason: 'Valid', message: `it works until ${instant(expiresAt)}` }
  return stalled('Expired', `it has expired at ${instant(expiresAt)}: put a new one into the Secret`)
}

function tokenReady({ token, failure }: Verdict & { kind: 'token' }, now: number): Ready {
  if (failure === undefined) return { isReady: true, reason: 'Valid', message: life(token) }
  const next = `next try after ${instant(failure.nextTryAt)}`
  if (isAlive(token, now))
    return {
      isReady: true,
      reason: 'RefreshFailed',
      message: `${life(token)}, but could not be renewed: ${failure.message}; ${next}`,
    }
  if (token.expiresAt === undefined)
    return {
      isReady: false,
      reason: 'RefreshFailed',
      message: `no token could be got: ${failure.message}; ${next}`,
      isMoving: true,
    }
  const message = `the token has expired at ${instant(token.expiresAt)}, and could not be renewed: ${failure.message}; ${next}`
  return { isReady: false, reason: 'Expired', message, isMoving: true }
}

function consentMessage({ token, code }: Verdict & { kind: 'consent' }, now: number): string {
  const why =
    code === 'unfinished'
      ? 'the answers of two calls were lost, and with them what the service may have put in place of the refresh token'
      : `the service takes the refresh token no longer (${code})`
  const until =
    isAlive(token, now) && token.expiresAt !== undefined
      ? `; the present token works until ${instant(token.expiresAt)}`
      : ''
  return `${why}: somebody must agree anew, and the new "refreshToken" be put into the Secret${until}`
}

function timesOf(verdict: Verdict): Pick<CredentialStatusWords, 'expiresAt' | 'refreshedAt'> {
  const { expiresAt, obtainedAt } = tokenTimes(verdict)
  return {
    ...(expiresAt !== undefined && { expiresAt: instant(expiresAt) }),
    ...(obtainedAt !== undefined && { refreshedAt: instant(obtainedAt) }),
  }
}

function tokenTimes(verdict: Verdict): TokenTimes {
  if (verdict.kind === 'static') return { expiresAt: verdict.expiresAt, obtainedAt: undefined }
  return 'token' in verdict ? verdict.token : { expiresAt: undefined, obtainedAt: undefined }
}

const longestError = 1024

function errorOf(verdict: Verdict): Pick<CredentialStatusWords, 'lastError'> {
  if (verdict.kind === 'consent') return { lastError: verdict.code }
  const failure = verdict.kind === 'token' ? verdict.failure : undefined
  return failure === undefined ? {} : { lastError: failure.message.slice(0, longestError) }
}

function isAlive({ obtainedAt, expiresAt }: TokenTimes, now: number): boolean {
  return obtainedAt !== undefined && (expiresAt === undefined || now < expiresAt)
}

function life({ expiresAt }: TokenTimes): string {
  return expiresAt === undefined
    ? 'the token works; the service does not say until when'
    : `the token works until ${instant(expiresAt)}`
}

function stalled(reason: string, message: string): Ready {
  return { isReady: false, reason, message }
}

/** To the second, as Kubernetes writes it. */
function instant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

function quoted(name: string): string {
  return `"${name}"`
}
