import type { Work } from './memory-store.ts'
import type { MemoryRetention } from './retention.ts'
import { defaultListLimit } from './retention.ts'
import type { DeadLetter, DeadLetterFilter, DeadLetterKey, DeadLetterStore } from './store.ts'

export interface MemoryDeadLettersOptions {
  readonly retention: Pick<MemoryRetention, 'deadLetters' | 'deadLetterBytes'>
  readonly onLetterForgotten: (total: number) => void
}

interface KeptLetter {
  readonly letter: DeadLetter
  readonly bytes: number
}

export function memoryDeadLetters(
  work: Work,
  { retention, onLetterForgotten }: MemoryDeadLettersOptions,
): DeadLetterStore {
  /** The oldest comes first. */
  const kept = new Map<string, KeptLetter>()
  let bytes = 0
  let forgotten = 0

  const forget = (): void => {
    for (const [key, oldest] of kept) {
      const isWithin = kept.size <= retention.deadLetters && bytes <= retention.deadLetterBytes
      // The newest stays, however large it is: it is what somebody looks for now.
      if (isWithin || kept.size === 1) return
      kept.delete(key)
      bytes -= oldest.bytes
      if (oldest.letter.state === 'dead') onLetterForgotten((forgotten += 1))
    }
  }
  const newestFirst = (filter: DeadLetterFilter): DeadLetter[] =>
    [...kept.values()]
      .map(({ letter }) => letter)
      .filter((letter) => matches(letter, filter))
      .toReversed()
      .toSorted((left, right) => right.diedAt - left.diedAt)
  return {
    put: (letter) =>
      work(() => {
        const key = keyOf(letter)
        const known = kept.get(key)
        if (known !== undefined && known.letter.state !== 'dead') return
        const copy = copyOf(letter)
        kept.set(key, copy)
        bytes += copy.bytes - (known?.bytes ?? 0)
        forget()
      }),
    get: (key) => work(() => kept.get(keyOf(key))?.letter),
    list: (filter) => work(() => newestFirst(filter).slice(0, filter.limit ?? defaultListLimit)),
    count: (filter) => work(() => newestFirst(filter).length),
    scan: async function* (filter) {
      yield* await work(() => newestFirst(filter).slice(0, filter.limit))
    },
    mark: (key, state) =>
      work(() => {
        const known = kept.get(keyOf(key))
        if (known?.letter.state !== 'dead') return false
        kept.set(keyOf(key), { ...known, letter: { ...known.letter, state } })
        return true
      }),
  }
}

function copyOf({ body, ...record }: DeadLetter): KeptLetter {
  const json = JSON.stringify(record)
  return { letter: { ...structuredClone(record), body: Buffer.from(body) }, bytes: body.byteLength + json.length }
}

function keyOf({ id, step, replay }: DeadLetterKey): string {
  return JSON.stringify([id, step, replay])
}

function matches(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { diedFrom = Number.NEGATIVE_INFINITY, diedTo = Number.POSITIVE_INFINITY } = filter
  if (letter.diedAt < diedFrom || letter.diedAt > diedTo) return false
  return (['flow', 'step', 'code', 'run', 'state'] as const).every(
    (field) => filter[field] === undefined || filter[field] === letter[field],
  )
}
