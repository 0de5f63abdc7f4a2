import type { Clock } from '../../runtime/clock.ts'
import type { Output, Screen } from '../terminal.ts'
import type { Sampling } from './live-table.ts'
import { renderTable } from './live-table.ts'

/** What a person sees of a run while it goes on. */
export interface LiveView {
  /** Shows the current state; on a terminal over the last one. */
  readonly show: (sampling: Sampling) => void
  /** To write something that stays: on a terminal it goes above the view. */
  readonly print: (output: Output, text: string) => void
  /** Nothing is drawn any more; the last drawing is left where it is, or taken away. Safe to repeat. */
  readonly close: (last: 'leave' | 'erase') => void
}

export interface LiveViewParts {
  readonly err: Output
  /** Without one the view is a line now and then. */
  readonly screen: Screen | undefined
  readonly clock: Clock
}

export function openLiveView({ err, screen, clock }: LiveViewParts): LiveView {
  return screen === undefined ? plainView(err) : drawnView(err, screen, clock)
}

/** After lines were printed: a burst of them must not draw the table as often. */
const redrawAfterMs = 50

function drawnView(err: Output, screen: Screen, clock: Clock): LiveView {
  let table: readonly string[] = []
  /** Lines of the table that stand above the cursor. */
  let drawn = 0
  const history = rateHistory()
  let cancelRedraw: (() => void) | undefined

  const erase = (): void => {
    if (drawn > 0) err.write(`\u001B[${drawn}A\r\u001B[J`)
    drawn = 0
  }
  const draw = (): void => {
    cancelRedraw?.()
    cancelRedraw = undefined
    erase()
    err.write(table.map((line, at) => `${at === 0 ? err.style('bold', line) : line}\n`).join(''))
    drawn = table.length
  }
  return {
    show: (sampling) => {
      table = renderTable(sampling, history(sampling), screen())
      draw()
    },
    print: (output, text) => {
      erase()
      output.write(text)
      if (table.length > 0) cancelRedraw ??= clock.setTimer(redrawAfterMs, draw)
    },
    close: (kind) => {
      if (kind === 'erase') erase()
      else if (cancelRedraw !== undefined) draw()
      cancelRedraw?.()
      cancelRedraw = undefined
      table = []
      drawn = 0
    },
  }
}

/** Shorter, and a message every few seconds would be seen in its moment alone. */
const rateOverMs = 5000

/** Remembers samplings; gives the one that the rates of the newest are measured against. */
function rateHistory(): (now: Sampling) => Sampling | undefined {
  const kept: Sampling[] = []
  return (now) => {
    while (kept.length > 1 && now.atMs - (kept[1]?.atMs ?? 0) >= rateOverMs) kept.shift()
    kept.push(now)
    return kept[0] === now ? undefined : kept[0]
  }
}

const plainEveryMs = 10_000

/** One line every ten seconds in which something has happened, with what has changed in them. */
function plainView(err: Output): LiveView {
  let told: Sampling | undefined
  return {
    show: (now) => {
      if (told !== undefined && now.atMs - told.atMs < plainEveryMs) return
      const line = now.samples.flatMap((sample, at) => changeOf(sample, told?.samples[at])).join(' ')
      told = now
      if (line !== '') err.write(`messages: ${line}\n`)
    },
    print: (output, text) => output.write(text),
    close: () => {},
  }
}

type Counts = Sampling['samples'][number]

function changeOf(now: Counts, before: Counts | undefined): string[] {
  const text = changeText(now)
  const isNew = before === undefined ? now.received > 0 : text !== changeText(before)
  return isNew ? [text] : []
}

function changeText({ flow, step, received, retried, dead }: Counts): string {
  const trouble = [retried > 0 ? `${retried} retried` : '', dead > 0 ? `${dead} dead` : ''].filter(Boolean)
  return `${flow}/${step}=${received}${trouble.length === 0 ? '' : ` (${trouble.join(', ')})`}`
}
