import { describe, expect, it } from 'vitest'
import { readTokenAnswer, withoutSecrets } from './read-token-answer.ts'

const now = Date.UTC(2026, 0, 1)
const secrets = ['s3cret/value', 'refresh-me']

function read(status: number, body: unknown, retryAfter?: string) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return readTokenAnswer({ status, retryAfter, text }, secrets, now)
}

describe('the answer of a token endpoint', () => {
  it.each([
    {
      name: 'the least',
      body: { access_token: 'a' },
      want: { accessToken: 'a', tokenType: 'Bearer', expiresInSeconds: undefined },
    },
    {
      name: 'all of it',
      body: { access_token: 'a', token_type: 'bearer', expires_in: 60, refresh_token: 'r', scope: 'x y' },
      want: { accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 60, refreshToken: 'r', scope: 'x y' },
    },
    { name: 'a number as text', body: { access_token: 'a', expires_in: '60' }, want: { expiresInSeconds: 60 } },
    { name: 'a life that is none', body: { access_token: 'a', expires_in: -1 }, want: { expiresInSeconds: undefined } },
    {
      name: 'a life that is a word',
      body: { access_token: 'a', expires_in: 'soon' },
      want: { expiresInSeconds: undefined },
    },
    {
      name: 'a life beyond any calendar',
      body: { access_token: 'a', expires_in: 1e300 },
      want: { expiresInSeconds: 315_360_000 },
    },
    {
      name: 'an empty refresh token',
      body: { access_token: 'a', refresh_token: '' },
      want: { refreshToken: undefined },
    },
  ])('is a token: $name', ({ body, want }) => {
    expect(read(200, body)).toMatchObject({ kind: 'token', token: want })
  })

  it.each([
    {
      name: 'invalid_grant',
      status: 400,
      body: { error: 'invalid_grant' },
      want: { code: 'invalid_grant', description: '' },
    },
    {
      name: 'with words',
      status: 400,
      body: { error: 'invalid_scope', error_description: 'no\n such' },
      want: { description: 'no such' },
    },
    { name: 'an error with 200', status: 200, body: { error: 'invalid_grant' }, want: { code: 'invalid_grant' } },
    { name: '401 without words', status: 401, body: '', want: { code: 'invalid_client' } },
    { name: '404 with a page', status: 404, body: '<html>', want: { code: 'http_404' } },
    { name: 'a redirect', status: 302, body: '', want: { code: 'http_302' } },
    { name: 'an error that is no word', status: 400, body: { error: { a: 1 } }, want: { code: 'http_400' } },
    { name: 'an error that is what was sent', status: 400, body: { error: 'refresh-me' }, want: { code: 'http_400' } },
    {
      name: 'words with what was sent',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'not s3cret/value, s3cret%2Fvalue' },
      want: { description: 'not ***, ***' },
    },
  ])('is a refusal: $name', ({ status, body, want }) => {
    expect(read(status, body)).toMatchObject({ kind: 'refused', ...want })
  })

  it.each([
    { status: 500, retryAfter: undefined, body: '', want: undefined },
    { status: 503, retryAfter: '7', body: '', want: 7_000 },
    { status: 429, retryAfter: new Date(now + 5_000).toUTCString(), body: '', want: 5_000 },
    { status: 429, retryAfter: new Date(now - 5_000).toUTCString(), body: '', want: 0 },
    { status: 429, retryAfter: 'later', body: '', want: undefined },
    { status: 429, retryAfter: '99999999999999', body: '', want: 86_400_000 },
    { status: 400, retryAfter: undefined, body: { error: 'temporarily_unavailable' }, want: undefined },
  ])('is a not now: $status, $retryAfter', ({ status, retryAfter, body, want }) => {
    expect(read(status, body, retryAfter)).toMatchObject({ kind: 'unavailable', retryAfterMs: want })
  })

  it.each(['', '<html>', '[]', 'null', '"a"', '{"access_token":7}', '{"access_token":""}', '{'])(
    'is lost: 200 with %s',
    (text) => {
      expect(read(200, text)).toMatchObject({ kind: 'lost' })
    },
  )

  it('is told on one line that is not long, without what was sent', () => {
    expect(withoutSecrets('a\u0000b\u202Ec', [])).toBe('a b c')
    expect(withoutSecrets('x'.repeat(5_000), [])).toHaveLength(300)
    expect(withoutSecrets('abcdef abcd', ['abcd', 'abcdef'])).toBe('*** ***')
  })
})
