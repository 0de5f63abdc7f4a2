import type { Draft } from '../finding/draft.ts'
import type { SchemaError } from './kind-schema.ts'

type Words = (limit: number, value: unknown, name: string) => string

const words: Readonly<Record<string, Words>> = {
  minimum: (limit, value, name) => `${name} is ${String(value)}, and ${limit} is the least`,
  maximum: (limit, value, name) => `${name} is ${String(value)}, and ${limit} is the most`,
  exclusiveMinimum: (limit, value, name) => `${name} is ${String(value)}, and must be more than ${limit}`,
  exclusiveMaximum: (limit, value, name) => `${name} is ${String(value)}, and must be less than ${limit}`,
  minLength: (limit, _value, name) =>
    limit === 1 ? `${name} is empty: write something` : `${name} has fewer than ${limit} characters`,
  maxLength: (limit, value, name) => `${name} has ${sizeOf(value)} characters, and ${limit} are the most`,
  minItems: (limit, _value, name) => `${name} needs at least ${entries(limit)}`,
  maxItems: (limit, value, name) => `${name} has ${sizeOf(value)} entries, and ${limit} are the most: split it`,
  minProperties: (limit, _value, name) => `${name} needs at least ${entries(limit)}`,
  maxProperties: (limit, value, name) => `${name} has ${sizeOf(value)} entries, and ${limit} are the most`,
}

export function isBoundsKeyword(keyword: string): boolean {
  return Object.hasOwn(words, keyword)
}

export function boundsDraft(value: unknown, { keyword, path, params }: SchemaError): Draft {
  const named = path.findLast((part) => typeof part === 'string') ?? 'the value'
  const message = words[keyword]?.(Number(params['limit']), value, `"${named}"`) ?? `"${named}" is out of bounds`
  return { code: 'OutOfBounds', path, message }
}

function entries(count: number): string {
  return count === 1 ? 'one entry' : `${count} entries`
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}
