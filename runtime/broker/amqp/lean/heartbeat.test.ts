import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../../../clock.ts'
import { agreedHeartbeatSeconds, heartbeatStep, startHeartbeat } from './heartbeat.ts'

describe('heartbeatStep', () => {
  it.each([
    { silentLooks: 0, hasRead: false, want: { kind: 'wait', silentLooks: 1 } },
    { silentLooks: 2, hasRead: false, want: { kind: 'wait', silentLooks: 3 } },
    { silentLooks: 3, hasRead: false, want: { kind: 'dead' } },
    { silentLooks: 3, hasRead: true, want: { kind: 'wait', silentLooks: 0 } },
  ])('after $silentLooks silent looks, read $hasRead: $want.kind', ({ silentLooks, hasRead, want }) => {
    expect(heartbeatStep(silentLooks, hasRead)).toEqual(want)
  })
})

describe('agreedHeartbeatSeconds', () => {
  it.each([
    { ours: 10, server: 60, want: 10 },
    { ours: 60, server: 10, want: 10 },
    { ours: 10, server: 0, want: 10 },
    { ours: 0, server: 60, want: 0 },
  ])('$ours and $server give $want', ({ ours, server, want }) => {
    expect(agreedHeartbeatSeconds(ours, server)).toBe(want)
  })
})

describe('startHeartbeat', () => {
  it('beats at each look at which nothing was sent, and finds the peer dead after two intervals', async () => {
    const clock = simulatedClock()
    let beats = 0
    let diedAt: number | undefined
    startHeartbeat(clock, 10, {
      look: () => ({ hasRead: clock.now() <= 30_000, hasWritten: false }),
      sendBeat: () => {
        beats += 1
      },
      onDead: () => {
        diedAt = clock.now()
      },
    })
    await clock.advance(30_000)
    expect(beats).toBe(6)
    await clock.advance(100_000)
    expect(diedAt).toBe(50_000)
    expect(clock.nextAt()).toBeUndefined()
  })

  it('does not beat where something was sent, and stops when it is cancelled', async () => {
    const clock = simulatedClock()
    const fail = (): never => {
      throw new Error('not expected')
    }
    const cancel = startHeartbeat(clock, 10, {
      look: () => ({ hasRead: true, hasWritten: true }),
      sendBeat: fail,
      onDead: fail,
    })
    await clock.advance(60_000)
    cancel()
    expect(clock.nextAt()).toBeUndefined()
  })
})
