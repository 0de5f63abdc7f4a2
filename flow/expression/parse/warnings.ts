import { builtIns } from '../builtin/built-ins.ts'
import type { ExpressionWarning } from '../expression.ts'
import { nearestOf } from '../../finding/suggest.ts'
import { scopeNames } from '../evaluate/frame.ts'
import type { SyntaxPart } from './read-tree.ts'
import type { Token } from './tokens.ts'
import { startOf } from './tokens.ts'

const known: ReadonlySet<string> = new Set(['', '$', ...scopeNames, ...builtIns.keys()])

/** What can be evaluated and can hardly be meant. */
export function warningsOf(
  source: string,
  parts: readonly SyntaxPart[],
  tokens: () => readonly Token[],
): ExpressionWarning[] {
  const dashed = source.includes('-') ? subtractions(tokens()) : []
  return [...unknownNames(parts, tokens), ...dashed].sort((a, b) => a.offset - b.offset)
}

function unknownNames(parts: readonly SyntaxPart[], tokens: () => readonly Token[]): ExpressionWarning[] {
  const used = parts.filter(({ type, value }) => type === 'variable' && !known.has(String(value)))
  if (used.length === 0) return []
  const assigned = assignedNames(parts)
  const unknown = new Map(used.map((part) => [String(part.value), part.position]))
  return [...unknown]
    .filter(([name]) => !assigned.has(name))
    .map(([name, position]) => {
      const nearest = nearestOf(name, [...known, ...assigned])
      return {
        kind: 'UnknownName' as const,
        message: `$${name} is neither a function nor assigned anywhere, so it is always missing`,
        offset: startOf(tokens(), position),
        ...(nearest === undefined ? {} : { hint: `$${nearest}` }),
      }
    })
}

function assignedNames(parts: readonly SyntaxPart[]): ReadonlySet<string> {
  return new Set(
    parts.flatMap(({ type, value, focus, index, lhs, arguments: parameters }) => {
      const names = [focus, index, type === 'index' ? value : undefined]
      const variables = type === 'bind' ? [lhs] : type === 'lambda' && Array.isArray(parameters) ? parameters : []
      return [...names.filter((name) => typeof name === 'string'), ...variables.map(nameOf)]
    }),
  )
}

function nameOf(variable: unknown): string {
  return String((variable as { readonly value?: unknown } | undefined)?.value) // a variable node of the parser
}

/** `$steps.fetch-orders` and `$trigger.request.headers.content-type`, written without a space: the - was to be part of the name. */
export function subtractions(tokens: readonly Token[]): ExpressionWarning[] {
  return tokens.flatMap((token, at) => {
    if (token.kind !== 'name' || token.text.startsWith('`') || !isWhollyNamed(tokens, at)) return []
    const rest = dashedRest(tokens, at)
    if (rest === '') return []
    const prefix = tokens
      .slice(startOfPath(tokens, at), at)
      .map(({ text }) => text)
      .join('')
    const written = `${prefix}${token.text}${rest}`
    const hint = `${prefix}\`${token.text}${rest}\``
    return [
      {
        kind: 'Subtraction' as const,
        message: `${written} is a subtraction: write ${hint}`,
        offset: token.start,
        hint,
      },
    ]
  })
}

/** Behind these a name is one of Weir's or HTTP's, and never a number. */
function isWhollyNamed(tokens: readonly Token[], at: number): boolean {
  const [before, dot] = [tokens[at - 2]?.text, tokens[at - 1]?.text]
  return dot === '.' && (before === '$steps' || before === 'headers')
}

function startOfPath(tokens: readonly Token[], at: number): number {
  let start = at
  while (tokens[start - 1]?.text === '.') start -= 2
  return Math.max(0, start)
}

/** What follows as `-word`, each without a space. */
function dashedRest(tokens: readonly Token[], at: number): string {
  let end = at
  while (isTightDash(tokens.slice(end, end + 3))) end += 2
  const parts = tokens.slice(at + 1, end + 1)
  return parts.map(({ text }) => text).join('')
}

function isTightDash([name, dash, word]: readonly Token[]): boolean {
  if (name === undefined || dash?.text !== '-' || word === undefined) return false
  const isTight = dash.start === name.end && word.start === dash.end
  return isTight && (word.kind === 'name' || word.kind === 'number')
}
