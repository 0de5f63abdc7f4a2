import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binaryHeap } from './binary-heap.ts'
import { simulatedClock, sleep, systemClock } from './clock.ts'

describe('systemClock', () => {
  it('never fires a timer within the call that sets it, not even one for now', async () => {
    let isSet = false
    const firedAfterSet = new Promise<boolean>((resolve) => systemClock.setTimer(0, () => resolve(isSet)))
    isSet = true
    expect(await firedAfterSet).toBe(true)
  })

  it('does not fire at once what lies beyond the longest time that setTimeout can count', async () => {
    let hasFired = false
    const cancel = systemClock.setTimer(2 ** 33, () => {
      hasFired = true
    })
    await new Promise<void>((resolve) => systemClock.setTimer(20, resolve))
    cancel()
    cancel()
    expect(hasFired).toBe(false)
  })
})

describe('sleep', () => {
  it('ends early with the reason when it is aborted, and leaves no timer', async () => {
    const clock = simulatedClock()
    const abort = new AbortController()
    const slept = sleep(clock, 1000, abort.signal)
    abort.abort(new Error('enough'))
    await expect(slept).rejects.toThrow('enough')
    expect(clock.nextAt()).toBeUndefined()
    await expect(sleep(clock, 1, abort.signal)).rejects.toThrow('enough')
  })
})

describe('simulatedClock', () => {
  it('runs timers at their own instants, in the order of their times, then of their setting', async () => {
    const clock = simulatedClock(1000)
    const seen: string[] = []
    clock.setTimer(30, () => seen.push(`c@${clock.now()}`))
    clock.setTimer(10, () => seen.push(`a@${clock.now()}`))
    clock.setTimer(10, () => seen.push(`b@${clock.now()}`))
    clock.setTimer(31, () => seen.push('too late'))
    await clock.advance(30)
    expect(seen).toEqual(['a@1010', 'b@1010', 'c@1030'])
    expect(clock.now()).toBe(1030)
  })

  it('runs what a timer sets on the way, also across promises', async () => {
    const clock = simulatedClock()
    const seen: number[] = []
    const tick = async (): Promise<void> => {
      for (let count = 0; count < 5; count += 1) {
        await sleep(clock, 100)
        seen.push(clock.now())
      }
    }
    const ticking = tick()
    await clock.advance(450)
    expect(seen).toEqual([100, 200, 300, 400])
    expect(await clock.runUntilIdle()).toBe(1)
    await ticking
    expect(clock.now()).toBe(500)
  })

  it('does not run a cancelled timer', async () => {
    const clock = simulatedClock()
    let hasFired = false
    const cancel = clock.setTimer(10, () => {
      hasFired = true
    })
    cancel()
    cancel()
    expect(await clock.runUntilIdle()).toBe(0)
    expect(hasFired).toBe(false)
    expect(clock.now()).toBe(0)
  })

  it('stops a run until idle at its limit', async () => {
    const clock = simulatedClock()
    const again = (): void => {
      clock.setTimer(10, again)
    }
    again()
    expect(await clock.runUntilIdle({ atMostMs: 1000 })).toBe(100)
  })
})

describe('binaryHeap', () => {
  it('gives back exactly what was pushed, smallest first', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { freq: 3 })), (operations) => {
        const heap = binaryHeap<{ at: number }>((left, right) => left.at < right.at)
        const model: number[] = []
        for (const at of operations) {
          if (at === null) expect(heap.pop()?.at).toBe(model.shift())
          else {
            heap.push({ at })
            model.push(at)
            model.sort((left, right) => left - right)
          }
          expect(heap.size()).toBe(model.length)
          expect(heap.peek()?.at).toBe(model[0])
        }
      }),
    )
  })
})
