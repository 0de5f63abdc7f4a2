import type { Work } from './memory-store.ts'
import { defaultListLimit } from './retention.ts'
import type { DeadLetter, DeadLetterFilter, DeadLetterKey, DeadLetterStore } from './store.ts'

export function memoryDeadLetters(work: Work): DeadLetterStore {
  const letters = new Map<string, DeadLetter>()
  return {
    put: (letter) =>
      work(() => {
        const key = keyOf(letter)
        if ((letters.get(key)?.state ?? 'dead') === 'dead')
          letters.set(key, { ...structuredClone(letter), body: Buffer.from(letter.body) })
      }),
    get: (key) => work(() => letters.get(keyOf(key))),
    list: (filter) =>
      work(() =>
        [...letters.values()]
          .filter((letter) => matches(letter, filter))
          .toReversed()
          .toSorted((left, right) => right.diedAt - left.diedAt)
          .slice(0, filter.limit ?? defaultListLimit),
      ),
    mark: (key, state) =>
      work(() => {
        const letter = letters.get(keyOf(key))
        if (letter?.state !== 'dead') return false
        letters.set(keyOf(key), { ...letter, state })
        return true
      }),
  }
}

function keyOf({ id, step, replay }: DeadLetterKey): string {
  return JSON.stringify([id, step, replay])
}

function matches(letter: DeadLetter, { flow, step, code, run, state }: DeadLetterFilter): boolean {
  const wanted = { flow, step, code, run, state }
  return (['flow', 'step', 'code', 'run', 'state'] as const).every(
    (field) => wanted[field] === undefined || wanted[field] === letter[field],
  )
}
