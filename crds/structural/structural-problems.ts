import type { Problem } from './problem.ts'
import type { JsonSchema } from './structural-schema.ts'

export function structuralProblems(_schema: JsonSchema): Problem[] {
  return []
}
