import { hash } from 'node:crypto'
import type { DeadLetter, DeadLetterKey } from '../store.ts'

/** A dead letter as MongoDB has it: what lists ask for as fields, all of it as text and bytes, here or in a file. */
export interface LetterEntry {
  readonly _id: string
  readonly id: string
  readonly step: string
  readonly replay: number
  readonly namespace: string
  readonly flow: string
  readonly run: string
  readonly code: string
  readonly state: DeadLetter['state']
  readonly diedAt: number
  /** Rises: tells those apart that died at the same instant, the one stored later being the newer. */
  readonly order: string
  /** JSON of all but body and state. */
  readonly record?: string
  readonly body?: Buffer
  /** Where both of them are, when they are too large for this place. */
  readonly file?: string
  /** Names who brought it to its terminal state. */
  readonly by?: string
  readonly expiresAt?: Date
}

type Located = Omit<LetterEntry, 'record' | 'body' | 'file'>

const longestText = 1024
const prefixBytes = 4

export function entryId({ id, step, replay }: DeadLetterKey): string {
  const text = JSON.stringify([id, step, replay])
  return text.length <= longestText ? text : hash('sha256', text, 'hex')
}

/** The fields that are looked for; shortened, since a message can hold anything. */
export function locatedEntry(letter: DeadLetter, order: string): Located {
  const { id, step, replay, namespace, flow, run, code, state, diedAt } = letter
  const texts = { id, step, namespace, flow, run, code }
  const short = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, shortened(text)]))
  return { ...(short as typeof texts), _id: entryId(letter), replay, state, diedAt, order } // the same names
}

export function shortened(text: string): string {
  return text.slice(0, longestText)
}

export function recordOf(letter: DeadLetter): string {
  const { body: _, state: __, ...record } = letter
  return JSON.stringify(record)
}

/** Length of the record (4 bytes, big-endian), the record, the body. */
export function fileOf(record: string, body: Uint8Array): Buffer {
  const json = Buffer.from(record)
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32BE(json.length)
  return Buffer.concat([prefix, json, body])
}

/** The same for the same content, so that putting it again writes nothing new. */
export function fileId(entry: Pick<LetterEntry, '_id'>, bytes: Buffer): string {
  return `${entry._id}/${hash('sha256', bytes, 'hex')}`
}

export function letterOfFile(bytes: Buffer, state: DeadLetter['state']): DeadLetter {
  const end = prefixBytes + bytes.readUInt32BE(0)
  return letterOf(bytes.toString('utf8', prefixBytes, end), bytes.subarray(end), state)
}

export function letterOf(record: string, body: Buffer, state: DeadLetter['state']): DeadLetter {
  return { ...(JSON.parse(record) as Omit<DeadLetter, 'state' | 'body'>), state, body } // as put
}
