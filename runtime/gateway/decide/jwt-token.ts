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

function jsonObject(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined // no token of anybody's
  }
}
