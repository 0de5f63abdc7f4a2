import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { quietWatch } from './quiet.cjs'

const socket = { ref: () => {}, unref: () => {} }
const call = { emits: 0, timeoutMs: 60_000 }

describe('the wait until a process is quiet', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** How long the end of a call takes in a process that is never quiet. */
  function waitedMs(wait: ReturnType<typeof quietWatch>, ended = call): number {
    let isQuiet = false
    wait(ended, () => (isQuiet = true))
    expect(isQuiet).toBe(false)
    for (let ms = 0; ; ms += 1) {
      vi.advanceTimersByTime(ms === 0 ? 0 : 1)
      if (isQuiet) return ms
    }
  }

  it('takes so long at most, and is not tried again when it was in vain', () => {
    const wait = quietWatch(socket, 300)
    expect([waitedMs(wait), waitedMs(wait), waitedMs(wait)]).toEqual([300, 0, 0])
  })

  it('takes half of the time-out at most', () => {
    expect(waitedMs(quietWatch(socket, 300), { emits: 0, timeoutMs: 100 })).toBe(50)
  })

  it('is tried again where something was emitted meanwhile', () => {
    const wait = quietWatch(socket, 300)
    expect([waitedMs(wait, { emits: 1, timeoutMs: 60_000 }), waitedMs(wait)]).toEqual([300, 300])
  })

  it('ends when nothing keeps the process alive, and holds on to the socket again', () => {
    const held = vi.fn()
    const onQuiet = vi.fn()
    quietWatch({ ref: held, unref: () => {} }, 300)(call, onQuiet)
    process.emit('beforeExit', 0)
    expect(onQuiet).toHaveBeenCalledOnce()
    expect(held).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(1000)
    expect(onQuiet).toHaveBeenCalledOnce()
  })
})
