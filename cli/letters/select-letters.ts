import type { Expression } from '../../flow/expression/expression.ts'
import { parseExpression } from '../../flow/expression/parse-expression.ts'
import { truthy } from '../../flow/expression/truthy.ts'
import { openLetter } from '../../runtime/replay/open-letter.ts'
import type { DeadLetter, DeadLetterFilter, Store } from '../../runtime/store/store.ts'
import { findFlow, flowNames } from '../connect/find-flow.ts'
import { instantOf } from '../instant.ts'
import { UsageError } from '../usage-error.ts'
import { letterName, parseLetterName } from './letter-name.ts'
import { letterScope } from './letter-scope.ts'

/** Which dead letters are meant. */
export interface LetterFilters {
  readonly flow?: string
  readonly step?: string
  readonly code?: string
  readonly run?: string
  readonly since?: string
  readonly until?: string
  readonly where?: string
}

export interface Selection {
  readonly letters: AsyncIterable<DeadLetter>
  /** Letters that `--where` failed on so far, which are left out; and why it did first. */
  readonly failed: () => { readonly count: number; readonly first?: string }
}

/** Kept for the next start of a local run, by older versions: nobody has to do anything about them. */
const unfinishedCode = 'Unfinished'

/**
 * The letters that all filters let through, newest first.
 *
 * @throws {UsageError} when a filter cannot be understood
 */
export async function selectLetters(
  store: Pick<Store, 'deadLetters' | 'flows' | 'plans' | 'blobs'>,
  filters: LetterFilters,
  { nowMs, isSettledToo = false }: { readonly nowMs: number; readonly isSettledToo?: boolean },
): Promise<Selection> {
  const { flow, step, code, run, since, until } = filters
  const filter: DeadLetterFilter = {
    ...(flow !== undefined && { flow: (await findFlow(store, flow)).uid }),
    ...(step !== undefined && { step }),
    ...(code !== undefined && { code }),
    ...(run !== undefined && { run }),
    ...(since !== undefined && { diedFrom: instantOf('--since', since, nowMs) }),
    ...(until !== undefined && { diedTo: instantOf('--until', until, nowMs) }),
    ...(!isSettledToo && { state: 'dead' as const }),
  }
  const where = whereOf(filters.where)
  const names = flowNames(store)
  let count = 0
  let first: string | undefined
  const holds = async (letter: DeadLetter): Promise<boolean> => {
    if (where === undefined) return true
    try {
      const scope = letterScope(letter, await openLetter(store, letter), await names(letter.flow))
      return truthy(await where.evaluate(scope))
    } catch (error) {
      count += 1
      first ??= `${letterName(letter)}: ${error instanceof Error ? error.message : String(error)}`
      return false
    }
  }
  async function* letters(): AsyncGenerator<DeadLetter, void, undefined> {
    for await (const letter of store.deadLetters.scan(filter)) {
      if (letter.code === unfinishedCode && code === undefined) continue
      if (await holds(letter)) yield letter
    }
  }
  return { letters: letters(), failed: () => ({ count, ...(first !== undefined && { first }) }) }
}

/**
 * The letters of these names.
 *
 * @throws {UsageError} when there is none of a name, or more than one
 */
export async function namedLetters(
  { deadLetters }: Pick<Store, 'deadLetters'>,
  names: readonly string[],
): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = []
  // One after the other: the first mistake is told.
  for (const name of names) found.push(await letterOf(deadLetters, name))
  return found
}

async function letterOf(deadLetters: Store['deadLetters'], name: string): Promise<DeadLetter> {
  const typed = parseLetterName(name)
  if (typed.kind === 'key') return (await deadLetters.get(typed.key)) ?? notFound(name)
  const found: DeadLetter[] = []
  for await (const letter of deadLetters.scan({})) if (letter.id.startsWith(typed.prefix)) found.push(letter)
  const [letter, ...others] = found
  if (letter === undefined) return notFound(name)
  if (others.length === 0) return letter
  throw new UsageError(`"${name}" is the beginning of several: ${found.slice(0, 8).map(letterName).join(', ')}`)
}

function notFound(name: string): never {
  throw new UsageError(`there is no dead letter "${name}"; "weir dead-letters list --settled" shows all`)
}

/** @throws {UsageError} with where it is wrong */
export function expressionOf(option: string, source: string): Expression {
  const parsed = parseExpression(source)
  if (parsed.kind === 'ok') return parsed.expression
  const hint = parsed.hint === undefined ? '' : `; ${parsed.hint}`
  throw new UsageError(`${option}: ${parsed.message} (at character ${parsed.offset + 1})${hint}`)
}

function whereOf(source: string | undefined): Expression | undefined {
  return source === undefined ? undefined : expressionOf('--where', source)
}
