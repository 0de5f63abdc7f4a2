import { shortened } from '../evaluate/fault.ts'
import { RegexUnsupported } from '../evaluate/regex-engine.ts'
import type { Mistake } from './mistake.ts'
import type { Token } from './tokens.ts'

/** What JSONata's parser throws. */
interface ParserError {
  readonly code?: unknown
  /** Just behind the token. */
  readonly position?: unknown
  readonly token?: unknown
  readonly value?: unknown
}

interface Source {
  readonly source: string
  readonly tokens: readonly Token[]
}

const atEnd: Readonly<Record<string, (error: ParserError) => string>> = {
  S0203: ({ value }) => `a ${String(value)} is missing at the end`,
  S0207: () => 'the expression ends too early: something must follow',
}

const atToken: Readonly<Record<string, (token: string, error: ParserError) => string>> = {
  S0102: (token) => `the number ${token} is out of range`,
  S0201: (token) => `${token} cannot follow what stands before it: put an operator between them, & to join texts`,
  S0202: (token, { value }) => `${String(value)} is expected here, not ${token}`,
  S0204: (token) => `${token} is no operator`,
  S0205: (token) => `${token} cannot stand here`,
  S0206: (token) => `${token} cannot stand here`,
  S0208: (token) => `a function's parameters start with $, as in function($value) {…}: ${token} does not`,
  S0209: () => 'a predicate [ ] must come before the grouping { }',
  S0210: () => 'a step has one grouping { } at most',
  S0211: (token) => `${token} needs something on its left`,
  S0212: (token) => `only a variable can be assigned to, as in $name := …: ${token} is not one`,
  S0213: (token) =>
    `${token} is a value and no field: a name that starts with a digit or holds a - stands in backticks`,
  S0214: (_, { token }) => `behind ${String(token)} comes a variable, as in items${String(token)}$item`,
  S0215: () => 'the @ variable must come before the predicates [ ] of its step',
  S0216: () => 'the @ variable must come before the order ^( ) of its step',
  S0217: () => '% has no parent here: use it behind a step, as in items.(price * %.quantity)',
  S0301: () => 'the regular expression is empty',
  S0401: () => 'the types of this function are not right: < > may follow a and f only',
  S0402: () => 'the types of this function are not right: a choice ( ) holds single letters only',
}

/** An unreadable expression, told to whoever wrote it. */
export function syntaxMistake(error: unknown, at: Source): Mistake {
  if (error instanceof RangeError) {
    return { message: 'the expression is nested too deeply; assign parts of it to variables', offset: 0 }
  }
  if (error instanceof RegexUnsupported) return { message: error.message, offset: 0 }
  if (error instanceof SyntaxError) return invalidRegex(error, at)
  const hint = hintFor(at.source, error as ParserError)
  return { ...described(error as ParserError, at), ...(hint === undefined ? {} : { hint }) }
}

function described(error: ParserError, { source, tokens }: Source): Mistake {
  const code = String(error.code)
  const last = tokens.at(-1)
  if (last === undefined) return { message: 'the expression is empty', offset: 0 }
  if (last.kind === 'open') return { message: unclosed(last.text), offset: last.start }
  if (code === 'S0103' || code === 'S0104') return badEscape(code, Number(error.position))
  const endText = atEnd[code]
  if (endText !== undefined) return { message: endText(error), offset: source.trimEnd().length }
  return atItsToken(error, tokens, last)
}

function atItsToken(error: ParserError, tokens: readonly Token[], last: Token): Mistake {
  const code = String(error.code)
  const found = tokens.findIndex(({ end, text }) =>
    error.position === undefined ? text === '%' : end === error.position,
  )
  const [token, before] = [tokens[found] ?? last, tokens[found - 1]]
  if (code === 'S0201' && before?.kind === 'number' && before.end === token.start) {
    const name = `${before.text}${token.text}`
    return { message: `a name that starts with a digit stands in backticks: write \`${name}\``, offset: before.start }
  }
  return { message: textAt(code, shortened(token.text), error), offset: token.start }
}

function textAt(code: string, token: string, error: ParserError): string {
  const isUnexpected = code === 'S0201' || code === 'S0211'
  if (isUnexpected && [')', ']', '}', ',', ';', ':'].includes(token)) {
    return code === 'S0201'
      ? `there is no bracket that this ${token} could stand in`
      : `something is missing before ${token}`
  }
  return atToken[code]?.(token, error) ?? `${token} cannot be read`
}

function unclosed(text: string): string {
  const first = text.charAt(0)
  if (text.startsWith('/*')) return 'this comment is not closed: add */'
  if (first === '/') return 'this regular expression is not closed: add / behind it, and \\ before one within it'
  return `this ${first === '`' ? 'name' : 'text'} is not closed: add ${first} behind it`
}

function badEscape(code: string, position: number): Mistake {
  return {
    message:
      code === 'S0104'
        ? String.raw`four hexadecimal digits must follow \u`
        : String.raw`write \\ for a backslash in a text`,
    offset: Math.max(0, position - 1),
  }
}

/** V8 names the pattern and not the place. */
function invalidRegex({ message }: SyntaxError, { source, tokens }: Source): Mistake {
  const regexes = tokens.filter(({ kind }) => kind === 'regex')
  const reason = /\/[a-z]*: ([^:]+)$/.exec(message)?.[1] ?? 'it cannot be read'
  const meant = regexes.find(({ text }) => message.includes(text.replace(/[im]*$/, '')))
  return {
    message: `the regular expression is not right: ${reason.toLowerCase()}`,
    offset: meant?.start ?? Math.max(0, source.indexOf('/')),
  }
}

const peers: readonly (readonly [RegExp, string])[] = [
  [/===?/, 'JSONata compares with a single ='],
  [/&&/, 'write and for &&'],
  [/\|\|/, 'write or for ||'],
  [/!(?!=)/, 'write $not(…) for !'],
  [/=>/, 'a function is written function($x) {…}'],
]

/** What somebody may have meant who comes from another language. */
function hintFor(source: string, { position }: ParserError): string | undefined {
  const around = source.slice(Math.max(0, Number(position) - 3), Number(position) + 1)
  return peers.find(([pattern]) => pattern.test(around))?.[1]
}
