import { describe, expect, it } from 'vitest'
import { openLoad } from './load.ts'

const limits = { inFlight: 2, waiting: 1, bufferedBytes: 100 }

function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, resolve }
}

describe('a load', () => {
  it('is full with so many that are received, or that wait', async () => {
    const load = openLoad(limits)
    const gate = held()
    const waiter = load.waiting(() => gate.promise)
    expect([load.isFull(false), load.isFull(true)]).toEqual([false, true])
    const tasks = [1, 2].map(() => load.receiving(() => gate.promise))
    expect(load.isFull(false)).toBe(true)
    gate.resolve()
    await Promise.all([...tasks, waiter])
    expect([load.isFull(true), load.isIdle()]).toEqual([false, true])
  })

  it('gives memory back, whatever becomes of the task', async () => {
    const load = openLoad(limits)
    const failing = load.receiving(async (take) => {
      expect([take(60), take(60)]).toEqual([true, false])
      throw new Error('gone')
    })
    await expect(failing).rejects.toThrow('gone')
    await load.receiving(async (take) => expect(take(100)).toBe(true))
  })

  it('of a part counts in the whole, and the whole’s bounds are its own as well', async () => {
    const whole = openLoad({ inFlight: 3, waiting: 3, bufferedBytes: 100 })
    const [one, other] = [openLoad(limits, whole), openLoad(limits, whole)]
    const gate = held()
    const tasks = [one, one].map((load) => load.receiving(() => gate.promise))
    expect([one.isFull(false), other.isFull(false)]).toEqual([true, false])
    tasks.push(other.receiving(() => gate.promise))
    expect(other.isFull(false)).toBe(true)
    gate.resolve()
    await Promise.all(tasks)
    await one.receiving(async (take) => {
      expect(take(80)).toBe(true)
      await other.receiving(async (takeOther) => expect(takeOther(30)).toBe(false))
    })
    await other.receiving(async (take) => expect(take(100)).toBe(true))
    whole.close()
    expect([one.isClosing(), whole.isIdle()]).toEqual([true, true])
  })
})
