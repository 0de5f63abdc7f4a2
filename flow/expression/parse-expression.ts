import { standardLimits } from './evaluate/budget.ts'
import { compile } from './evaluate/compile.ts'
import { evaluated } from './evaluate/evaluate.ts'
import type { Evaluator } from './evaluate/frame.ts'
import type { Expression, ExpressionLimits, ParsedExpression } from './expression.ts'
import type { Mistake } from './parse/mistake.ts'
import { readTree } from './parse/read-tree.ts'
import { refusedLength, refusedNesting } from './parse/refuse-oversized.ts'
import { refusedParts } from './parse/refuse-parts.ts'
import { syntaxMistake } from './parse/syntax-mistake.ts'
import type { Token } from './parse/tokens.ts'
import { tokensOf } from './parse/tokens.ts'
import { subtractions, warningsOf } from './parse/warnings.ts'
import type { References } from './expression.ts'
import { referencesOf } from './references/references.ts'

/** Compiles JSONata. What is wrong with it is a value, like every mistake of a user; nothing is thrown. */
export function parseExpression(source: string, limits: Partial<ExpressionLimits> = {}): ParsedExpression {
  let cut: readonly Token[] | undefined
  const tokens = (): readonly Token[] => (cut ??= tokensOf(source))
  const oversized = refusedLength(source) ?? (/\?[?:]/.test(source) ? refusedNesting(tokens()) : undefined)
  if (oversized !== undefined) return invalid(oversized)
  try {
    const { tree, parts } = readTree(source)
    const refused = refusedParts(parts, tokens)
    if (refused !== undefined) return invalid(refused, tokens())
    const expression = expressionOf(source, referencesOf(tree), { ...standardLimits, ...limits })
    return { kind: 'ok', expression, warnings: warningsOf(source, parts, tokens) }
  } catch (error) {
    return invalid(syntaxMistake(error, { source, tokens: tokens() }), tokens())
  }
}

/** Keeps the source alone until it is evaluated for the first time: most flows are idle, and their trees would fill the memory. */
function expressionOf(source: string, references: References, limits: ExpressionLimits): Expression {
  let evaluate: Evaluator | undefined
  return {
    source,
    references,
    evaluate: (scope) => {
      evaluate ??= compile(readTree(source).tree)
      return evaluated({ source, evaluate, limits }, scope)
    },
  }
}

function invalid({ message, offset, hint }: Mistake, tokens: readonly Token[] = []): ParsedExpression {
  const said = hint ?? subtractions(tokens)[0]?.message
  return { kind: 'invalid', message, offset, ...(said === undefined ? {} : { hint: said }) }
}
