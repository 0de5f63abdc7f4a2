import { linearRegex, RegexUnsupported } from '../evaluate/regex-engine.ts'
import type { Mistake } from './mistake.ts'
import type { Signature, SyntaxNode } from './syntax-tree.ts'
import type { Token } from './tokens.ts'
import { startOf } from './tokens.ts'
import { walkTree } from './walk-tree.ts'

/** Levels of the tree's objects and lists, about three for each level of brackets. */
const deepestTree = 1_000
const mostModifiers = 8

interface Part {
  position?: number
  value?: unknown
  type?: unknown
  signature?: Signature
}

/**
 * Puts right what JSONata's parser breaks, and tells what cannot be used here. The copies that it makes of what stands left of `??` and
 * `?:` lack their regular expressions and types, which are found again by their position.
 */
export function mendTree(tree: SyntaxNode, tokens: readonly Token[]): Mistake | undefined {
  const parts: Part[] = []
  const depth = walkTree(tree, (part) => parts.push(part))
  if (depth > deepestTree)
    return { message: 'the expression is nested too deeply; assign parts of it to variables', offset: 0 }
  const regexes = new Map(parts.flatMap(({ position, value }) => (value instanceof RegExp ? [[position, value]] : [])))
  const signatures = new Map(parts.flatMap(signatureAt))
  for (const part of parts) {
    if (part.type === 'regex') part.value = regexes.get(part.position)
    const signature = signatures.get(part.position)
    if (part.signature !== undefined && signature !== undefined) part.signature = signature
  }
  return refusedRegex(regexes, tokens) ?? refusedSignature(signatures, tokens) ?? refusedEval(tokens)
}

function signatureAt({ position, signature }: Part): [number | undefined, Signature][] {
  return typeof signature?.validate === 'function' ? [[position, signature]] : []
}

function refusedRegex(regexes: ReadonlyMap<number | undefined, RegExp>, tokens: readonly Token[]): Mistake | undefined {
  for (const [position, pattern] of regexes) {
    try {
      linearRegex(pattern)
    } catch (error) {
      if (!(error instanceof RegexUnsupported)) throw error
      return { message: error.message, offset: startOf(tokens, position) }
    }
  }
  return undefined
}

/** JSONata makes a regular expression of a function's types, and matches the arguments with it. */
function refusedSignature(
  signatures: ReadonlyMap<number | undefined, Signature>,
  tokens: readonly Token[],
): Mistake | undefined {
  for (const [position, { definition }] of signatures) {
    if ((definition.match(/[-+?]/g)?.length ?? 0) > mostModifiers) {
      const message = `the types of a function may hold at most ${mostModifiers} of ?, + and -`
      return { message, offset: startOf(tokens, position) }
    }
  }
  return undefined
}

function refusedEval(tokens: readonly Token[]): Mistake | undefined {
  const found = tokens.find(({ kind, text }) => kind === 'variable' && text === '$eval')
  if (found === undefined) return undefined
  const message = '$eval cannot be used, because what it reads is not known beforehand: write the expression itself'
  return { message, offset: found.start }
}
