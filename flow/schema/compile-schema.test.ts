import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { configSchema } from '../lint/config-schema.ts'
import { compileSchema, type CompiledSchema } from './compile-schema.ts'

function messagesOf(compiled: CompiledSchema, value: unknown): readonly (string | undefined)[] {
  if (compiled.kind === 'unusable') throw new Error(compiled.message)
  return compiled.errorsOf(value).map(({ message }) => message)
}

describe('compileSchema', () => {
  it('judges, and says all that is wrong', () => {
    const compiled = compileSchema({ required: ['a'], properties: { b: { type: 'string' } } })
    expect(messagesOf(compiled, { a: 1, b: 'x' })).toEqual([])
    expect(messagesOf(compiled, { b: 1 })).toEqual(["must have required property 'a'", 'must be string'])
  })

  it.each([
    { pattern: String.raw`^[\u00e4-\u00fc\d]+$`, fits: 'ä1', not: 'x' },
    { pattern: String.raw`a\-b`, fits: 'xa-by', not: 'ab' },
    { pattern: String.raw`^\p{L}+$`, fits: 'ä', not: '1' },
  ])('reads the pattern $pattern as JavaScript does', ({ pattern, fits, not }) => {
    const compiled = compileSchema({ pattern })
    expect([messagesOf(compiled, fits).length, messagesOf(compiled, not).length]).toEqual([0, 1])
  })

  it.each<{ schema: JsonObject; path: readonly string[] }>([
    { schema: { type: 'strin' }, path: ['type'] },
    { schema: { properties: { a: { required: true } } }, path: ['properties', 'a', 'required'] },
    { schema: { pattern: '(' }, path: [] },
    { schema: { pattern: String.raw`^(a)\1$` }, path: [] },
    { schema: { patternProperties: { '^(?!x)': { type: 'string' } } }, path: [] },
    { schema: { $ref: 'https://example.com/schema' }, path: [] },
    { schema: { $async: true }, path: ['$async'] },
  ])('cannot use $schema', ({ schema, path }) => {
    expect(compileSchema(schema)).toMatchObject({ kind: 'unusable', path })
  })
})

describe('configSchema', () => {
  it('leaves out a pattern that cannot be judged, and judges the rest', () => {
    const compiled = configSchema({ properties: { a: { pattern: '^(?!x)' }, b: { type: 'string' } } })
    expect(messagesOf(compiled, { a: 'x', b: 1 })).toEqual(['must be string'])
  })

  it('cannot be made to answer with a promise', () => {
    expect(messagesOf(configSchema({ $async: true, type: 'object' }), 1)).toEqual(['must be object'])
  })
})
