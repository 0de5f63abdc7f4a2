import type { JsonObject } from '../../../crds/v1alpha1/meta.ts'
import { isJsonObject } from '../../../crds/v1alpha1/meta.ts'

/** A token in its parts, nothing of it checked. */
export interface JwtToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** What is signed. */
  readonly text: string
  readonly signature: Buffer
}

const bearerForm = /^bearer +([\w-]+)\.([\w-]+)\.([\w-]+)$/i

/** The bearer token of an `authorization` header; undefined when there is none. */
export function parseToken(authorization: string | undefined): JwtToken | undefined {
  const [, head = '', body = '', signature = ''] = bearerForm.exec(authorization ?? '') ?? []
  const header = jsonObject(head)
  const claims = jsonObject(body)
  if (header === undefined || claims === undefined) return undefined
  return { header, claims, text: `${head}.${body}`, signature: Buffer.from(signature, 'base64url') }
}

function jsonObject(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined // no token of anybody's
  }
}
