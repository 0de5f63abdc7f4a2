import { RE2JS } from 're2js'
import type { Problem } from './problem.ts'
import type { JsonSchema } from './json-schema.ts'

const known = new Set(
  [
    'type title description default nullable example externalDocs',
    'properties additionalProperties items required allOf anyOf oneOf not',
    'enum format pattern minLength maxLength multipleOf minimum exclusiveMinimum maximum exclusiveMaximum',
    'minItems maxItems uniqueItems minProperties maxProperties',
    'x-kubernetes-preserve-unknown-fields x-kubernetes-embedded-resource x-kubernetes-int-or-string',
    'x-kubernetes-list-type x-kubernetes-list-map-keys x-kubernetes-map-type x-kubernetes-validations',
  ].flatMap((keywords) => keywords.split(' ')),
)

const unsupported = new Set(
  '$ref $schema id $id definitions $defs patternProperties dependencies additionalItems'.split(' '),
)

/** What a keyword must be for an API server to decode it. */
const shapes: Readonly<Record<string, { readonly fits: (value: unknown) => boolean; readonly want: string }>> = {
  ...shapesOf(
    ['exclusiveMinimum', 'exclusiveMaximum'],
    isBoolean,
    'a boolean beside minimum or maximum: a number cannot be decoded',
  ),
  ...shapesOf(['nullable', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string'], isBoolean, 'a boolean'),
  ...shapesOf(['minimum', 'maximum', 'multipleOf'], (value) => typeof value === 'number', 'a number'),
  ...shapesOf(
    ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'],
    isCount,
    'a whole number from 0',
  ),
  ...shapesOf(['required', 'x-kubernetes-list-map-keys'], isNames, 'a list of strings'),
  ...shapesOf(['enum', 'allOf', 'anyOf', 'oneOf', 'x-kubernetes-validations'], Array.isArray, 'a list'),
  ...shapesOf(['x-kubernetes-preserve-unknown-fields'], (value) => value === true, 'true, or left out'),
  ...shapesOf(
    ['uniqueItems'],
    (value) => value === false,
    'left out: comparing all with all is too slow; use x-kubernetes-list-type: set',
  ),
}

/** Keywords that an API server refuses, drops or cannot decode, at one place of a schema, inside `anyOf` and the like too. */
export function keywordProblems(schema: JsonSchema, path: string): Problem[] {
  return Object.entries(schema)
    .map(([keyword, value]) => keywordProblem(keyword, value))
    .filter((message) => message !== undefined)
    .map((message) => ({ path, message }))
}

function keywordProblem(keyword: string, value: unknown): string | undefined {
  if (unsupported.has(keyword)) return `${keyword} is not supported`
  if (!known.has(keyword)) return `${keyword} is not a keyword that an API server knows`
  if (keyword === 'items' && Array.isArray(value)) return 'items must be one schema: a tuple is not supported'
  if (keyword === 'pattern') return patternProblem(value)
  const shape = shapes[keyword]
  return shape === undefined || shape.fits(value) ? undefined : `${keyword} must be ${shape.want}`
}

function patternProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'pattern must be a string'
  try {
    RE2JS.compile(value)
    return undefined
  } catch (error) {
    return `pattern must be one that RE2 takes: ${error instanceof Error ? error.message : String(error)}`
  }
}

function shapesOf(keywords: readonly string[], fits: (value: unknown) => boolean, want: string): typeof shapes {
  return Object.fromEntries(keywords.map((keyword) => [keyword, { fits, want }]))
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
