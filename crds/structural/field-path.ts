import { isJsonObject } from '../v1alpha1/meta.ts'
import { propertiesOf } from './schema-node.ts'
import type { JsonSchema } from './json-schema.ts'

const part = /\.([A-Za-z_$][\w$-]*)|\['((?:[^'\\]|\\.)+)'\]/y

/** The schema of the field that a CEL rule's `fieldPath` (`.a.b`, `['odd name'].b`) leads to; undefined when there is none. */
export function fieldAt(schema: JsonSchema, fieldPath: string): JsonSchema | undefined {
  const names = namesIn(fieldPath)
  return names?.reduce<JsonSchema | undefined>((at, name) => (at === undefined ? undefined : childOf(at, name)), schema)
}

function namesIn(fieldPath: string): string[] | undefined {
  const names: string[] = []
  part.lastIndex = 0
  let end = 0
  for (let match = part.exec(fieldPath); match !== null; match = part.exec(fieldPath)) {
    names.push(match[1] ?? (match[2] ?? '').replaceAll(/\\(.)/g, '$1'))
    end = part.lastIndex
  }
  return end === fieldPath.length && names.length > 0 ? names : undefined
}

function childOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const property = propertiesOf(schema)[name] ?? schema['additionalProperties']
  return isJsonObject(property) ? property : undefined
}
