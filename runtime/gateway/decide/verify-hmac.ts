import type { PlanHmacAuth } from '../../../flow/plan/defaults.ts'
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Fields, Verdict } from './verdict.ts'
import { allowed, denied, rotatingKeys } from './verdict.ts'

export interface SignedRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** As it came over the wire. */
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Checks the signature of a body: HMAC with the field `secret` or, during a rotation, `previousSecret`. With a `timestampHeader`
 * what is signed is the header's value, a dot and the body (a time that is not signed protects against nothing).
 */
export function verifyHmac(auth: PlanHmacAuth, fields: Fields, request: SignedRequest): Verdict {
  const { header, algorithm, encoding, prefix } = auth
  const secrets = rotatingKeys(fields, 'secret')
  if (secrets.length === 0) return { kind: 'misconfigured', message: 'the credential has no field "secret"' }
  const signature = request.headers[header.toLowerCase()]
  if (signature === undefined) return denied('no signature')
  if (!signature.startsWith(prefix)) return denied('the signature has another prefix')
  const time = timeVerdict(auth, request)
  if (time.kind !== 'allowed') return time

  const given = Buffer.from(signature.slice(prefix.length).trim(), encoding)
  const signedTime = auth.timestampHeader && request.headers[auth.timestampHeader.toLowerCase()]
  // All keys, whatever the first one says: the time is not to tell which it was.
  const matches = secrets.map((secret) => {
    const hmac = createHmac(algorithm, secret)
    if (signedTime !== undefined) hmac.update(`${signedTime}.`)
    const expected = hmac.update(request.body).digest()
    return expected.length === given.length && timingSafeEqual(expected, given)
  })
  return matches.includes(true) ? allowed : denied('the signature does not match')
}

function timeVerdict({ timestampHeader, toleranceSeconds }: PlanHmacAuth, { headers, now }: SignedRequest): Verdict {
  if (timestampHeader === undefined) return allowed
  const text = headers[timestampHeader.toLowerCase()]
  const at = text === undefined ? Number.NaN : instantOf(text)
  if (Number.isNaN(at)) return denied('no timestamp')
  const apartMs = Math.abs(now - at)
  return apartMs <= toleranceSeconds * 1000 ? allowed : denied('the timestamp is too old or ahead')
}

/** Seconds or milliseconds since 1970, or ISO 8601. */
function instantOf(text: string): number {
  if (!/^\d{1,16}$/.test(text)) return Date.parse(text)
  const number = Number(text)
  return number < 1e11 ? number * 1000 : number
}
