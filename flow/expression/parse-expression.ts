import jsonata from 'jsonata'
import type { Expression, ParsedExpression, Scope } from './expression.ts'
import { ExpressionError } from './expression.ts'
import { referencesOf } from './references.ts'
import type { SyntaxNode } from './syntax-tree.ts'

/** Compiles JSONata. */
export function parseExpression(source: string): ParsedExpression {
  try {
    const parsed = jsonata(source, { timeout: 1000, sequence: 1_000_000 })
    const expression: Expression = {
      source,
      references: referencesOf(parsed.ast() as unknown as SyntaxNode), // the parser's own types leave most of the tree out
      evaluate: async (scope: Scope) => {
        try {
          const value: unknown = await parsed.evaluate(scope.message, { ...scope })
          return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
        } catch (error) {
          throw new ExpressionError('ExpressionFailed', (error as Error).message, { cause: error })
        }
      },
    }
    return { kind: 'ok', expression, warnings: [] }
  } catch (error) {
    const { message, position } = error as { message: string; position?: number }
    return { kind: 'invalid', message, offset: position ?? 0 }
  }
}
