import { isJsonObject } from '../v1alpha1/meta.ts'

export type Schema = Readonly<Record<string, unknown>>
type Key = string | number

/** A node of a schema, and where a value of it stands in the sample. */
export interface Place {
  readonly keys: readonly Key[]
  readonly schema: Schema
}

/** Every node below; the sample has one element in each list and one entry in each map. */
export function placesOf(schema: Schema, keys: readonly Key[] = []): Place[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const below: [Key, unknown][] = [
    ...Object.entries(properties),
    [0, schema['items']],
    [entry, schema['additionalProperties']],
  ]
  const places = below.flatMap(([key, at]) => (isJsonObject(at) ? placesOf(at, [...keys, key]) : []))
  return [{ keys, schema }, ...places]
}

const entry = 'key'

/** As the API server names a place: `spec.steps[0].name`. */
export function fieldOf(keys: readonly Key[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1)
}

/** A value of that form with everything in it. It keeps no rule that spans fields. */
export function sampleOf(schema: Schema): unknown {
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  switch (schema['type']) {
    case 'object':
      return objectSample(schema)
    case 'array':
      return [sampleOf(schema['items'] as Schema)]
    case 'boolean':
      return true
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1
    default:
      return textSample(schema, Number(schema['minLength'] ?? 1))
  }
}

function objectSample(schema: Schema): unknown {
  const { properties, additionalProperties } = schema
  if (isJsonObject(properties))
    return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, sampleOf(field as Schema)]))
  return isJsonObject(additionalProperties) ? { [entry]: sampleOf(additionalProperties) } : {}
}

/** A text of that length which the schema's pattern lets pass. */
export function textSample({ pattern = '', format }: Schema, length: number): string {
  if (format === 'date-time') return '2026-03-29T01:00:00Z'
  const expression = new RegExp(pattern as string)
  const start = ['', '/', 'https://'].find((start) => expression.test(`${start}a`))
  if (start === undefined) throw new Error(`no text is known that fits ${String(pattern)}`)
  return `${start}a`.padEnd(length, 'a')
}

/** The value with another one in a place. */
export function withValue(value: unknown, [key, ...rest]: readonly Key[], put: unknown): unknown {
  if (key === undefined) return put
  if (Array.isArray(value)) return value.with(Number(key), withValue(value[Number(key)], rest, put))
  const object = value as Readonly<Record<string, unknown>>
  return { ...object, [key]: withValue(object[key], rest, put) }
}

/** A bound: what just keeps it, what just does not, and the field that is blamed. */
export interface Bound {
  readonly field: string
  readonly keyword: string
  readonly keys: readonly Key[]
  readonly kept: unknown
  readonly broken: unknown
}

/** Of everything that a schema limits. */
export function boundsOf(root: Schema): Bound[] {
  const below = placesOf(root).filter(({ keys }) => keys.length > 0)
  return below.flatMap(({ keys, schema }) =>
    Object.entries(schema).flatMap(([keyword, limit]) => {
      const pair = pairs[keyword]?.(limit, schema)
      if (pair === undefined) return []
      const [kept, broken] = pair
      return [{ field: fieldOf(keys), keyword, keys, kept, broken }]
    }),
  )
}

type PairOf = (limit: unknown, schema: Schema) => readonly [kept: unknown, broken: unknown]

const pairs: Readonly<Record<string, PairOf>> = {
  maxLength: (limit, schema) => [textSample(schema, Number(limit)), textSample(schema, Number(limit) + 1)],
  minLength: (limit, schema) => [textSample(schema, Number(limit)), 'a'.repeat(Number(limit) - 1)],
  maximum: (limit) => [limit, Number(limit) + 1],
  minimum: (limit) => [limit, Number(limit) - 1],
  maxItems: (limit, schema) => [elements(schema, Number(limit)), elements(schema, Number(limit) + 1)],
  minItems: (limit, schema) => [elements(schema, Number(limit)), elements(schema, Number(limit) - 1)],
  maxProperties: (limit, schema) => [entries(schema, Number(limit)), entries(schema, Number(limit) + 1)],
  minProperties: (limit, schema) => [entries(schema, Number(limit)), entries(schema, Number(limit) - 1)],
  enum: (limit) => [(limit as unknown[]).at(-1), 'no such word'],
  pattern: (_, schema) => [textSample(schema, Number(schema['minLength'] ?? 1)), 'a b\n'],
  format: () => ['2026-03-29T01:00:00.123456789+02:00', 'yesterday'],
  type: (type, schema) => [sampleOf(schema), type === 'object' ? 'text' : {}],
}

function elements({ items, 'x-kubernetes-list-map-keys': keys }: Schema, count: number): unknown[] {
  const schema = items as Schema
  return Array.from({ length: count }, (_, at) => {
    const sample = sampleOf(schema)
    if (Array.isArray(schema['enum'])) return schema['enum'][at % schema['enum'].length]
    if (typeof sample === 'string') return `${sample}${at}`
    if (!Array.isArray(keys)) return sample
    const key = keys.at(-1) as string
    const old = (sample as Readonly<Record<string, unknown>>)[key]
    return withValue(sample, [key], typeof old === 'number' ? old + at : `${String(old)}${at}`)
  })
}

function entries({ additionalProperties }: Schema, count: number): unknown {
  const value = isJsonObject(additionalProperties) ? sampleOf(additionalProperties) : 1
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, value]))
}
