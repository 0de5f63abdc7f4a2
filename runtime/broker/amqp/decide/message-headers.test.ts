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

  const list = JSON.parse(encodeHeaders(headers)) as readonly unknown[]
  const withPlace = (at: number, value: unknown): string => JSON.stringify(list.with(at, value))
  const withRare = (rare: unknown): string => JSON.stringify([...list, rare])

  it.each([
    { text: '', reason: 'it has no header `weir`' },
    { text: '[', reason: 'its header `weir` is not JSON' },
    { text: 'null', reason: 'its header `weir` is not a list' },
    { text: JSON.stringify(headers), reason: 'its header `weir` is not a list' },
    { text: '"flow"', reason: 'its header `weir` is not a list' },
    { text: '[]', reason: 'its header `weir` has no fit `flow`' },
    { text: withPlace(1, '3'), reason: 'its header `weir` has no fit `revision`' },
    { text: withPlace(7, -1), reason: 'its header `weir` has no fit `attempt`' },
    { text: withPlace(9, 1e300), reason: 'its header `weir` has no fit `hops`' },
    { text: withPlace(10, null), reason: 'its header `weir` has no fit `parent`' },
    { text: withPlace(11, 1), reason: 'its header `weir` has no fit `traceparent`' },
    { text: withRare(null), reason: 'its header `weir` has no fit `rest`' },
    { text: withRare({ left: 'yes' }), reason: 'its header `weir` has no fit `left`' },
    { text: withRare({ notBefore: null }), reason: 'its header `weir` has no fit `notBefore`' },
    { text: withRare({ blob: {} }), reason: 'its header `weir` has no fit `blob`' },
    // What stands in its place in the list.
    { text: withRare({ flow: 'another' }), reason: 'its header `weir` has no fit `flow`' },
  ])('are told from $text', ({ text, reason }) => {
    expect(decodeHeaders(text)).toEqual({ kind: 'malformed', reason })
  })

  it('never throw, whatever is sent', () => {
    const values = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `[${json}]`),
      fc.json().map((json) => withRare(JSON.parse(json))),
    )
    fc.assert(fc.property(values, (text) => ['headers', 'malformed'].includes(decodeHeaders(text).kind)))
  })
})
