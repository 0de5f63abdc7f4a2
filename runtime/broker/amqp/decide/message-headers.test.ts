import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MessageHeaders } from '../../../wire/message.ts'
import { decodeHeaders, encodeHeaders } from './message-headers.ts'

const headers: MessageHeaders = {
  flow: 'f',
  revision: 3,
  revisionHash: 'abc',
  run: 'r',
  runStartedAt: 1.5,
  trigger: 'nightly ü✓',
  at: 'check',
  attempt: 1,
  copy: 'c',
  hops: 0,
}

describe('headers of a message', () => {
  it.each<MessageHeaders>([
    headers,
    {
      ...headers,
      left: true,
      tracked: true,
      parent: 'parent-1',
      replay: 2,
      notBefore: 5,
      notAfter: 6,
      replyTo: 'q',
      traceparent: 't',
      blob: 'b',
    },
  ])('come back as they were: %j', (sent) => {
    expect(decodeHeaders(encodeHeaders(sent))).toEqual({ kind: 'headers', headers: sent })
  })

  it.each([
    { text: '', reason: 'it has no header `weir`' },
    { text: '{', reason: 'its header `weir` is not JSON' },
    { text: 'null', reason: 'its header `weir` is not an object' },
    { text: '[]', reason: 'its header `weir` is not an object' },
    { text: '"flow"', reason: 'its header `weir` is not an object' },
    { text: '{}', reason: 'its header `weir` has no fit `flow`' },
    { text: JSON.stringify({ ...headers, revision: '3' }), reason: 'its header `weir` has no fit `revision`' },
    { text: JSON.stringify({ ...headers, attempt: -1 }), reason: 'its header `weir` has no fit `attempt`' },
    { text: JSON.stringify({ ...headers, hops: 1e300 }), reason: 'its header `weir` has no fit `hops`' },
    { text: JSON.stringify({ ...headers, left: 'yes' }), reason: 'its header `weir` has no fit `left`' },
    { text: JSON.stringify({ ...headers, notBefore: null }), reason: 'its header `weir` has no fit `notBefore`' },
    { text: JSON.stringify({ ...headers, blob: {} }), reason: 'its header `weir` has no fit `blob`' },
  ])('are told from $text', ({ text, reason }) => {
    expect(decodeHeaders(text)).toEqual({ kind: 'malformed', reason })
  })

  it('never throw, whatever is sent', () => {
    const values = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"flow":${json}}`),
    )
    fc.assert(fc.property(values, (text) => ['headers', 'malformed'].includes(decodeHeaders(text).kind)))
  })
})
