import type { CredentialParts } from './credential-parts.ts'
import type { Grant } from './decide/plan-grant.ts'
import type { TokenAnswer } from './decide/read-token-answer.ts'
import type { Claim, TokenState } from './decide/token-state.ts'
import { refreshTokenFor, withRefusal, withToken } from './decide/token-state.ts'
import type { TokenSecret } from './token-secret-writer.ts'
import { claimTokenSecret, saveTokenState } from './token-secret-writer.ts'

export type RenewalEnd =
  | { readonly kind: 'renewed'; readonly state: TokenState }
  /** Somebody else was faster. */
  | { readonly kind: 'othersTurn' }
  | { readonly kind: 'consent'; readonly state: TokenState; readonly code: string }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly retryAfterMs: number | undefined
      readonly state: TokenState
    }

export interface RenewalTurn {
  readonly secret: TokenSecret
  readonly grant: Grant
  readonly claim: Claim
  /** Two calls were not finished: nothing is called, and that is written down. */
  readonly isGivingUp?: boolean
  readonly signal: AbortSignal
}

/**
 * Claims the token's Secret, calls the token endpoint, and writes down what it gave before anything else. A call that has begun is finished and written,
 * whoever wants to stop.
 *
 * @throws {KubeError} when the Secret cannot be claimed
 */
export async function renewToken(parts: CredentialParts, turn: RenewalTurn): Promise<RenewalEnd> {
  const { secret, grant, claim, signal } = turn
  const { clock, log, unfenced: client } = parts
  if (signal.aborted) return { kind: 'othersTurn' }
  const claimed = await claimTokenSecret(parts.client, secret, claim)
  if (claimed === undefined) return { kind: 'othersTurn' }
  const refreshToken = refreshTokenFor(grant, claimed.state)
  const obtainedAt = clock.now()
  const asked = turn.isGivingUp === true ? unfinished : await ask(parts, grant, claimed.state, refreshToken)
  const { answer } = asked
  const change = (state: TokenState): TokenState => {
    const known = { ...state, note: { ...state.note, ...asked.note } }
    if (answer.kind === 'token') return withToken(known, { token: answer.token, grant, refreshToken, obtainedAt })
    // Of a token that somebody has replaced meanwhile it means nothing.
    const isSuperseded = refreshTokenFor(grant, state) !== refreshToken
    return isFinal(grant, answer) && !isSuperseded ? withRefusal(known, grant, answer.code) : known
  }
  const saved = await saveTokenState({ client, clock, log, claimed, claim, change, signal })
  return endOf(answer, saved ?? claimed.state, grant)
}

interface Asked {
  readonly answer: TokenAnswer
  /** What was learnt beside it. */
  readonly note: Pick<TokenState['note'], 'clientAuth'>
}

const unfinished: Asked = { answer: { kind: 'refused', code: 'unfinished', description: '' }, note: {} }

/** A server that does not take the client's name and secret in one form is asked in the other: it has exchanged nothing. */
async function ask(
  parts: CredentialParts,
  grant: Grant,
  state: TokenState,
  refreshToken: string | undefined,
): Promise<Asked> {
  const clientAuth = state.note.clientAuth ?? 'basic'
  const answer = await parts.endpoint.ask(grant, { refreshToken, clientAuth })
  const isOtherWorthIt =
    answer.kind === 'refused' && answer.code === 'invalid_client' && grant.clientSecret !== undefined
  if (!isOtherWorthIt) return { answer, note: { clientAuth } }
  const other = clientAuth === 'basic' ? 'post' : 'basic'
  const second = await parts.endpoint.ask(grant, { refreshToken, clientAuth: other })
  const isRefusedToo = second.kind === 'refused' && second.code === 'invalid_client'
  return { answer: second, note: isRefusedToo ? {} : { clientAuth: other } }
}

function isFinal(grant: Grant, answer: TokenAnswer): answer is TokenAnswer & { readonly kind: 'refused' } {
  return (
    grant.kind === 'refreshToken' && answer.kind === 'refused' && ['invalid_grant', 'unfinished'].includes(answer.code)
  )
}

function endOf(answer: TokenAnswer, state: TokenState, grant: Grant): RenewalEnd {
  switch (answer.kind) {
    case 'token':
      return state.note.grant === grant.id
        ? { kind: 'renewed', state }
        : { kind: 'failed', message: 'the new token could not be saved', retryAfterMs: undefined, state }
    case 'refused': {
      const { refused } = state.note
      if (refused?.grant === grant.id) return { kind: 'consent', state, code: refused.code }
      const host = new URL(grant.tokenUrl).host
      const why = answer.description === '' ? answer.code : `${answer.code}, ${answer.description}`
      return { kind: 'failed', message: `${host} refuses it: ${why}`, retryAfterMs: undefined, state }
    }
    case 'unavailable':
      return { kind: 'failed', message: answer.why, retryAfterMs: answer.retryAfterMs, state }
    case 'lost':
      return { kind: 'failed', message: answer.why, retryAfterMs: undefined, state }
  }
}
