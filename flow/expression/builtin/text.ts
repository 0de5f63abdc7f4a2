import { spendCharacters } from '../evaluate/budget.ts'
import { textOf } from '../evaluate/text.ts'
import type { BuiltIn } from './built-in.ts'
import { native } from './built-in.ts'
import { firstPlace } from './find-text.ts'

type Text = string | undefined

export const textFunctions: Readonly<Record<string, BuiltIn>> = {
  string: ({ budget }, value: unknown, isPretty: boolean | undefined) =>
    value === undefined ? undefined : textOf(budget, value, { isPretty: isPretty === true }),
  length: (_, text: Text) => (text === undefined ? undefined : characterCount(text)),
  substring: (_, text: Text, start: number, length: number | undefined) =>
    text === undefined ? undefined : substring(text, start, length),
  substringBefore: (_, text: Text, mark: Text) => {
    if (text === undefined || mark === undefined) return text
    const at = firstPlace(text, mark)
    return at === -1 ? text : text.slice(0, at)
  },
  substringAfter: (_, text: Text, mark: Text) => {
    if (text === undefined || mark === undefined) return text
    const at = firstPlace(text, mark)
    return at === -1 ? text : text.slice(at + mark.length)
  },
  lowercase: growing(native('lowercase'), 1),
  uppercase: growing(native('uppercase'), 3),
  trim: growing(native('trim'), 1),
  pad: ({ budget }, text: Text, width: number, filler: Text) => {
    if (text === undefined) return undefined
    spendCharacters(budget, Math.abs(width) * 2)
    return padded(text, Math.trunc(width), filler === undefined || filler === '' ? ' ' : filler)
  },
  join: ({ budget }, texts: readonly string[] | undefined, separator: string = '') => {
    if (texts === undefined) return undefined
    spendCharacters(
      budget,
      texts.reduce((sum, { length }) => sum + length + separator.length, 0),
    )
    return texts.join(separator)
  },
  base64encode: growing(native('base64encode'), 2),
  base64decode: growing(native('base64decode'), 1),
  encodeUrlComponent: growing(native('encodeUrlComponent'), 9),
  encodeUrl: growing(native('encodeUrl'), 9),
  decodeUrlComponent: growing(native('decodeUrlComponent'), 1),
  decodeUrl: growing(native('decodeUrl'), 1),
}

/** A function of a text whose result is at most so many times as long. */
function growing(builtIn: BuiltIn, times: number): BuiltIn {
  return (evaluation, ...args) => {
    const [text] = args as readonly unknown[]
    if (typeof text === 'string') spendCharacters(evaluation.budget, text.length * times)
    return builtIn(evaluation, ...args)
  }
}

/** Characters as people count them: one outside the basic plane is one, not two. */
function characterCount(text: string): number {
  let pairs = 0
  for (let at = 0; at < text.length; at++) if ((text.codePointAt(at) ?? 0) > 0xffff) pairs++
  return text.length - pairs
}

function substring(text: string, start: number, length: number | undefined): string {
  const count = characterCount(text)
  const from = count + start < 0 ? 0 : start
  if (length !== undefined && length <= 0) return ''
  const to = length === undefined ? undefined : (from >= 0 ? from : count + from) + length
  return count === text.length ? text.slice(from, to) : text.slice(placeOf(text, count, from), placeOf(text, count, to))
}

/** Where so many characters into a text the rest begins; counted from the end when negative. */
function placeOf(text: string, count: number, characters: number | undefined): number | undefined {
  if (characters === undefined) return undefined
  let left = Math.trunc(characters < 0 ? Math.max(0, count + Math.trunc(characters)) : characters)
  let at = 0
  for (; left > 0 && at < text.length; left--) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

function padded(text: string, width: number, filler: string): string {
  const missing = Math.abs(width) - characterCount(text)
  if (!(missing > 0)) return text
  const repeated = filler.repeat(Math.ceil(missing / characterCount(filler)))
  const padding = characterCount(filler) === 1 ? repeated : substring(repeated, 0, missing)
  return width > 0 ? text + padding : padding + text
}
