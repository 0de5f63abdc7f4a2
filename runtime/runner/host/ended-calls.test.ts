import { describe, expect, it } from 'vitest'
import type { Call } from '../component-host.ts'
import { endedCalls } from './ended-calls.ts'

const megabyte = 2 ** 20

/** A call, as far as it is looked at here. */
function callOf(bytes: number): Call {
  return { message: Buffer.alloc(bytes), onEmit: () => Promise.resolve() } as unknown as Call
}

describe('ended calls', () => {
  it('are found by their number', () => {
    const ended = endedCalls()
    const [first, second] = [callOf(1), callOf(1)]
    ended.keep(1, 0, first)
    ended.keep(2, 0, second)
    expect(ended.find(1, 0)).toBe(first.onEmit)
  })

  it.each([
    { name: 'many', count: 300, bytes: 1 },
    { name: 'large', count: 20, bytes: megabyte },
  ])('that were too $name are replaced by the latest of their step, never of another', ({ count, bytes }) => {
    const ended = endedCalls()
    const early = callOf(bytes)
    const latest = callOf(bytes)
    ended.keep(0, 7, early)
    ended.keep(1, 7, latest)
    for (let number = 2; number < count; number += 1) ended.keep(number, 8, callOf(bytes))
    expect(ended.find(0, 7)).toBe(latest.onEmit)
  })

  it('of a step that never had one are not found', () => {
    expect(endedCalls().find(3, 1)).toBeUndefined()
  })
})
