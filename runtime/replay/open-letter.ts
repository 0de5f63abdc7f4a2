import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { BlobStore, DeadLetter } from '../store/store.ts'
import type { CarriedValues } from '../wire/body.ts'
import { carriedOf, payloadOf } from '../wire/body.ts'

/** What a dead letter holds. */
export type OpenedLetter =
  | {
      readonly kind: 'opened'
      /** Without the failures and rebounds that brought it here. */
      readonly carried: CarriedValues
      /** Empty where a blob holds it. */
      readonly payload: Buffer
      readonly blob?: string
      /** The message's JSON; an object. */
      readonly message: () => JsonObject
    }
  | { readonly kind: 'refused'; readonly code: 'MalformedMessage' | 'BodyMissing'; readonly message: string }

export async function openLetter(
  { blobs }: { readonly blobs: Pick<BlobStore, 'get'> },
  { body, headers: { blob } }: Pick<DeadLetter, 'body' | 'headers'>,
): Promise<OpenedLetter> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const stored = blob === undefined ? undefined : await blobs.get(blob)
  if (blob !== undefined && stored === undefined) {
    return refused('BodyMissing', 'its body lay beside the queue and is gone: give it another with --data or --edit')
  }
  try {
    const { failures: _, rebound: __, ...carried } = carriedOf(bytes)
    const payload = payloadOf(bytes)
    const message = parseMessage(stored ?? payload)
    if (message === undefined) return malformed()
    return { kind: 'opened', carried, payload, ...(blob !== undefined && { blob }), message: () => message }
  } catch {
    return malformed()
  }
}

function parseMessage(bytes: Buffer): JsonObject | undefined {
  const value = JSON.parse(bytes.toString('utf8')) as JsonObject | null // looked at next
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}

function malformed(): OpenedLetter {
  return refused('MalformedMessage', 'it is not a message that can be read: give it another with --data or --edit')
}

function refused(code: 'MalformedMessage' | 'BodyMissing', message: string): OpenedLetter {
  return { kind: 'refused', code, message }
}
