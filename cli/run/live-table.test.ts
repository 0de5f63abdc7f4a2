import { describe, expect, it } from 'vitest'
import type { StepSample } from './live-table.ts'
import { renderTable } from './live-table.ts'

const wide = { columns: 200, rows: 50 }
const idle = { flow: 'contacts', step: 'fetch', received: 0, retried: 0, dead: 0, discarded: 0 }

function sampling(samples: readonly Partial<StepSample>[], atMs = 0) {
  return { samples: samples.map((sample) => ({ ...idle, ...sample })), atMs }
}

describe('renderTable', () => {
  it('aligns names to the left and numbers to the right; a fused step has no queue', () => {
    const samples = [
      { step: 'fetch', received: 3, queue: { waiting: 12, inFlight: 1 }, retried: 2 },
      { step: 'check-address', received: 1204, dead: 5 },
    ]
    expect(renderTable(sampling(samples), undefined, wide)).toEqual([
      'FLOW      STEP           RATE/S  MESSAGES  QUEUED  IN FLIGHT  RETRIES  DEAD',
      'contacts  fetch             0.0         3      12          1        2     0',
      'contacts  check-address     0.0      1204                           0     5',
    ])
  })

  it('shows what has come per second since the last time', () => {
    const last = sampling([{ received: 100 }], 10_000)
    expect(renderTable(sampling([{ received: 105 }], 12_000), last, wide)[1]).toMatch(/^contacts +fetch +2\.5 +105 /)
    expect(renderTable(sampling([{ received: 100 }], 10_000), last, wide)[1]).toMatch(/ 0\.0 +100 /)
  })

  it('is cut to the width of the terminal', () => {
    const lines = renderTable(sampling([{}]), undefined, { columns: 20, rows: 50 })
    expect(lines.map((line) => line.length)).toEqual([19, 19])
  })

  it('shortens names before a number is cut, the longer one first', () => {
    const samples = [
      { flow: 'contacts-from-the-shop-to-the-newsletter', step: 'fetch', received: 7, retried: 31, dead: 1204 },
      { flow: 'short', step: 'check', queue: { waiting: 3, inFlight: 0 } },
    ]
    expect(renderTable(sampling(samples), undefined, { columns: 80, rows: 24 })).toEqual([
      'FLOW                  STEP   RATE/S  MESSAGES  QUEUED  IN FLIGHT  RETRIES  DEAD',
      'contacts-from-the-s…  fetch     0.0         7                          31  1204',
      'short                 check     0.0         0       3          0        0     0',
    ])
  })

  it('is cut to the height of the terminal, idle steps first, the order kept', () => {
    const samples = Array.from({ length: 10 }, (_, at) => ({ step: `s${at}`, received: [7, 3].includes(at) ? 1 : 0 }))
    const lines = renderTable(sampling(samples), undefined, { columns: 100, rows: 7 })
    expect(lines.map((line) => line.split(/ +/)[1])).toEqual(['STEP', 's0', 's3', 's7', 'and'])
    expect(lines.at(-1)).toBe('… and 7 more')
    expect(lines.length).toBeLessThan(7)
  })

  it('shows all where there is just enough room', () => {
    const samples = Array.from({ length: 4 }, (_, at) => ({ step: `s${at}` }))
    expect(renderTable(sampling(samples), undefined, { columns: 100, rows: 7 })).toHaveLength(5)
  })

  it.each([1, 2, 3, 0])('does not fail on a terminal of %i lines', (rows) => {
    expect(renderTable(sampling([{}, {}, {}]), undefined, { columns: 1, rows })[0]).toBe('')
  })
})
