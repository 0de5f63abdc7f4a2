import { describe, expect, it } from 'vitest'
import { simulatedClock, systemClock } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import { deadLetter } from './conformance/store-promise.ts'
import { lateStore } from './late-store.ts'
import { openMemoryStore } from './memory-store.ts'
import { storeConformance } from './store-conformance.ts'

storeConformance('a store that is opened late', async () => {
  const store = openMemoryStore()
  const connect = async () => {
    const late = lateStore({ open: async () => store, clock: systemClock, onRefused: () => {} })
    await late.trials.end('opens it')
    return late
  }
  return { connect, close: store.close }
})

describe('late store', () => {
  it('is opened once, by the first call or after a moment, and says so', async () => {
    const clock = simulatedClock()
    let openings = 0
    const open = async () => {
      openings += 1
      return openMemoryStore()
    }
    const called = lateStore({ open, clock, onRefused: () => {} })
    expect(called.health().kind).toBe('unreachable')
    await Promise.all([called.trials.begin('a'), called.deadLetters.put(deadLetter('f', {}))])
    expect(openings).toBe(1)
    expect(called.health().kind).toBe('ready')
    const left = lateStore({ open, clock, onRefused: () => {} })
    await clock.advance(10_000)
    expect(openings).toBe(2)
    expect(left.health().kind).toBe('ready')
    await called.close()
    await left.close()
  })

  it('lets its callers wait as long as an open one would, and no longer', async () => {
    const clock = simulatedClock()
    const never = lateStore({ open: () => new Promise(() => {}), clock, onRefused: () => {} })
    const asked = expect(never.plans.get('f', 1)).rejects.toMatchObject({ code: 'StoreUnreachable' })
    await clock.advance(31_000)
    await asked
  })

  it('blames no message for what keeps it from being opened, and tells of it', async () => {
    const clock = simulatedClock()
    const refused: unknown[] = []
    const error = new PermanentError('StoreUrlInvalid', 'no')
    const store = lateStore({ open: () => Promise.reject(error), clock, onRefused: (told) => refused.push(told) })
    await clock.advance(10_000)
    expect(refused).toEqual([error])
    await expect(store.trials.begin('a')).rejects.toBeInstanceOf(TransientError)
    await store.close()
  })

  it('does nothing after its end', async () => {
    const clock = simulatedClock()
    let openings = 0
    const store = lateStore({ open: async () => ((openings += 1), openMemoryStore()), clock, onRefused: () => {} })
    await store.close()
    await clock.advance(10_000)
    await expect(store.plans.get('f', 1)).rejects.toMatchObject({ code: 'StoreClosed' })
    expect(openings).toBe(0)
  })
})
