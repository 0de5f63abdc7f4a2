/** What a message carries for later expressions, and what the runtime notes about it. Small, and rewritten without touching the payload. */
export interface CarriedValues {
  /** Ancestors by step name, reduced to the paths that the plan's expressions read. */
  readonly steps?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly trigger?: Readonly<Record<string, unknown>>
  readonly split?: { readonly id: string; readonly index: number; readonly count: number }
  /** Failed attempts, oldest first, the last 20. */
  readonly failures?: readonly AttemptFailure[]
  /** How often the component asked for the message again, and why at last. */
  readonly rebound?: { readonly iteration: number; readonly reason: string }
}

export interface AttemptFailure {
  readonly step: string
  readonly attempt: number
  readonly code: string
  readonly message: string
  /** ISO 8601. */
  readonly at: string
}

const prefixBytes = 4
const nothingCarried = Buffer.from('{}')

/** Length of the carried JSON (4 bytes, big-endian), the carried JSON, then the payload's own bytes. */
export function encodeBody(carried: CarriedValues, payload: Buffer): Buffer {
  const json = Object.keys(carried).length === 0 ? nothingCarried : Buffer.from(JSON.stringify(carried))
  const body = Buffer.allocUnsafe(prefixBytes + json.length + payload.length)
  body.writeUInt32BE(json.length, 0)
  json.copy(body, prefixBytes)
  payload.copy(body, prefixBytes + json.length)
  return body
}

/** The payload's bytes: the message's JSON `{data, metadata, attachments}`, not copied. */
export function payloadOf(body: Buffer): Buffer {
  return body.subarray(prefixBytes + body.readUInt32BE(0))
}

export function carriedOf(body: Buffer): CarriedValues {
  const length = body.readUInt32BE(0)
  if (length === nothingCarried.length) return {}
  return JSON.parse(body.toString('utf8', prefixBytes, prefixBytes + length)) as CarriedValues
}
