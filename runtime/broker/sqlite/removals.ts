import type { GroupCommit } from '../../store/sqlite/group-commit.ts'
import type { NumberRange } from './queue-schema.ts'
import type { Trouble } from './trouble.ts'

/** Messages that are done with and still on disk. One whose removal is lost with the process is delivered again. */
export interface Removals {
  readonly add: (number: number) => void
  /** These are gone by other means. */
  readonly forget: (range: NumberRange) => void
}

export function removals(
  { writeRelaxed }: Pick<GroupCommit, 'writeRelaxed'>,
  remove: (range: NumberRange) => void,
  trouble: Trouble,
): Removals {
  let numbers: number[] = []
  let isScheduled = false
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    let taken: number[] = []
    const removeAll = (): void => {
      taken = numbers
      numbers = []
      isScheduled = false
      for (const range of rangesOf(taken)) remove(range)
    }
    writeRelaxed(removeAll).then(trouble.clear, (error: unknown) => {
      numbers = [...taken, ...numbers]
      isScheduled = true
      trouble.retryAfter(error, () => {
        isScheduled = false
        schedule()
      })
    })
  }
  return {
    add: (number) => {
      numbers.push(number)
      schedule()
    },
    forget: ({ first, last }) => {
      numbers = numbers.filter((number) => number < first || number > last)
    },
  }
}

/** Acknowledged in order for the most part: few statements for many messages. */
export function rangesOf(numbers: readonly number[]): NumberRange[] {
  const ranges: { first: number; last: number }[] = []
  for (const number of numbers.toSorted((left, right) => left - right)) {
    const current = ranges.at(-1)
    if (current !== undefined && number <= current.last + 1) current.last = number
    else ranges.push({ first: number, last: number })
  }
  return ranges
}
