import { spendCharacters, spendElements } from '../evaluate/budget.ts'
import { failed, shown } from '../evaluate/fault.ts'
import type { Evaluation } from '../evaluate/frame.ts'
import type { FunctionValue } from '../evaluate/function-value.ts'
import { call, isFunctionValue } from '../evaluate/function-value.ts'
import { concatenated } from '../evaluate/operator.ts'
import type { Fields } from '../evaluate/value.ts'
import { isFields, isList, sequenceOf } from '../evaluate/value.ts'
import type { BuiltIn } from './built-in.ts'
import { firstPlace, placesOf } from './find-text.ts'
import { substituted } from './substitute.ts'

type Text = string | undefined
type Pattern = string | FunctionValue | undefined

/** What a regular expression finds, and what a function of the user's must give in its place. */
interface Match extends Fields {
  readonly match: string
  readonly start: number
  readonly end: number
  readonly groups: readonly (string | undefined)[]
}

export const matchingFunctions: Readonly<Record<string, BuiltIn>> = {
  contains: (evaluation, text: Text, pattern: Pattern) => {
    if (text === undefined || pattern === undefined) return undefined
    if (typeof pattern === 'string') return firstPlace(text, pattern) !== -1
    return !matches(evaluation, pattern, text).next().done
  },
  match: (evaluation, text: Text, pattern: FunctionValue, limit: number | undefined) => {
    if (text === undefined) return undefined
    checkLimit('match', limit)
    const found = sequenceOf()
    for (const { match, start, groups } of limited(matches(evaluation, pattern, text), limit)) {
      spendElements(evaluation.budget, 4 + groups.length)
      found.push({ match, index: start, groups })
    }
    return found
  },
  replace: (evaluation, text: Text, pattern: Pattern, ...by: readonly [Pattern, number | undefined]) =>
    text === undefined ? undefined : replaceAll(evaluation, text, { pattern, replacement: by[0], limit: by[1] }),
  split: (evaluation, text: Text, separator: Pattern, limit: number | undefined) => {
    if (text === undefined) return undefined
    checkLimit('split', limit)
    const parts =
      separator === '' ? characters(evaluation, text, limit) : partsOf(evaluation, text, { separator, limit })
    spendElements(evaluation.budget, parts.length)
    return parts
  },
}

interface Replacing {
  readonly pattern: Pattern
  readonly replacement: Pattern
  readonly limit: number | undefined
}

function replaceAll(evaluation: Evaluation, text: string, { pattern, replacement, limit }: Replacing): string {
  if (pattern === '') throw failed('$replace cannot replace an empty text')
  checkLimit('replace', limit)
  if (pattern === undefined || replacement === undefined) throw failed('$replace needs a pattern and a replacement')
  const isLiteral = typeof pattern === 'string'
  const found = isLiteral ? places(text, pattern) : matches(evaluation, pattern, text)
  return replaced(evaluation, text, { found: limited(found, limit), by: replacer(evaluation, replacement, isLiteral) })
}

function checkLimit(name: string, limit: number | undefined): void {
  if (limit !== undefined && limit < 0) throw failed(`the limit of $${name} must not be negative`)
}

function* limited<T>(found: Iterable<T>, limit = Number.POSITIVE_INFINITY): Iterable<T> {
  let count = 0
  if (limit <= 0) return
  for (const one of found) {
    yield one
    if (++count >= limit) return
  }
}

function* matches(evaluation: Evaluation, pattern: FunctionValue, text: string): Generator<Match> {
  let match: unknown = call(evaluation, pattern, [text], null)
  while (match !== undefined) {
    if (!isMatch(match)) throw failed('a function used as a pattern must give match, start, end, groups and next')
    yield match
    const next = match['next']
    match = isFunctionValue(next) ? call(evaluation, next, [], null) : undefined
  }
}

function isMatch(value: unknown): value is Match {
  if (!isFields(value)) return false
  const { match, start, end, groups } = value
  return typeof match === 'string' && typeof start === 'number' && typeof end === 'number' && isList(groups)
}

function* places(text: string, pattern: string): Generator<Match> {
  for (const at of placesOf(text, pattern)) {
    yield { match: pattern, start: at, end: at + pattern.length, groups: [] }
  }
}

type Replacer = (match: Match) => string

function replacer(evaluation: Evaluation, by: string | FunctionValue, isLiteral: boolean): Replacer {
  if (typeof by === 'string') return isLiteral ? () => by : (match) => substituted(evaluation.budget, by, match)
  if (isLiteral) throw failed('$replace with a function needs a regular expression as its pattern')
  return (match) => {
    const text = call(evaluation, by, [match], null)
    if (typeof text !== 'string') throw failed(`the function for $replace must give a text, not ${shown(text)}`)
    return text
  }
}

interface Replacement {
  readonly found: Iterable<Match>
  readonly by: Replacer
}

function replaced({ budget }: Evaluation, text: string, { found, by }: Replacement): string {
  const parts: string[] = []
  let end = 0
  for (const match of found) {
    const part = concatenated(budget, text.slice(end, match.start), by(match))
    spendElements(budget)
    parts.push(part)
    end = match.start + match.match.length
  }
  spendCharacters(budget, text.length - end)
  return parts.join('') + text.slice(end)
}

interface Splitting {
  readonly separator: Pattern
  readonly limit: number | undefined
}

function partsOf(evaluation: Evaluation, text: string, { separator, limit }: Splitting): string[] {
  if (separator === undefined) throw failed('$split needs a separator')
  const isLiteral = typeof separator === 'string'
  const found = isLiteral ? places(text, separator) : matches(evaluation, separator, text)
  const parts: string[] = []
  let start = 0
  for (const match of limited(found, limit)) {
    spendElements(evaluation.budget)
    parts.push(text.slice(start, match.start))
    start = match.end
  }
  return limit === undefined || parts.length < limit ? [...parts, text.slice(start)] : parts
}

function characters({ budget }: Evaluation, text: string, limit = Number.POSITIVE_INFINITY): string[] {
  return text.split('', Math.min(limit, budget.limits.size + 1))
}
