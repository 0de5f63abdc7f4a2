import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import { PermanentError, TransientError } from '../error.ts'
import type { OpenedProcess, Program } from './run-process.ts'
import { runProcess } from './run-process.ts'

type Settings = ReturnType<typeof settings>

function settings() {
  return { logLevel: 'info', shutdownSeconds: 35 } as const
}

const opened: OpenedProcess = { port: 8080, close: async () => {} }

/** A program under way, and what it has said. */
function run(program: Partial<Program<Settings>>) {
  const clock = simulatedClock()
  const exits: number[] = []
  const lines: { readonly level: string; readonly msg: string; readonly code?: string }[] = []
  let signal = (): void => {}
  const ended = runProcess(
    { name: 'tried', settings, open: async () => opened, ...program },
    {
      environment: {},
      onSignal: (listener) => (signal = listener),
      exit: (code) => exits.push(code),
      clock,
      output: { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) }, // as it writes them
    },
  )
  return { clock, exits, signal: () => signal(), ended, said: () => lines.map(({ level, msg }) => `${level} ${msg}`) }
}

describe('a process', () => {
  it('serves until a signal, closes, and ends with 0', async () => {
    const { clock, exits, signal, ended, said } = run({})
    await clock.advance(1000)
    expect(exits).toEqual([])
    signal()
    await ended
    expect(exits).toEqual([0])
    expect(said()).toEqual(['info ready', 'info draining', 'info closed'])
    expect(clock.nextAt()).toBeUndefined()
  })

  it('drains when its work is to end without a signal', async () => {
    let drain = (): void => {}
    const { exits, ended } = run({
      open: async ({ onDraining }) => {
        drain = onDraining
        return opened
      },
    })
    drain()
    await ended
    expect(exits).toEqual([0])
  })

  it('that is not closed 10 s after its shutdown time ends with 1, and says so', async () => {
    const { clock, exits, signal, said } = run({
      open: async () => ({ ...opened, close: () => new Promise(() => {}) }),
    })
    await clock.advance(0)
    signal()
    await clock.advance(44_999)
    expect(exits).toEqual([])
    await clock.advance(1)
    expect(exits).toEqual([1])
    expect(said().at(-1)).toBe('error not closed in time: a server or a component did not let go')
  })

  it('that fails to close ends with 1, and says why', async () => {
    const { exits, signal, ended, said } = run({
      open: async () => ({ ...opened, close: () => Promise.reject(new Error('the store has gone')) }),
    })
    signal()
    await ended
    expect(exits).toEqual([1])
    expect(said().at(-1)).toBe('error not closed as it should be')
  })

  it('that is told to end while it opens ends with 0', async () => {
    const { exits, signal, ended } = run({
      open: ({ signal: ending }) =>
        new Promise((_, reject) => ending.addEventListener('abort', () => reject(new Error('the process is ending')))),
    })
    signal()
    await ended
    expect(exits).toEqual([0])
  })

  it.each([
    {
      name: 'settings that have to be mended',
      error: new PermanentError('SettingInvalid', 'mend it'),
      says: 'mend it',
    },
    { name: 'what it cannot do', error: new TransientError('Unreachable', 'no answer'), says: 'cannot start' },
  ])('ends with 2 over $name', async ({ error, says }) => {
    const { exits, ended, said } = run({
      settings: () => {
        throw error
      },
    })
    await ended
    expect(exits).toEqual([2])
    expect(said()).toEqual([`fatal ${says}`])
  })
})
