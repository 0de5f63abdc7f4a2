import { describe, expect, it } from 'vitest'
import { deepestJson, parseBody } from './parse-body.ts'

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('parseBody', () => {
  it.each([
    { name: 'JSON', type: 'application/json', bytes: '{"a":[1,"x"]}', value: { a: [1, 'x'] } },
    { name: 'JSON of any kind', type: 'application/cloudevents+json; charset=utf-8', bytes: '1', value: 1 },
    { name: 'JSON null', type: 'application/json', bytes: 'null', value: null },
    { name: 'JSON with a byte order mark', type: 'application/json', bytes: '\uFEFF{}', value: {} },
    {
      name: 'JSON in another charset',
      type: 'application/json; charset="iso-8859-1"',
      bytes: Buffer.from('"\xe9"', 'latin1'),
      value: 'é',
    },
    {
      name: 'a form',
      type: 'application/x-www-form-urlencoded',
      bytes: 'a=1&a=2&b=%C3%A9+',
      value: { a: ['1', '2'], b: 'é ' },
    },
    { name: 'text', type: 'Text/Plain', bytes: 'héllo', value: 'héllo' },
    { name: 'XML', type: 'application/soap+xml', bytes: '<a/>', value: '<a/>' },
    {
      name: 'bytes',
      type: 'image/png',
      bytes: Buffer.from([0, 255]),
      value: { contentType: 'image/png', base64: 'AP8=' },
    },
    {
      name: 'bytes of no type',
      type: undefined,
      bytes: '{}',
      value: { contentType: 'application/octet-stream', base64: 'e30=' },
    },
    { name: 'no body', type: 'application/json', bytes: '', value: undefined },
    {
      name: 'brackets within strings',
      type: 'application/json',
      bytes: JSON.stringify('[{"\\"['.repeat(500)),
      value: '[{"\\"['.repeat(500),
    },
  ])('reads $name', ({ type, bytes, value }) => {
    expect(parseBody(type, Buffer.from(bytes as string))).toEqual({ kind: 'body', value })
  })

  it.each([
    { name: 'what is not JSON', type: 'application/json', bytes: '{"a":', kind: 'invalid' },
    { name: 'what is not UTF-8', type: 'application/json', bytes: Buffer.from([34, 255, 34]), kind: 'invalid' },
    { name: 'an unknown charset', type: 'text/plain; charset=klingon', bytes: 'x', kind: 'unsupported' },
    { name: 'a tower of brackets', type: 'application/json', bytes: nested(1_000_000), kind: 'invalid' },
    {
      name: 'a tower behind a string that does not end',
      type: 'application/json',
      bytes: `"${'['.repeat(500)}`,
      kind: 'invalid',
    },
  ])('refuses $name', ({ type, bytes, kind }) => {
    expect(parseBody(type, Buffer.from(bytes as string))).toMatchObject({ kind, message: expect.any(String) })
  })

  it('takes nesting up to its limit', () => {
    expect(parseBody('application/json', Buffer.from(nested(deepestJson)))).toMatchObject({ kind: 'body' })
    expect(parseBody('application/json', Buffer.from(nested(deepestJson + 1)))).toMatchObject({ kind: 'invalid' })
  })

  it('changes no prototype', () => {
    const parsed = parseBody('application/json', Buffer.from('{"__proto__":{"polluted":true}}'))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(JSON.stringify(parsed)).toBe('{"kind":"body","value":{"__proto__":{"polluted":true}}}')
  })
})
