import { builtIns } from '../builtin/built-ins.ts'
import type { ExpressionWarning } from '../expression.ts'
import { nearestOf } from '../../finding/suggest.ts'
import { scopeNames } from '../evaluate/frame.ts'
import type { SyntaxNode } from './syntax-tree.ts'
import type { Token } from './tokens.ts'
import { startOf } from './tokens.ts'
import { walkTree } from './walk-tree.ts'

/** What can be evaluated and can hardly be meant. */
export function warningsOf(tree: SyntaxNode, tokens: readonly Token[]): ExpressionWarning[] {
  return [...unknownNames(tree, tokens), ...subtractions(tokens)].sort((a, b) => a.offset - b.offset)
}

interface Variables {
  readonly assigned: Set<string>
  /** Name to the position where it is first used. */
  readonly used: Map<string, number | undefined>
}

function unknownNames(tree: SyntaxNode, tokens: readonly Token[]): ExpressionWarning[] {
  const { assigned, used } = variablesOf(tree)
  const known = [...scopeNames, ...builtIns.keys(), ...assigned]
  const isKnown = new Set(['', '$', ...known])
  return [...used]
    .filter(([name]) => !isKnown.has(name))
    .map(([name, position]) => {
      const nearest = nearestOf(name, known)
      return {
        kind: 'UnknownName' as const,
        message: `$${name} is neither a function nor assigned anywhere, so it is always missing`,
        offset: startOf(tokens, position),
        ...(nearest === undefined ? {} : { hint: `$${nearest}` }),
      }
    })
}

function variablesOf(tree: SyntaxNode): Variables {
  const found: Variables = { assigned: new Set(), used: new Map() }
  walkTree(tree, (part) => {
    const { type, value, position, focus, index, lhs } = part
    if (type === 'variable' && !found.used.has(String(value))) found.used.set(String(value), Number(position))
    for (const name of [focus, index, type === 'index' ? value : undefined]) {
      if (typeof name === 'string') found.assigned.add(name)
    }
    if (type === 'bind') found.assigned.add(nameOf(lhs))
    if (type === 'lambda') for (const parameter of listOf(part['arguments'])) found.assigned.add(nameOf(parameter))
  })
  return found
}

function nameOf(variable: unknown): string {
  return String((variable as { readonly value?: unknown } | undefined)?.value) // a variable node of the parser
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
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
  const [name, dash, word] = tokens.slice(at, at + 3)
  if (name === undefined || dash?.text !== '-' || word === undefined) return ''
  const isTight = dash.start === name.end && word.start === dash.end
  if (!isTight || (word.kind !== 'name' && word.kind !== 'number')) return ''
  return `-${word.text}${dashedRest(tokens, at + 2)}`
}
