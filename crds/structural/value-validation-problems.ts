import { isJsonObject } from '../v1alpha1/meta.ts'
import { keywordProblems } from './keyword-problems.ts'
import { propertyPath, type Problem } from './problem.ts'
import { propertiesOf, type SchemaNode } from './schema-node.ts'
import type { JsonSchema } from './json-schema.ts'

const forbidden = ['type', 'title', 'description', 'default', 'nullable', 'additionalProperties']
const intOrString = JSON.stringify([{ type: 'integer' }, { type: 'string' }])

/** What stands in `allOf`, `anyOf`, `oneOf`, `not` only narrows values: no types, no words, and no field that the structure does not have. */
export function valueValidationProblems(node: SchemaNode): Problem[] {
  return branchesOf(node.schema, node.path).flatMap((branch) => branchProblems(branch, node.schema))
}

interface Branch {
  readonly schema: JsonSchema
  readonly path: string
}

function branchesOf(schema: JsonSchema, path: string): Branch[] {
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => {
    // The one spelling of an int-or-string that may name types.
    if (
      keyword === 'anyOf' &&
      schema['x-kubernetes-int-or-string'] === true &&
      JSON.stringify(schema['anyOf']) === intOrString
    )
      return []
    const branches: unknown[] = Array.isArray(schema[keyword]) ? schema[keyword] : []
    return branches.filter(isJsonObject).map((branch, at) => ({ schema: branch, path: `${path}.${keyword}[${at}]` }))
  })
  return isJsonObject(schema['not']) ? [...lists, { schema: schema['not'], path: `${path}.not` }] : lists
}

function branchProblems({ schema, path }: Branch, structure: JsonSchema | undefined): Problem[] {
  return [
    ...keywordProblems(schema, path),
    ...forbiddenMessages(schema).map((message) => ({ path, message })),
    ...branchesOf(schema, path).flatMap((branch) => branchProblems(branch, structure)),
    ...fieldProblems({ schema, path }, structure),
    ...itemProblems({ schema, path }, structure),
  ]
}

function forbiddenMessages(schema: JsonSchema): string[] {
  const extensions = Object.keys(schema).filter((keyword) => keyword.startsWith('x-kubernetes-'))
  return [...forbidden, ...extensions]
    .filter((keyword) => schema[keyword] !== undefined)
    .map((keyword) => `${keyword} must not stand inside allOf, anyOf, oneOf or not`)
}

function fieldProblems({ schema, path }: Branch, structure: JsonSchema | undefined): Problem[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, value]) => {
    const at = propertyPath(path, name)
    if (name === 'metadata') return [{ path: at, message: 'metadata must not be narrowed in a nested place' }]
    const field = propertiesOf(structure ?? {})[name]
    if (!isJsonObject(field)) return [{ path: at, message: `${name} must also be among the properties outside` }]
    return isJsonObject(value) ? branchProblems({ schema: value, path: at }, field) : []
  })
}

function itemProblems({ schema, path }: Branch, structure: JsonSchema | undefined): Problem[] {
  if (!isJsonObject(schema['items'])) return []
  const items = structure?.['items']
  if (!isJsonObject(items)) return [{ path: `${path}[]`, message: 'items must also be specified outside' }]
  return branchProblems({ schema: schema['items'], path: `${path}[]` }, items)
}
