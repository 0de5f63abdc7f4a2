import type { DeadLetter, Store } from '../../runtime/store/store.ts'
import { UsageError } from '../usage-error.ts'
import type { LetterFilters, Selection } from './select-letters.ts'
import { namedLetters, selectLetters } from './select-letters.ts'

/** The dead letters that something is to be done to. */
export interface Meant {
  readonly letters: AsyncIterable<DeadLetter> | readonly DeadLetter[]
  /** The same, where they were named one by one. */
  readonly named?: readonly DeadLetter[]
  readonly failed: Selection['failed']
}

export interface MeantOptions extends LetterFilters {
  /** Without any filter. */
  readonly all: boolean
  readonly nowMs: number
}

/**
 * Those of the names, or those that the filters let through: nobody changes all of them by leaving something out.
 *
 * @throws {UsageError} when neither is given, or both
 */
export async function meantLetters(
  store: Pick<Store, 'deadLetters' | 'flows' | 'plans' | 'blobs'>,
  names: readonly string[],
  options: MeantOptions,
): Promise<Meant> {
  const { flow, step, code, run, since, until, where, all, nowMs } = options
  const isFiltered = all || [flow, step, code, run, since, until, where].some((filter) => filter !== undefined)
  if (names.length > 0 && isFiltered) throw new UsageError('give names, or filters, not both')
  if (names.length === 0 && !isFiltered) {
    throw new UsageError('which dead letters? Give names, filters as --flow or --code, or --all')
  }
  if (names.length === 0) return selectLetters(store, options, { nowMs })
  const named = await namedLetters(store, names)
  return { letters: named, named, failed: () => ({ count: 0 }) }
}
