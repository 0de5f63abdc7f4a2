import type { Fields } from '../../../flow/credential/credential-fields.ts'
import { expiryOf } from '../../../flow/credential/token-secret.ts'
import type { Grant } from './plan-grant.ts'
import type { Token } from './read-token-answer.ts'

/** What the Secret with a token says. */
export interface TokenState {
  /** Of the Secret as it is, `state` left out. */
  readonly fields: Fields
  readonly note: TokenNote
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
}

export interface TokenNote {
  /** By which the token was got. */
  readonly grant?: string
  /** Of the refresh token that was given when the one that is kept was got in its place. */
  readonly seed?: string
  /** Milliseconds since 1970. */
  readonly obtainedAt?: number
  /** How the server wants to be told who the client is. */
  readonly clientAuth?: ClientAuth
  /** A grant that will give no token any more. */
  readonly refused?: { readonly grant: string; readonly code: string }
}

export type ClientAuth = 'basic' | 'post'

/** Whoever has it may call the token endpoint; that it is still there says that nobody knows what came of the call. */
export interface Claim {
  /** Of one process, and of one call. */
  readonly by: string
  readonly grant: string
  /** The call before it was not finished either. */
  readonly isSecondTry: boolean
}

export const claimAnnotation = 'weir.dev/claim'

export const noToken: TokenState = { fields: {}, note: {}, expiresAt: undefined }

/** Whatever is in the Secret: what cannot be understood counts as not there. */
export function parseTokenState({ state, ...fields }: Fields): TokenState {
  return { fields, note: noteIn(state ?? ''), expiresAt: expiryOf(fields) }
}

function noteIn(text: string): TokenNote {
  const { grant, seed, obtainedAt, clientAuth, refused } = objectIn(text)
  const { grant: refusedGrant, code } = (refused ?? {}) as Readonly<Record<string, unknown>>
  return {
    ...(typeof grant === 'string' && { grant }),
    ...(typeof seed === 'string' && { seed }),
    ...(typeof obtainedAt === 'number' && { obtainedAt }),
    ...((clientAuth === 'basic' || clientAuth === 'post') && { clientAuth }),
    ...(typeof refusedGrant === 'string' && typeof code === 'string' && { refused: { grant: refusedGrant, code } }),
  }
}

export function parseClaim(text: string | undefined): Claim | undefined {
  if (text === undefined) return undefined
  const { by, grant, isSecondTry } = objectIn(text)
  return {
    // Somebody's nevertheless.
    by: typeof by === 'string' ? by : text,
    grant: typeof grant === 'string' ? grant : '',
    isSecondTry: isSecondTry === true,
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** The refresh token that is to be used: the one that was given, unless that very one was exchanged for the one that is kept. */
export function refreshTokenFor(grant: Grant, { fields, note }: TokenState): string | undefined {
  if (grant.kind !== 'refreshToken') return undefined
  const kept = fields['refreshToken']
  if (grant.givenRefreshToken === undefined) return kept
  return note.seed === grant.seed && kept !== undefined ? kept : grant.givenRefreshToken
}

/** As it is after a token was got. */
export function withToken({ note }: TokenState, { token, grant, refreshToken, obtainedAt }: Obtained): TokenState {
  const expiresAt = token.expiresInSeconds === undefined ? undefined : obtainedAt + token.expiresInSeconds * 1000
  // A server that gives no new refresh token means the old one.
  const next = token.refreshToken ?? refreshToken
  const fields = {
    accessToken: token.accessToken,
    tokenType: token.tokenType,
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(next !== undefined && { refreshToken: next }),
    ...(token.scope !== undefined && { scope: token.scope }),
  }
  const { clientAuth } = note
  return {
    fields,
    expiresAt,
    note: { grant: grant.id, seed: grant.seed, obtainedAt, ...(clientAuth && { clientAuth }) },
  }
}

export interface Obtained {
  readonly token: Token
  readonly grant: Grant
  /** That it was got with. */
  readonly refreshToken: string | undefined
  /** Before the call, so that it never lasts longer than it is said to. */
  readonly obtainedAt: number
}

/** As it is after a grant was found to be worth nothing any more; a token that still works is kept. */
export function withRefusal(state: TokenState, grant: Grant, code: string): TokenState {
  return { ...state, note: { ...state.note, refused: { grant: grant.id, code } } }
}

/** The Secret's data, Base64. */
export function tokenData({ fields, note }: TokenState): Readonly<Record<string, string>> {
  const all = { ...fields, state: JSON.stringify(note) }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Buffer.from(value).toString('base64')]))
}
