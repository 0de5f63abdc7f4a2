import { hash, randomBytes } from 'node:crypto'

/** What makes a child the same child when its parent is worked on again: content, not position. */
export interface ChildIdentity {
  /** The parent's id. */
  readonly parent: string
  /** The plan's edges from the step that emitted to where the child is published, by their keys. */
  readonly route: string
  /** The child's encoded body, with what it carries: siblings that differ only in their ancestors are different. */
  readonly body: Buffer
  /** How many siblings of the same route and body came before; 0 is the first. With `emitsOne`, of the same route. */
  readonly occurrence: number
  /** Leaves the body out: the function emits one message, so that its id holds even when the body differs after a crash. */
  readonly emitsOne: boolean
}

/** 32 hexadecimal characters, 128 bits of a SHA-256: equal for equal identities, on every machine and in every version. */
export function childId({ parent, route, body, occurrence, emitsOne }: ChildIdentity): string {
  return idOf(parent, route, contentOf(body, emitsOne), occurrence)
}

/** Gives one parent's children their ids, in the order of their emits; it counts the occurrences. One per delivery. */
export function childIds(parent: string, emitsOne: boolean): (route: string, body: Buffer) => string {
  const occurrenceOf = occurrences()
  return (route, body) => {
    const content = contentOf(body, emitsOne)
    // 72 bits of the hash are enough to tell siblings apart, and one call may have a million of them.
    return idOf(parent, route, content, occurrenceOf(route, content.slice(0, keyDigits)))
  }
}

/** Gives how often it was asked the same before. */
function occurrences(): (route: string, key: string) => number {
  let first: readonly [route: string, key: string] | undefined
  let seen: Map<string, Map<string, number>> | undefined
  return (route, key) => {
    // Most parents have one child: the counting begins at the second.
    if (first === undefined) {
      first = [route, key]
      return 0
    }
    seen ??= new Map([[first[0], new Map([[first[1], 1]])]])
    const ofRoute = seen.get(route) ?? new Map<string, number>()
    seen.set(route, ofRoute)
    const occurrence = ofRoute.get(key) ?? 0
    ofRoute.set(key, occurrence + 1)
    return occurrence
  }
}

/** Base64 digits. Fewer than V8 makes a slice of, which would keep the whole string. */
const keyDigits = 12

/** A new id in the form of `childId`, for runs, copies and messages without a parent. Unique, but no secret: one tells the next. */
export function freshId(): string {
  used += 1
  processPrefix ??= randomBytes((idDigits - counterDigits) / 2).toString('hex')
  return processPrefix + used.toString(16).padStart(counterDigits, '0')
}

const idDigits = 32
const counterDigits = 12
// Random per process and per worker thread, drawn once: a random id per message costs more than the rest of its envelope.
// Not before the first one: until then a start needs no cryptography, which takes 6 ms to load.
let processPrefix: string | undefined
let used = 0

function contentOf(body: Buffer, emitsOne: boolean): string {
  return emitsOne ? '' : hash('sha256', body, 'base64')
}

function idOf(parent: string, route: string, content: string, occurrence: number): string {
  return hash('sha256', `${parent}\n${route}\n${content}\n${occurrence}`, 'hex').slice(0, idDigits)
}
