import jsonata from 'jsonata'
import { standardLimits } from './evaluate/budget.ts'
import { compile } from './evaluate/compile.ts'
import { evaluated } from './evaluate/evaluate.ts'
import type { ExpressionLimits, ParsedExpression } from './expression.ts'
import { referencesOf } from './references.ts'
import type { SyntaxNode } from './syntax-tree.ts'

/** Compiles JSONata. What is wrong with it is a value, as everything that a user types. */
export function parseExpression(source: string, limits: Partial<ExpressionLimits> = {}): ParsedExpression {
  try {
    const tree = jsonata(source).ast() as unknown as SyntaxNode // the parser's own types leave most of the tree out
    const prepared = { source, evaluate: compile(tree), limits: { ...standardLimits, ...limits } }
    const references = referencesOf(tree)
    return {
      kind: 'ok',
      expression: { source, references, evaluate: (scope) => evaluated(prepared, scope) },
      warnings: [],
    }
  } catch (error) {
    const { message, position } = error as { message: string; position?: number }
    return { kind: 'invalid', message, offset: position ?? 0 }
  }
}
