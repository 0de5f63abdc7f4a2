import { describe, expect, it } from 'vitest'
import type { JsonSchema } from './json-schema.ts'
import { offlineSchema } from './offline-schema.ts'

describe('offlineSchema', () => {
  it.each<{ name: string; structural: JsonSchema; want: JsonSchema }>([
    {
      name: 'closes an object, and every object in it',
      structural: { type: 'object', properties: { a: { type: 'array', items: { type: 'object' } } } },
      want: {
        type: 'object',
        properties: { a: { type: 'array', items: { type: 'object', additionalProperties: false } } },
        additionalProperties: false,
      },
    },
    {
      name: 'keeps a map open, and closes its values',
      structural: { type: 'object', maxProperties: 2, additionalProperties: { type: 'object' } },
      want: { type: 'object', maxProperties: 2, additionalProperties: { type: 'object', additionalProperties: false } },
    },
    {
      name: 'keeps open what keeps unknown fields',
      structural: { type: 'object', maxProperties: 2, 'x-kubernetes-preserve-unknown-fields': true },
      want: { type: 'object', maxProperties: 2 },
    },
    {
      name: 'leaves a field alone that is named items',
      structural: { type: 'object', properties: { items: { type: 'string', maxLength: 1 } } },
      want: { type: 'object', properties: { items: { type: 'string', maxLength: 1 } }, additionalProperties: false },
    },
    {
      name: 'allows null where it is allowed',
      structural: { type: 'string', nullable: true },
      want: { type: ['string', 'null'] },
    },
    { name: 'and not where it is not', structural: { type: 'string', nullable: false }, want: { type: 'string' } },
    {
      name: 'allows both in an int-or-string',
      structural: { 'x-kubernetes-int-or-string': true },
      want: { type: ['integer', 'string'] },
    },
    {
      name: 'gives exclusive limits as numbers',
      structural: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: true },
      want: { type: 'number', minimum: 0, exclusiveMinimum: 0, maximum: 9, exclusiveMaximum: 9 },
    },
    {
      name: 'leaves inclusive limits as they are',
      structural: { type: 'number', minimum: 0, exclusiveMinimum: false },
      want: { type: 'number', minimum: 0 },
    },
    {
      name: 'says nothing of formats, defaults, lists and rules of Kubernetes',
      structural: { type: 'string', format: 'date-time', default: 'a', 'x-kubernetes-validations': [] },
      want: { type: 'string' },
    },
    {
      name: 'keeps words, choices, patterns and required fields',
      structural: { type: 'string', description: 'a', enum: ['a'], pattern: '^a', required: ['a'] },
      want: { type: 'string', description: 'a', enum: ['a'], pattern: '^a', required: ['a'] },
    },
  ])('$name', ({ structural, want }) => {
    expect(offlineSchema(structural)).toEqual(want)
  })
})
