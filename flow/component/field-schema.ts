import { isJsonObject, type Json, type JsonObject } from '../../crds/v1alpha1/meta.ts'

/**
 * The JSON Schema of a function's config, from the `fields` that vendors describe their forms with. It knows names and what
 * is required; types are left open, because forms were filled with strings for numbers too.
 */
export function configSchemaOf(fields: JsonObject | undefined): JsonObject | undefined {
  if (fields === undefined) return undefined
  const names = Object.keys(fields)
  const required = names.filter((name) => isRequired(fields[name]))
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, described(fields[name])])),
    ...(required.length > 0 && { required }),
  }
}

function isRequired(field: Json | undefined): boolean {
  return isJsonObject(field) && field['required'] === true
}

function described(field: Json | undefined): JsonObject {
  if (!isJsonObject(field)) return {}
  const { label, note } = field
  return { ...(typeof label === 'string' && { title: label }), ...(typeof note === 'string' && { description: note }) }
}
