import type { PlanWebhookAuth } from '../../../flow/plan/defaults.ts'
import { isOneOf } from './constant-time.ts'
import type { Query } from './request-target.ts'
import type { Fields, Verdict } from './verdict.ts'
import { allowed, denied, rotatingKeys } from './verdict.ts'
import { verifyJwt } from './verify-jwt.ts'

/** What of a request can be judged before its body is read. */
export interface CallerRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: Query
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What of a request was its caller's proof: it stops at the gateway, flows and components never see it. */
export interface Proof {
  readonly header?: string
  readonly parameter?: string
}

/** Judges by headers and query alone. `none` and `hmac` are let through: one has no check, the other needs the body. */
export function verifyCaller(auth: PlanWebhookAuth, fields: Fields, request: CallerRequest): Verdict {
  if (auth.jwt !== undefined) return verifyJwt(auth.jwt, fields, request)
  if (auth.basic !== undefined) return verifyBasic(fields, request)
  if (auth.apiKey !== undefined) return verifyApiKey(auth.apiKey, fields, request)
  return auth.none !== undefined || auth.hmac !== undefined
    ? allowed
    : { kind: 'misconfigured', message: 'this kind of authentication is not known here' }
}

export function proofOf(auth: PlanWebhookAuth): Proof {
  if (auth.jwt !== undefined || auth.basic !== undefined) return { header: 'authorization' }
  if (auth.apiKey === undefined) return {}
  const { name } = auth.apiKey
  return auth.apiKey.in === 'query' ? { parameter: name } : { header: name.toLowerCase() }
}

/** What `www-authenticate` names. */
export function schemeOf(auth: PlanWebhookAuth): string {
  if (auth.basic !== undefined) return 'Basic realm="webhook", charset="UTF-8"'
  if (auth.jwt !== undefined) return 'Bearer'
  return auth.apiKey === undefined ? 'Signature' : 'ApiKey'
}

function verifyBasic(fields: Fields, { headers }: CallerRequest): Verdict {
  const { username } = fields
  const passwords = rotatingKeys(fields, 'password')
  if (username === undefined || passwords.length === 0) {
    return { kind: 'misconfigured', message: 'the credential needs the fields "username" and "password"' }
  }
  const token = /^basic +([A-Za-z0-9+/=]+)$/i.exec(headers['authorization'] ?? '')?.[1]
  if (token === undefined) return denied('no user name and password')
  const given = Buffer.from(token, 'base64').toString('utf8')
  const expected = passwords.map((password) => `${username}:${password}`)
  return isOneOf(given, expected) ? allowed : denied('wrong user name or password')
}

function verifyApiKey(auth: NonNullable<PlanWebhookAuth['apiKey']>, fields: Fields, request: CallerRequest): Verdict {
  const keys = [...rotatingKeys(fields, 'key'), ...rotatingKeys(fields, 'apiKey')]
  if (keys.length === 0) return { kind: 'misconfigured', message: 'the credential has no field "key"' }
  const { header, parameter } = proofOf({ apiKey: auth })
  const given = header === undefined ? request.query[parameter ?? ''] : request.headers[header]
  if (typeof given !== 'string') return denied('no key')
  return isOneOf(given, keys) ? allowed : denied('wrong key')
}
