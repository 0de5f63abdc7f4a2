import { describe, expect, it } from 'vitest'
import { answerOf, problem } from './answer.ts'

const place = { namespace: 'shop', run: 'run-1' }

describe('answerOf', () => {
  it.each([
    {
      name: 'JSON',
      reply: { status: 201, headers: { 'X-Id': '7' }, body: { ok: true } },
      want: { status: 201, headers: { 'content-type': 'application/json', 'x-id': '7' }, body: '{"ok":true}' },
    },
    {
      name: 'a string as it is',
      reply: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<b>' },
      want: { status: 200, headers: { 'content-type': 'text/html' }, body: '<b>' },
    },
    { name: 'nothing', reply: { status: 204, headers: {} }, want: { status: 204, headers: {} } },
    {
      name: 'no headers of the connection',
      reply: { status: 200, headers: { Connection: 'close', 'Transfer-Encoding': 'chunked', 'Content-Length': '9' } },
      want: { status: 200, headers: {} },
    },
  ])('gives $name', ({ reply, want }) => {
    expect(answerOf({ kind: 'response', ...reply }, place)).toEqual(want)
  })

  it.each([
    { name: 'a status that is none', reply: { status: 99, headers: {} } },
    { name: 'an informational status', reply: { status: 101, headers: {} } },
    { name: 'a fraction', reply: { status: 200.5, headers: {} } },
    { name: 'a line break in a header', reply: { status: 200, headers: { 'x-a': 'b\r\nset-cookie: c=d' } } },
    { name: 'a header name that is none', reply: { status: 200, headers: { 'x a': 'b' } } },
    { name: 'a header that is no text', reply: { status: 200, headers: { 'x-a': 7 as unknown as string } } },
  ])('refuses $name', ({ reply }) => {
    const answer = answerOf({ kind: 'response', ...reply }, place)
    expect(answer.status).toBe(500)
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ code: 'InvalidResponse', run: 'run-1' })
    expect(Object.keys(answer.headers)).toEqual(['content-type'])
  })

  it('tells of a dead letter what it may: code, message and run', () => {
    const answer = answerOf({ kind: 'failed', code: 'ComponentFailed', message: 'boom', run: 'run-1' }, place)
    expect(answer).toMatchObject({
      status: 500,
      headers: { location: '/runs/shop/run-1', 'content-type': 'application/problem+json' },
    })
    expect(JSON.parse(answer.body ?? '')).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      code: 'ComponentFailed',
      detail: 'boom',
      run: 'run-1',
    })
  })
})

describe('problem', () => {
  it('keeps its own content type', () => {
    const { headers } = problem({ status: 400, code: 'X', detail: 'y', headers: { 'content-type': 'text/html' } })
    expect(headers['content-type']).toBe('application/problem+json')
  })
})
