import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import { openPatience } from './patience.ts'

const minuteMs = 60_000

describe('patience', () => {
  it('ends after 5 minutes, half a minute late at most', async () => {
    const clock = simulatedClock()
    const signal = openPatience(clock).signal()
    await clock.advance(5 * minuteMs)
    expect(signal.aborted).toBe(false)
    await clock.advance(0.5 * minuteMs)
    expect(signal.aborted).toBe(true)
  })

  it('begins anew for who comes later, with a clock that was set back as well', async () => {
    const time = simulatedClock(600 * minuteMs)
    let shiftMs = 0
    const patience = openPatience({ now: () => time.now() + shiftMs, setTimer: time.setTimer })
    const first = patience.signal()
    shiftMs = -60 * minuteMs
    await time.advance(6 * minuteMs)
    expect(first.aborted).toBe(true)
    expect(patience.signal().aborted).toBe(false)
  })
})
