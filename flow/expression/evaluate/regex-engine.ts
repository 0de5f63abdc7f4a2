import { RE2JS } from 're2js'

/** A regular expression whose search takes time in proportion to the text, whatever the pattern. */
export interface LinearRegex {
  /** The first place at or behind an index. */
  readonly find: (text: string, from: number) => RegexMatch | undefined
  /** Work for each character of the text, at the worst. */
  readonly size: number
}

export interface RegexMatch {
  readonly match: string
  readonly start: number
  readonly end: number
  readonly groups: readonly (string | undefined)[]
}

/** A pattern that a linear-time engine cannot have. The message says what and what to do. */
export class RegexUnsupported extends Error {
  override readonly name = 'RegexUnsupported'
}

/** Instructions; a letter that may come a thousand times takes as many. */
const largestProgram = 10_000
const whitespace = String.raw`\s\x0b\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
const lineEnds = String.raw`\n\r\x{2028}\x{2029}`

/**
 * Compiles what JSONata has read as JavaScript's regular expression. `i` and `m` hold, `.` and `\s` mean what they do in JavaScript.
 *
 * @throws {RegexUnsupported} for back-references, look-around and repeats above 1,000
 */
export function linearRegex(pattern: RegExp): LinearRegex {
  refuseUnsupported(pattern.source)
  const compiled = compile(pattern)
  const size = compiled.programSize()
  if (size > largestProgram)
    throw new RegexUnsupported('the regular expression is too large: repeat less, or less often')
  return {
    size,
    find: (text, from) => {
      const matcher = compiled.matcher(text)
      if (from > text.length || !matcher.find(from)) return undefined
      const groups = Array.from({ length: matcher.groupCount() }, (_, at) => matcher.group(at + 1) ?? undefined)
      return { match: matcher.group() ?? '', start: matcher.start(), end: matcher.end(), groups }
    },
  }
}

function compile(pattern: RegExp): RE2JS {
  try {
    return RE2JS.compile(javaScriptMeaning(RE2JS.translateRegExp(pattern)))
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace('error parsing regexp: ', '')
    throw new RegexUnsupported(`the regular expression does not work here: ${reason.slice(0, 100)}`, { cause: error })
  }
}

function refuseUnsupported(source: string): void {
  for (const [token, inClass] of tokensOf(source)) {
    if (inClass) continue
    if (/^\\[1-9]|^\\k</.test(token)) {
      throw new RegexUnsupported(
        `regular expressions have no back-references (${token}); compare the groups of $match instead`,
      )
    }
    if (/^\(\?<?[=!]/.test(token)) {
      throw new RegexUnsupported(
        `regular expressions have no look-around (${token}…)); take more into the match and a group for the part that is wanted`,
      )
    }
  }
}

function javaScriptMeaning(source: string): string {
  return [...tokensOf(source)]
    .map(([token, inClass]) => {
      if (token === '\\s') return inClass ? whitespace : `[${whitespace}]`
      if (inClass) return token
      if (token === '\\S') return `[^${whitespace}]`
      return token === '.' ? `[^${lineEnds}]` : token
    })
    .join('')
}

/** The pattern's escapes, group openings and single characters, each with whether it stands in a class `[…]`. */
function* tokensOf(source: string): Generator<readonly [token: string, inClass: boolean]> {
  let inClass = false
  for (const [token] of source.matchAll(/\\k<|\\.|\(\?<?[=!]|[^]/gsu)) {
    if (token === ']') inClass = false
    yield [token, inClass]
    if (token === '[') inClass = true
  }
}
