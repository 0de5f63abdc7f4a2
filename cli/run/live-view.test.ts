import { describe, expect, it } from 'vitest'
import { simulatedClock } from '../../runtime/clock.ts'
import type { Output } from '../terminal.ts'
import { openLiveView } from './live-view.ts'

const step = { flow: 'contacts', step: 'fetch', received: 0, retried: 0, dead: 0, discarded: 0 }
const up = (lines: number) => `\u001B[${lines}A\r\u001B[J`

function bench(isScreen: boolean) {
  const clock = simulatedClock(0)
  let text = ''
  const output: Output = { write: (more) => void (text += more), style: (_, plain) => plain }
  const screen = isScreen ? () => ({ columns: 80, rows: 24 }) : undefined
  const view = openLiveView({ err: output, screen, clock })
  const taken = () => {
    const seen = text
    text = ''
    return seen
  }
  const show = (received: number, atMs = 0) => view.show({ samples: [{ ...step, received }], atMs })
  return { clock, view, output, taken, show }
}

describe('the live view of a terminal', () => {
  it('draws over its last drawing', () => {
    const { show, taken } = bench(true)
    show(1)
    const first = taken()
    expect(first).toMatch(/^FLOW [^\n]*\ncontacts [^\n]* 1 [^\n]*\n$/)
    show(2)
    expect(taken()).toBe(up(2) + first.replace(' 1 ', ' 2 '))
  })

  it('measures rates over five seconds', () => {
    const { show, taken } = bench(true)
    const rates = Array.from({ length: 30 }, (_, at) => {
      // A message every two seconds, a drawing every half.
      show(Math.floor(at / 4), at * 500)
      return Number(/fetch +([\d.]+)/.exec(taken())![1])
    })
    expect(Math.min(...rates.slice(12))).toBeGreaterThanOrEqual(0.4)
    expect(Math.max(...rates.slice(12))).toBeLessThanOrEqual(0.6)
  })

  it('puts lines above itself, and is drawn once after a burst of them', async () => {
    const { view, output, show, taken, clock } = bench(true)
    show(1)
    const table = taken()
    view.print(output, 'one\n')
    view.print(output, 'two\n')
    expect(taken()).toBe(`${up(2)}one\ntwo\n`)
    await clock.advance(60)
    expect(taken()).toBe(table)
    await clock.advance(1000)
    expect(taken()).toBe('')
  })

  it('leaves its last drawing below what was printed, or takes it away', async () => {
    const left = bench(true)
    left.show(1)
    const table = left.taken()
    left.view.print(left.output, 'done\n')
    left.view.close('leave')
    expect(left.taken()).toBe(`${up(2)}done\n${table}`)
    left.view.close('leave')
    left.view.print(left.output, 'after\n')
    await left.clock.advance(1000)
    expect(left.taken()).toBe('after\n')

    const erased = bench(true)
    erased.show(1)
    erased.taken()
    erased.view.close('erase')
    expect(erased.taken()).toBe(up(2))
  })

  it('is nothing before it is shown', async () => {
    const { view, output, taken, clock } = bench(true)
    view.print(output, 'early\n')
    await clock.advance(1000)
    view.close('erase')
    expect(taken()).toBe('early\n')
  })
})

describe('the live view where there is no terminal', () => {
  it('is one line in ten seconds in which something has happened', () => {
    const { view, show, taken } = bench(false)
    show(0, 0)
    show(5, 9000)
    expect(taken()).toBe('')
    show(7, 10_000)
    expect(taken()).toBe('messages: contacts/fetch=7\n')
    show(7, 20_000)
    expect(taken()).toBe('')
    view.show({
      samples: [
        { ...step, received: 7, retried: 2, dead: 1 },
        { ...step, step: 'idle' },
      ],
      atMs: 30_000,
    })
    expect(taken()).toBe('messages: contacts/fetch=7 (2 retried, 1 dead)\n')
    view.close('leave')
    expect(taken()).toBe('')
  })
})
