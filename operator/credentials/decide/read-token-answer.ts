/** What a token endpoint gave. */
export interface Token {
  readonly accessToken: string
  readonly tokenType: string
  /** Undefined when the server does not say. */
  readonly expiresInSeconds: number | undefined
  readonly refreshToken: string | undefined
  readonly scope: string | undefined
}

export type TokenAnswer =
  | { readonly kind: 'token'; readonly token: Token }
  /** RFC 6749 §5.2: no, for a reason. */
  | { readonly kind: 'refused'; readonly code: string; readonly description: string }
  /** Not now: nothing was exchanged. */
  | { readonly kind: 'unavailable'; readonly why: string; readonly retryAfterMs: number | undefined }
  /** Nobody knows whether it was carried out. */
  | { readonly kind: 'lost'; readonly why: string }

export interface HttpAnswer {
  readonly status: number
  /** The header, as it came. */
  readonly retryAfter: string | undefined
  readonly text: string
}

const notNow = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])
const longestRetryAfterMs = 86_400_000
const longestDescription = 300
const longestSeconds = 10 * 365 * 86_400

/**
 * What an answer of a token endpoint means (RFC 6749 §5).
 *
 * @param secrets what was sent, and must not come back in any word
 * @param now milliseconds since 1970, for a `Retry-After` that is a date
 */
export function readTokenAnswer(answer: HttpAnswer, secrets: readonly string[], now: number): TokenAnswer {
  const { status } = answer
  const body = objectIn(answer.text) ?? {}
  const code = wordOf(body['error'], secrets)
  if (status >= 200 && status < 300) return tokenIn(body, status, code)
  if (isNotNow(status, code))
    return { kind: 'unavailable', why: whyNotNow(status, code), retryAfterMs: retryAfterIn(answer.retryAfter, now) }
  const description = withoutSecrets(textOf(body['error_description']) ?? describe(status), secrets)
  return { kind: 'refused', code: code ?? codeOf(status), description }
}

function isNotNow(status: number, code: string | undefined): boolean {
  return status === 429 || status >= 500 || (code !== undefined && notNow.has(code))
}

function whyNotNow(status: number, code: string | undefined): string {
  return `it answers ${status}${code === undefined ? '' : ` (${code})`}`
}

function describe(status: number): string {
  return status < 400 ? 'it leads to another address, which is not followed' : ''
}

function codeOf(status: number): string {
  return status === 401 ? 'invalid_client' : `http_${status}`
}

function tokenIn(body: Readonly<Record<string, unknown>>, status: number, code: string | undefined): TokenAnswer {
  // Some answer 200 to everything.
  if (code !== undefined) return { kind: 'refused', code, description: '' }
  const accessToken = textOf(body['access_token'])
  if (accessToken === undefined) return { kind: 'lost', why: `it answers ${status} without a token that can be read` }
  return {
    kind: 'token',
    token: {
      accessToken,
      tokenType: textOf(body['token_type']) ?? 'Bearer',
      expiresInSeconds: secondsOf(body['expires_in']),
      refreshToken: textOf(body['refresh_token']),
      scope: textOf(body['scope']),
    },
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A code as the RFC has them: whatever else a server writes there is not repeated. */
function wordOf(value: unknown, secrets: readonly string[]): string | undefined {
  const isWord = typeof value === 'string' && /^[a-z][a-z0-9_.-]{0,63}$/i.test(value)
  return isWord && withoutSecrets(value, secrets) === value ? value : undefined
}

/** Some servers write the number as text. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, longestSeconds) : undefined
}

function retryAfterIn(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), longestRetryAfterMs)
}

/** One line, not long, and of what was sent nothing: servers quote what they do not like. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text
  // The longest first, or one would leave the rest of another.
  for (const secret of secrets.filter((one) => one.length >= 4).toSorted((left, right) => right.length - left.length)) {
    for (const form of [secret, encodeURIComponent(secret)]) clean = clean.replaceAll(form, '***')
  }
  return clean
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, longestDescription)
}
