import type { StepCounts } from '../../local/live-counts.ts'

/** What the view shows of one step at one moment. */
export interface StepSample extends StepCounts {
  /** Undefined for a built-in that is fused behind another step: it has no queue. */
  readonly queue?: { readonly waiting: number; readonly inFlight: number }
}

/** Samples of all steps, taken together. */
export interface Sampling {
  readonly samples: readonly StepSample[]
  /** Milliseconds since 1970. */
  readonly atMs: number
}

const headings = ['FLOW', 'STEP', 'RATE/S', 'MESSAGES', 'QUEUED', 'IN FLIGHT', 'RETRIES', 'DEAD'] as const
const namedColumns = 2
/** Names are shortened to make room for the numbers, and not below that. */
const leastName = 4
const gap = '  '

/**
 * The table's lines, names to the left and numbers to the right, cut to the terminal's size. When there are more steps than
 * lines, those without a message give way first.
 *
 * @param last what the rates are measured against
 */
export function renderTable(
  now: Sampling,
  last: Sampling | undefined,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const lines = now.samples.map((sample, at) => rowOf(sample, rateOf(sample, last?.samples[at], seconds(last, now))))
  const shown = chosenRows(now.samples, Math.max(1, rows - 3))
  const table = [[...headings], ...shown.map((at) => lines[at] ?? [])]
  const natural = headings.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)))
  const widths = fitted(natural, columns - 1)
  const hidden = now.samples.length - shown.length
  const aligned = table.map((row) => row.map((cell, column) => padded(cell, widths[column] ?? 0, column)).join(gap))
  return [...aligned, ...(hidden === 0 ? [] : [`… and ${hidden} more`])].map((line) => line.slice(0, columns - 1))
}

function rowOf({ flow, step, received, queue, retried, dead }: StepSample, rate: number): string[] {
  const depth = queue === undefined ? ['', ''] : [queue.waiting, queue.inFlight]
  return [flow, step, rate.toFixed(1), ...[received, ...depth, retried, dead].map(String)]
}

/** The widths in which a line is no longer than so: the longer of the names gives way first. */
function fitted(natural: readonly number[], most: number): number[] {
  const names = natural.slice(0, namedColumns)
  const numbers = natural.slice(namedColumns)
  let over = natural.reduce((sum, width) => sum + width + gap.length, -gap.length) - most
  for (; over > 0 && Math.max(...names) > leastName; over -= 1) {
    const longest = names.indexOf(Math.max(...names))
    names[longest] = (names[longest] ?? 0) - 1
  }
  return [...names, ...numbers]
}

function padded(cell: string, width: number, column: number): string {
  if (column >= namedColumns) return cell.padStart(width)
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width)
}

function seconds(last: Sampling | undefined, now: Sampling): number {
  return last === undefined ? 0 : (now.atMs - last.atMs) / 1000
}

function rateOf(sample: StepSample, before: StepSample | undefined, elapsed: number): number {
  return elapsed > 0 && before !== undefined ? (sample.received - before.received) / elapsed : 0
}

/** Indices, in the order of the steps. */
function chosenRows(samples: readonly StepSample[], most: number): number[] {
  const all = samples.map((_, at) => at)
  if (all.length <= most) return all
  const busy = all.filter((at) => (samples[at]?.received ?? 0) > 0)
  const idle = all.filter((at) => (samples[at]?.received ?? 0) === 0)
  return [...busy, ...idle].slice(0, most - 1).sort((left, right) => left - right)
}
