import type { StepCounts } from '../local/live-counts.ts'
import type { Terminal } from './terminal.ts'

/** What the view shows of one step at one moment. */
export interface StepSample extends StepCounts {
  readonly queued: number
  readonly inFlight: number
}

export interface LiveView {
  /** Draws the current state; on a terminal over the last drawing. */
  readonly draw: (samples: readonly StepSample[], atMs: number) => void
  /** A line that must stay: it goes above the view. */
  readonly print: (line: string) => void
  /** Leaves the last drawing where it is. */
  readonly close: () => void
}

export function openLiveView(terminal: Terminal): LiveView {
  return terminal.isLive ? drawnView(terminal) : plainView(terminal)
}

function drawnView(terminal: Terminal): LiveView {
  let drawn: readonly string[] = []
  let last: { readonly samples: readonly StepSample[]; readonly atMs: number } | undefined
  const erase = (): void => {
    if (drawn.length > 0) terminal.err(`\u001B[${drawn.length}A\u001B[J`)
  }
  const show = (): void => terminal.err(drawn.map((line) => `${line}\n`).join(''))
  return {
    draw: (samples, atMs) => {
      erase()
      drawn = renderTable(samples, ratesSince(last, samples, atMs)).map((line, at) => {
        const cut = line.slice(0, terminal.columns() - 1)
        return at === 0 ? terminal.style('bold', cut) : cut
      })
      last = { samples, atMs }
      show()
    },
    print: (line) => {
      erase()
      terminal.err(line)
      show()
    },
    close: () => {
      drawn = []
    },
  }
}

const plainEveryMs = 10_000

/** One line every ten seconds in which something has happened. */
function plainView(terminal: Terminal): LiveView {
  let last = ''
  let lastAtMs = 0
  return {
    draw: (samples, atMs) => {
      const line = samples
        .map(({ flow, step, received, dead }) => `${flow}/${step}=${received}${dead > 0 ? ` (${dead} dead)` : ''}`)
        .join(' ')
      if (line === last || atMs - lastAtMs < plainEveryMs) return
      last = line
      lastAtMs = atMs
      terminal.err(`messages: ${line}\n`)
    },
    print: (line) => terminal.err(line),
    close: () => {},
  }
}

function ratesSince(
  last: { readonly samples: readonly StepSample[]; readonly atMs: number } | undefined,
  samples: readonly StepSample[],
  atMs: number,
): number[] {
  const seconds = last === undefined ? 0 : (atMs - last.atMs) / 1000
  return samples.map(({ received }, at) =>
    seconds > 0 ? (received - (last?.samples[at]?.received ?? 0)) / seconds : 0,
  )
}

const headings = ['FLOW', 'STEP', 'RATE/S', 'MESSAGES', 'QUEUED', 'IN FLIGHT', 'RETRIES', 'DEAD'] as const

/** The table's lines, columns aligned, numbers to the right. */
export function renderTable(samples: readonly StepSample[], rates: readonly number[]): string[] {
  const rows = samples.map((sample, at) => [
    sample.flow,
    sample.step,
    (rates[at] ?? 0).toFixed(1),
    ...[sample.received, sample.queued, sample.inFlight, sample.retried, sample.dead].map(String),
  ])
  const table = [[...headings], ...rows]
  const widths = headings.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)))
  return table.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}
