import { describe, expect, it } from 'vitest'
import { parseQuery, parseTarget, withoutParameter } from './request-target.ts'

describe('parseTarget', () => {
  it.each([
    { url: '/a/b', segments: ['a', 'b'] },
    { url: '/a/b/', segments: ['a', 'b'] },
    { url: '/', segments: [''] },
    { url: '/a//b', segments: ['a', '', 'b'] },
    { url: '/a/b%2Fc%20d', segments: ['a', 'b/c d'] },
    { url: '/%F0%9F%98%80', segments: ['😀'] },
    { url: 'http://other.example:81/a/b', segments: ['a', 'b'] },
    { url: '/a?x=/b/c', segments: ['a'] },
    { url: '/a#b/c', segments: ['a'] },
    { url: '/__proto__/constructor', segments: ['__proto__', 'constructor'] },
  ])('reads $url', ({ url, segments }) => {
    expect(parseTarget(url)).toMatchObject({ kind: 'target', segments })
  })

  it.each(['a/b', '*', 'http://host', '/a/../b', '/a/%2e%2E/b', '/./a', '/a%00', '/%', '/%ff', '/%E0%A4'])(
    'refuses %j',
    (url) => {
      expect(parseTarget(url)).toMatchObject({ kind: 'invalid' })
    },
  )
})

describe('parseQuery', () => {
  it('makes a list of what comes several times', () => {
    expect(parseQuery('a=1&b=2&a=3&c')).toEqual({ a: ['1', '3'], b: '2', c: '' })
  })

  it('takes a parameter named __proto__ for nothing but a parameter', () => {
    const query = parseQuery('__proto__=x&constructor=y')
    expect(Object.keys(query)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(query)).toBe(Object.prototype)
    expect(JSON.stringify(query)).toBe('{"__proto__":"x","constructor":"y"}')
  })
})

describe('withoutParameter', () => {
  it.each([
    { url: '/a?key=1&b=2', want: '/a?b=2' },
    { url: '/a?key=1', want: '/a' },
    { url: '/a?b=2&k%65y=1&key=2', want: '/a?b=2' },
    { url: '/a', want: '/a' },
    { url: '/a?b=key', want: '/a?b=key' },
  ])('leaves $want of $url', ({ url, want }) => {
    expect(withoutParameter(url, 'key')).toBe(want)
  })
})
