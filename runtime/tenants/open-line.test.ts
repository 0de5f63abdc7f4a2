import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { simulatedClock } from '../clock.ts'
import { openLine } from './open-line.ts'

const log = pino({ level: 'silent' })
const idleMs = 60_000

function rig(
  open: (signal: AbortSignal, stack: AsyncDisposableStack) => Promise<void> = async () => {},
  onClosing: () => Promise<void> = async () => {},
) {
  const clock = simulatedClock()
  const events: string[] = []
  const state = { isBusy: false }
  let opened = 0
  const line = openLine<number>({
    clock,
    log,
    idleMs,
    isBusy: () => state.isBusy,
    onClosing: async () => {
      events.push('closing')
      await onClosing()
    },
    open: async (stack, signal) => {
      await open(signal, stack)
      opened += 1
      const number = opened
      stack.defer(async () => void events.push(`closed ${number}`))
      return number
    },
  })
  return { clock, events, state, line }
}

describe('a line', () => {
  it('is there when it is needed, and until it was not needed for a while', async () => {
    const { line, clock, events } = rig()
    expect([line.isReady(), line.held()]).toEqual([true, undefined])
    expect(() => line.get()).toThrow(expect.objectContaining({ code: 'NotConnected' }) as Error)
    line.need(true)
    expect(line.isReady()).toBe(false)
    await vi.waitFor(() => expect(line.get()).toBe(1))
    expect(line.isReady()).toBe(true)
    line.need(false)
    await clock.advance(idleMs - 1)
    line.need(true)
    await clock.advance(idleMs)
    expect(line.get()).toBe(1)
    line.need(false)
    await clock.advance(idleMs)
    await vi.waitFor(() => expect(events).toEqual(['closing', 'closed 1']))
    expect(line.held()).toBeUndefined()
    line.need(true)
    await vi.waitFor(() => expect(line.get()).toBe(2))
    await line.close()
    expect(events.at(-1)).toBe('closed 2')
  })

  it('stays when it is needed again while it is being left', async () => {
    const left = Promise.withResolvers<void>()
    const { line, clock, events } = rig(undefined, () => left.promise)
    line.need(true)
    await vi.waitFor(() => expect(line.get()).toBe(1))
    line.need(false)
    await clock.advance(idleMs)
    expect(events).toEqual(['closing'])
    line.need(true)
    left.resolve()
    await clock.advance(idleMs)
    expect([line.get(), line.isReady()]).toEqual([1, true])
    line.need(false)
    await clock.advance(idleMs)
    await vi.waitFor(() => expect(line.held()).toBeUndefined())
    line.need(true)
    await vi.waitFor(() => expect(line.get()).toBe(2))
    await line.close()
    line.need(true)
    expect([line.held(), events.at(-1)]).toEqual([undefined, 'closed 2'])
  })

  it('is tried again though a failed one cannot be left', async () => {
    let failures = 1
    const { line, clock } = rig(async (_, stack) => {
      if (failures-- <= 0) return
      stack.defer(() => Promise.reject(new Error('nor left')))
      throw new Error('no')
    })
    line.need(true)
    await clock.advance(10_000)
    await vi.waitFor(() => expect(line.get()).toBe(1))
    await line.close()
  })

  it('stays as long as somebody is at work on it', async () => {
    const { line, clock, state } = rig()
    line.need(true)
    await vi.waitFor(() => expect(line.get()).toBe(1))
    state.isBusy = true
    line.need(false)
    await clock.advance(3 * idleMs)
    expect(line.get()).toBe(1)
    state.isBusy = false
    await clock.advance(idleMs)
    await vi.waitFor(() => expect(line.held()).toBeUndefined())
    await line.close()
  })

  it('is tried again until it can be opened', async () => {
    let failures = 3
    const { line, clock } = rig(async () => {
      if (failures-- > 0) throw new Error('no')
    })
    line.need(true)
    await clock.advance(10_000)
    await vi.waitFor(() => expect(line.get()).toBe(1))
    await line.close()
  })

  it('ends the waiting of one that is being opened', async () => {
    const { line, events } = rig(
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    )
    line.need(true)
    await line.close()
    expect([events, line.held()]).toEqual([[], undefined])
  })
})
