import { describe, expect, it } from 'vitest'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

describe('parseTraceparent', () => {
  it.each([
    { text: `00-${traceId}-${spanId}-01`, want: { traceId, spanId, traceFlags: 1 } },
    { text: `00-${traceId}-${spanId}-00`, want: { traceId, spanId, traceFlags: 0 } },
    { text: `cc-${traceId}-${spanId}-01-what-the-future-will-be`, want: { traceId, spanId, traceFlags: 1 } },
    { text: `00-${traceId}-${spanId}-01-more`, want: undefined },
    { text: `ff-${traceId}-${spanId}-01`, want: undefined },
    { text: `00-${'0'.repeat(32)}-${spanId}-01`, want: undefined },
    { text: `00-${traceId}-${'0'.repeat(16)}-01`, want: undefined },
    { text: `00-${traceId.toUpperCase()}-${spanId}-01`, want: undefined },
    { text: `00-${traceId}-${spanId}`, want: undefined },
    { text: 'rubbish', want: undefined },
    { text: '', want: undefined },
  ])('$text', ({ text, want }) => {
    expect(parseTraceparent(text)).toEqual(want)
  })

  it('reads what it writes', () => {
    const text = `00-${traceId}-${spanId}-01`
    expect(formatTraceparent(parseTraceparent(text) ?? { traceId: '', spanId: '', traceFlags: 0 })).toBe(text)
  })
})
