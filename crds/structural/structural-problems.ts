import { boundProblems } from './bound-problems.ts'
import { defaultProblems } from './default-problems.ts'
import { keywordProblems } from './keyword-problems.ts'
import { listProblems } from './list-problems.ts'
import { mapProblems } from './map-problems.ts'
import { metadataProblems } from './metadata-problems.ts'
import type { Problem } from './problem.ts'
import { nodesFrom, type NodeRule } from './schema-node.ts'
import type { JsonSchema } from './json-schema.ts'
import { typeProblems } from './type-problems.ts'
import { validationProblems } from './validation-problems.ts'
import { valueValidationProblems } from './value-validation-problems.ts'

const rules: readonly NodeRule[] = [
  (node) => keywordProblems(node.schema, node.path),
  typeProblems,
  mapProblems,
  listProblems,
  metadataProblems,
  boundProblems,
  defaultProblems,
  validationProblems,
  valueValidationProblems,
]

/** Everything that keeps a schema out of a CustomResourceDefinition, and every place without a bound, in the order of the schema. */
export function structuralProblems(schema: JsonSchema): Problem[] {
  return nodesFrom({ schema, path: '' }).flatMap((node) => rules.flatMap((rule) => rule(node)))
}
