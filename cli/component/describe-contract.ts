import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ComponentContract, FunctionContract } from '../../flow/component/component-contract.ts'

/** A component for people: its functions, their kinds and schemas; it ends with a line break. */
export function describeContract({ name, dialect, isolation, functions }: ComponentContract): string {
  const all = Object.values(functions)
  const head = `component ${name}   dialect ${dialect}   isolation ${isolation}`
  const none = all.length === 0 ? ['', 'it has no function'] : []
  return [head, ...none, ...all.flatMap(functionLines), ''].join('\n')
}

function functionLines(one: FunctionContract): string[] {
  const title = one.title === undefined ? '' : `   ${one.title}`
  const traits = [
    `emits ${one.emits}`,
    ...(one.snapshot ? [`keeps a snapshot${one.checkpoint ? ', also at checkpoints' : ''}`] : []),
    ...(one.credentialTypes === undefined ? [] : [`credential ${one.credentialTypes.join(' or ')}`]),
  ]
  const schemas = (['config', 'input', 'output'] as const).flatMap((what) => schemaLines(what, one[what]))
  return ['', `${one.kind} ${one.name}${title}`, `  in ${one.main}   ${traits.join(', ')}`, ...schemas]
}

function schemaLines(what: string, schema: JsonObject | undefined): string[] {
  if (schema === undefined) return []
  const fields = objectOf(schema['properties'])
  if (fields === undefined) return [`  ${what}`, `    ${JSON.stringify(schema)}`]
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length))
  return [
    `  ${what}`,
    ...Object.entries(fields).map(
      ([name, field]) => `    ${name.padEnd(width)}   ${fieldText(objectOf(field) ?? {}, required.has(name))}`,
    ),
  ]
}

function fieldText(field: JsonObject, isRequired: boolean): string {
  const { title, description, type } = field
  const values = Array.isArray(field['enum'])
    ? `one of ${field['enum'].map((value) => JSON.stringify(value)).join(', ')}`
    : ''
  const said = [title, description].find((text) => typeof text === 'string')
  const parts = [typeText(type), values, isRequired ? 'required' : '', typeof said === 'string' ? said : '']
  return parts.filter((part) => part !== '').join(', ')
}

function typeText(type: unknown): string {
  if (Array.isArray(type)) return type.join(' or ')
  return typeof type === 'string' ? type : 'any'
}

function objectOf(value: unknown): JsonObject | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as JsonObject) : undefined // part of a JSON document
}
