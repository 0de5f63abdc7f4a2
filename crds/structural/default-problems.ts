import { Ajv } from 'ajv'
import { isResourceMeta } from './metadata-problems.ts'
import { offlineSchema } from './offline-schema.ts'
import type { Problem } from './problem.ts'
import { lineOf, type SchemaNode } from './schema-node.ts'

/**
 * A default fits its own schema, has no field that would be pruned, and stands neither in metadata nor in a list or map:
 * server-side apply and GitOps tools cannot tell it there from what a user wrote.
 */
export function defaultProblems(node: SchemaNode): Problem[] {
  const value = node.schema['default']
  if (value === undefined) return []
  const misplaced = misplacement(node)
  if (misplaced !== undefined) return [{ path: node.path, message: `a default must not be set ${misplaced}` }]
  // Other rules complain where the schema itself is wrong; then nothing can be said of its default.
  const complaint = complaintAbout(node, value)
  return complaint === undefined ? [] : [{ path: node.path, message: `the default does not fit: ${complaint}` }]
}

function misplacement(node: SchemaNode): string | undefined {
  const line = lineOf(node)
  if (line.some(({ as }) => as === 'items')) return 'inside the items of a list'
  if (line.some(({ as }) => as === 'values')) return 'inside the values of a map'
  if (line.some(isResourceMeta)) return 'in apiVersion, kind or metadata'
  return node.schema['x-kubernetes-embedded-resource'] === true ? 'for a whole embedded resource' : undefined
}

function complaintAbout(node: SchemaNode, value: unknown): string | undefined {
  const ajv = new Ajv({ strict: false, allErrors: true })
  try {
    return ajv.validate(offlineSchema(node.schema), value) ? undefined : ajv.errorsText(ajv.errors, { dataVar: 'it' })
  } catch {
    return undefined
  }
}
