import type { ReplayOutcome } from '../../runtime/replay/replay-dead-letters.ts'
import { count } from '../format-findings.ts'
import { printStructured } from '../structured.ts'
import type { Terminal } from '../terminal.ts'
import { letterName } from './letter-name.ts'

export interface ReportOptions {
  readonly dryRun: boolean
  readonly output: 'text' | 'json' | 'yaml' | 'name'
}

/** Says what became of each dead letter as it happens, for programs at the end; gives the exit code. */
export async function reportReplay(
  terminal: Pick<Terminal, 'out' | 'err'>,
  outcomes: AsyncIterable<ReplayOutcome>,
  options: ReportOptions,
): Promise<number> {
  const { output, dryRun } = options
  const values: unknown[] = []
  const counts = { replayed: 0, refused: 0, settled: 0 }
  for await (const outcome of outcomes) {
    counts[outcome.kind] += 1
    values.push(valueOf(outcome, dryRun))
    tell(terminal, outcome, options)
  }
  if (output === 'json' || output === 'yaml') await printStructured(terminal, values, output)
  if (values.length !== 1) terminal.err.write(`${summary(counts, dryRun)}\n`)
  return counts.refused > 0 ? 1 : 0
}

function tell({ out, err }: Pick<Terminal, 'out' | 'err'>, outcome: ReplayOutcome, options: ReportOptions): void {
  const { output, dryRun } = options
  const line = lineOf(outcome, dryRun)
  if (outcome.kind === 'refused') return err.write(`${err.style('red', 'error:')} ${line}\n`)
  if (outcome.kind === 'settled') return err.write(`${line}\n`)
  if (output === 'text') out.write(`${line}\n`)
  if (output === 'name') out.write(`${letterName(outcome.letter)}\n`)
}

function lineOf(outcome: ReplayOutcome, isDry: boolean): string {
  const name = letterName(outcome.letter)
  switch (outcome.kind) {
    case 'replayed':
      return `${name} replayed to "${outcome.step}", revision ${outcome.revision}${isDry ? ' (dry run)' : ''}`
    case 'refused':
      return `${name}: ${outcome.code} ${outcome.message}`
    case 'settled':
      return `${name} was ${outcome.state} already`
  }
}

function valueOf(outcome: ReplayOutcome, isDry: boolean): unknown {
  const { letter, kind } = outcome
  const head = { name: letterName(letter), outcome: kind }
  switch (outcome.kind) {
    case 'replayed':
      return {
        ...head,
        step: outcome.step,
        revision: outcome.revision,
        ...(isDry && { dryRun: true, message: outcome.message() }),
      }
    case 'refused':
      return { ...head, code: outcome.code, error: outcome.message }
    case 'settled':
      return { ...head, state: outcome.state }
  }
}

function summary(
  { replayed, refused, settled }: Readonly<Record<ReplayOutcome['kind'], number>>,
  isDry: boolean,
): string {
  const parts = [
    `${count(replayed, 'dead letter')} ${isDry ? 'would be replayed' : 'replayed'}`,
    ...(refused === 0 ? [] : [`${refused} refused`]),
    ...(settled === 0 ? [] : [`${settled} settled before`]),
  ]
  return parts.join(', ')
}
