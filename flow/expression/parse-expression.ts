import jsonata from 'jsonata'
import { standardLimits } from './evaluate/budget.ts'
import { compile } from './evaluate/compile.ts'
import { evaluated } from './evaluate/evaluate.ts'
import type { ExpressionLimits, ParsedExpression } from './expression.ts'
import { mendTree } from './parse/mended-tree.ts'
import type { Mistake } from './parse/mistake.ts'
import { refusedLength, refusedNesting } from './parse/refuse-oversized.ts'
import type { SyntaxNode } from './parse/syntax-tree.ts'
import { syntaxMistake } from './parse/syntax-mistake.ts'
import type { Token } from './parse/tokens.ts'
import { tokensOf } from './parse/tokens.ts'
import { subtractions, warningsOf } from './parse/warnings.ts'
import { referencesOf } from './references/references.ts'

/** Compiles JSONata. What is wrong with it is a value, like every mistake of a user; nothing is thrown. */
export function parseExpression(source: string, limits: Partial<ExpressionLimits> = {}): ParsedExpression {
  const tooLong = refusedLength(source)
  if (tooLong !== undefined) return invalid(tooLong, [])
  const tokens = tokensOf(source)
  const tooNested = refusedNesting(tokens)
  if (tooNested !== undefined) return invalid(tooNested, tokens)
  try {
    const tree = jsonata(source).ast() as unknown as SyntaxNode // the parser's own types leave most of the tree out
    const refused = mendTree(tree, tokens)
    if (refused !== undefined) return invalid(refused, tokens)
    const prepared = { source, evaluate: compile(tree), limits: { ...standardLimits, ...limits } }
    return {
      kind: 'ok',
      expression: { source, references: referencesOf(tree), evaluate: (scope) => evaluated(prepared, scope) },
      warnings: warningsOf(tree, tokens),
    }
  } catch (error) {
    return invalid(syntaxMistake(error, { source, tokens }), tokens)
  }
}

function invalid(mistake: Mistake, tokens: readonly Token[]): ParsedExpression {
  const [subtraction] = subtractions(tokens)
  const hint = mistake.hint ?? subtraction?.message
  return { kind: 'invalid', message: mistake.message, offset: mistake.offset, ...(hint === undefined ? {} : { hint }) }
}
