import { hash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Slots } from '../claim-check/slots.ts'
import type { Clock } from '../clock.ts'
import { PermanentError } from '../error.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import type { CarriedValues } from '../wire/body.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'

export interface LetterKeeperParts {
  readonly store: Pick<Store, 'deadLetters' | 'blobs'>
  readonly clock: Clock
  readonly log: Logger
  /** How many large bodies may be read and written at a time: each is in memory more than once. */
  readonly bodies: Slots
  /** Ends the wait for one of these. */
  readonly signal: AbortSignal
}

/** A dead letter waits for a person, for ever if need be; what it names is kept as long. */
const asLongAsTheLetterMs = 100 * 365 * 86_400_000
const largeBytes = 1024 * 1024
const mostFailures = 20
const mostChars = 1000

/**
 * Into the store, whole; what that refuses for good (it is too large, or cannot be put in its form) with its payload as a
 * blob, and if that does not help, with the message's bytes as a blob and no more than what it is known by.
 *
 * @throws what the store said last, when it takes nothing at all; the signal's reason
 */
export async function keepLetter(parts: LetterKeeperParts, letter: DeadLetter): Promise<DeadLetter> {
  if (letter.headers.blob === undefined && letter.body.length < largeBytes) return keep(parts, letter)
  const release = await parts.bodies.take(parts.signal)
  try {
    return await keep(parts, letter)
  } finally {
    release()
  }
}

async function keep(parts: LetterKeeperParts, letter: DeadLetter): Promise<DeadLetter> {
  await keepBlob(parts, letter)
  for (const form of [whole, withPayloadAside]) {
    try {
      const formed = await form(parts, letter)
      await parts.store.deadLetters.put(formed)
      return formed
    } catch (err) {
      if (!(err instanceof PermanentError)) throw err
      const { flow, step, id } = letter
      parts.log.warn({ flow, step, id, err }, 'dead letter refused by the store, it is kept in a smaller form')
    }
  }
  const metadata = await withBytesAside(parts, letter)
  await parts.store.deadLetters.put(metadata)
  return metadata
}

/** A large body that the message names would be forgotten long before somebody looks at the letter. */
async function keepBlob({ store, clock }: LetterKeeperParts, { headers: { blob } }: DeadLetter): Promise<void> {
  if (blob === undefined) return
  const bytes = await store.blobs.get(blob)
  if (bytes !== undefined) await store.blobs.put(blob, bytes, clock.now() + asLongAsTheLetterMs)
}

async function whole(_: LetterKeeperParts, letter: DeadLetter): Promise<DeadLetter> {
  return letter
}

async function withPayloadAside(parts: LetterKeeperParts, letter: DeadLetter): Promise<DeadLetter> {
  const parted = partsOf(Buffer.from(letter.body))
  if (letter.headers.blob !== undefined || parted === undefined) return letter
  const blob = await putBlob(parts, parted.payload)
  const body = encodeBody(parted.carried, Buffer.alloc(0))
  return { ...letter, ...bounded(letter), headers: { ...letter.headers, blob }, body }
}

/** What is left names the file with the bytes as they came. */
async function withBytesAside(parts: LetterKeeperParts, letter: DeadLetter): Promise<DeadLetter> {
  const blob = await putBlob(parts, Buffer.from(letter.body))
  const small = bounded(letter)
  return {
    ...letter,
    ...small,
    message: `${small.message} (the store took no more of it than this: the message as it came is the blob ${blob})`,
    failures: [],
    body: encodeBody({}, Buffer.alloc(0)),
  }
}

async function putBlob({ store, clock }: LetterKeeperParts, bytes: Buffer): Promise<string> {
  const blob = hash('sha256', bytes, 'hex')
  await store.blobs.put(blob, bytes, clock.now() + asLongAsTheLetterMs)
  return blob
}

function partsOf(body: Buffer): { readonly carried: CarriedValues; readonly payload: Buffer } | undefined {
  try {
    return { carried: carriedOf(body), payload: payloadOf(body) }
  } catch {
    return undefined
  }
}

/** Texts come from components, which may say anything at any length. */
function bounded({ message, failures }: DeadLetter): Pick<DeadLetter, 'message' | 'failures'> {
  const short = (text: string): string =>
    (text.length > mostChars ? `${text.slice(0, mostChars)}…` : text).toWellFormed()
  return {
    message: short(message),
    failures: failures.slice(-mostFailures).map((failure) => ({ ...failure, message: short(failure.message) })),
  }
}
