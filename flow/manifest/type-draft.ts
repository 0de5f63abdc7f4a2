import type { Draft } from '../finding/draft.ts'
import { quoted } from '../finding/suggest.ts'
import { isExpressionPath } from './expression-fields.ts'
import type { ResourceKind } from './identify.ts'
import { kindSchema, schemaAt, type SchemaError } from './kind-schema.ts'
import { placeOf } from './place.ts'

/** A value of another type than its field: for a text that YAML took for something else, with the quotes it needs. */
export function typeDraft(kind: ResourceKind, value: unknown, error: SchemaError): Draft {
  const { path } = error
  const field = path.findLast((part) => typeof part === 'string') ?? kind
  const name = typeof path.at(-1) === 'number' ? `an entry of "${field}"` : `"${field}"`
  if (kind === 'Flow' && isExpressionPath(path)) return expressionDraft(field, value, error)
  const expected = expectedTypes(error)
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  const isQuotable = isPlain && expected.includes('string')
  // What stands in a Secret is not repeated.
  const quotes = kind === 'Secret' ? '' : `: ${quoted(String(value))}`
  const hint = isQuotable ? `: put quotes around it${quotes}` : shapeHint(kind, value, error)
  const message = `${name} must be ${expected.map(wordFor).join(' or ')}, and is ${actual(value)}${hint}`
  return { code: 'WrongType', path, message }
}

function expressionDraft(name: string, value: unknown, { path }: SchemaError): Draft {
  const code = 'ExpressionNotString'
  if (value === null) return { code, path, message: `the expression "${name}" is empty: write one, in quotes` }
  const written = typeof value === 'number' || typeof value === 'boolean' ? String(value) : '…'
  const message = `quote this expression: YAML reads it as ${actual(value)}, not as a text: ${name}: '${written}'`
  return { code, path, message }
}

function expectedTypes({ keyword, params }: SchemaError): readonly string[] {
  if (keyword === 'anyOf') return ['integer', 'string']
  const { type } = params
  return Array.isArray(type) ? type.map(String) : String(type).split(',')
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
  null: 'empty',
}

function wordFor(type: string): string {
  return typeWords[type] ?? type
}

function actual(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'boolean') return 'a boolean'
  return typeof value === 'string' || typeof value === 'number' ? wordFor(typeof value) : 'a map'
}

const shapes: Readonly<Record<string, string>> = {
  'Flow:spec.steps': 'write a list: "- name: …" for each step',
  'Flow:spec.triggers': 'write a list: "- name: …" for each trigger',
  'Flow:spec.steps.#.next': 'write a list: "next: [{to: …}]"',
  'Flow:spec.steps.#.next.#': 'write "{to: …}"',
  'Flow:spec.steps.#.set': 'write an expression a field: "set: {name: data.first}"',
  'Flow:spec.steps.#.wait': 'write "wait: {seconds: …}" or "wait: {until: …}"',
  'Flow:spec.steps.#.fail': 'write "fail: {code: …, message: …}"',
  'Flow:spec.steps.#.respond': 'write "respond: {body: …}"',
  'Flow:spec.steps.#.onError': 'write "onError: {retry: …, then: …}" or "onError: {to: …}"',
  'Flow:spec.triggers.#.schedule': 'write "schedule: {cron: …}"',
  'Flow:spec.triggers.#.webhook': 'write "webhook: {path: …, auth: …}"',
  'Flow:spec.triggers.#.webhook.auth': 'write who may call, or "auth: {none: {}}" for everybody',
  'Credential:spec.secretRef': 'write "secretRef: {name: …}"',
}

function shapeHint(kind: ResourceKind, value: unknown, { path }: SchemaError): string {
  const shape = shapes[placeOf(kind, path)]
  if (shape !== undefined) return `: ${shape}`
  const schema = schemaAt(kindSchema(kind), path)
  const isFlag = schema?.type === 'object' && schema.properties === undefined
  if (isFlag && (value === null || value === true)) return ': write {}'
  return value === null ? ': write a value, or remove the key' : ''
}
