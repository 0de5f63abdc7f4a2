import { inlineReferences } from './inline-references.ts'
import { openApiForm } from './open-api-form.ts'
import { StructuralError } from './problem.ts'
import { structuralProblems } from './structural-problems.ts'
import type { JsonSchema } from './json-schema.ts'

/**
 * The structural OpenAPI v3 schema for a JSON Schema made from a TypeScript interface.
 *
 * @throws {StructuralError} with every place that a real API server would refuse, or that has no bound
 */
export function toStructural(schema: JsonSchema): JsonSchema {
  // The draft is a matter of the whole document, which this one is not any more.
  const { $schema: _draft, ...undated } = schema
  const inlined = inlineReferences(undated)
  const structural = openApiForm(inlined.schema)
  const problems = [...inlined.problems, ...structuralProblems(structural)]
  if (problems.length > 0) throw new StructuralError(problems)
  return structural
}
