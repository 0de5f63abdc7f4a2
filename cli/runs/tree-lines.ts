import { age } from '../age.ts'
import { count } from '../format-findings.ts'
import { printable } from '../log.ts'
import { brief } from '../table.ts'
import type { FailureGroup } from './failure-groups.ts'
import type { GroupNode, RunNode, Span } from './run-node.ts'

/** A line of a tree: cells that stand under headings, or a remark as long as it is. */
export type TreeLine =
  | { readonly kind: 'row'; readonly lead: string; readonly cells: readonly string[] }
  | { readonly kind: 'remark'; readonly lead: string; readonly text: string }

export interface LineOptions {
  /** Milliseconds since 1970; instants are told from here. */
  readonly startedAt: number
  /** Observations are missing: what was not seen may have ended. */
  readonly isIncomplete: boolean
}

export const treeHeadings: readonly string[] = ['MESSAGES', 'FATE', 'ATTEMPTS', 'FIRST', 'LAST', 'WAITED', 'TOOK']

/** Nodes with what is behind each, under each other. */
export function treeLines(nodes: readonly RunNode[], options: LineOptions): TreeLine[] {
  return nodes.flatMap((node) => linesOf(node, options, { before: '', behind: '' }))
}

/** Milliseconds for people: 340ms, 2.5s, then as ages are. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : age(ms)
}

interface Lead {
  /** In front of the step itself. */
  readonly before: string
  /** In front of what comes under it. */
  readonly behind: string
}

function linesOf(node: RunNode, options: LineOptions, { before, behind }: Lead): TreeLine[] {
  const next = node.kind === 'messages' || node.kind === 'fused' ? node.next : []
  const under = next.flatMap((child, at) => {
    const isLast = at === next.length - 1
    const lead = { before: `${behind}${isLast ? '└─ ' : '├─ '}`, behind: `${behind}${isLast ? '   ' : '│  '}` }
    return linesOf(child, options, lead)
  })
  const lead = `${behind}${next.length > 0 ? '│  ' : '   '}`
  const remarks =
    node.kind === 'messages' ? remarksOf(node).map((text) => ({ kind: 'remark', lead, text }) as const) : []
  return [{ kind: 'row', lead: before, cells: cellsOf(node, options) }, ...remarks, ...under]
}

function cellsOf(node: RunNode, options: LineOptions): string[] {
  switch (node.kind) {
    case 'messages':
      return groupCells(node, options)
    case 'fused':
      return [node.step, '', node.isCertain ? 'fused' : 'fused, if taken']
    case 'unseen':
      return [
        node.steps.length === 1 ? (node.steps[0] ?? '') : '…',
        String(node.count),
        options.isIncomplete ? 'under way, or not observed' : 'under way',
      ]
    case 'deeper':
      return ['…', String(node.count), 'deeper than is shown']
  }
}

function groupCells(node: GroupNode, { startedAt }: LineOptions): string[] {
  const { step, fate, firstAt, lastAt, attempts, waited, worked } = node
  const since = (at: number): string => `+${span(Math.max(0, at - startedAt))}`
  const times = [since(firstAt), since(lastAt), waited === undefined ? '' : spanText(waited), spanText(worked)]
  return [step, String(node.count), fateText(fate), attempts === 0 ? '' : String(attempts), ...times]
}

function fateText({ kind, code }: GroupNode['fate']): string {
  const word = kind === 'retrying' ? 'to be retried' : kind
  return code === undefined ? word : `${word} ${code}`
}

function spanText({ medianMs, maxMs }: Span): string {
  const [median, max] = [span(medianMs), span(maxMs)]
  return median === max ? median : `${median}, max ${max}`
}

const mostFailures = 5

function remarksOf({ step, failures, otherFailures, again, duplicates, replayed }: GroupNode): string[] {
  const shown = gravest(failures)
  const left = failures.reduce((sum, failure) => sum + (shown.includes(failure) ? 0 : failure.count), otherFailures)
  return [
    ...shown.map((failure) => failureText(failure, step)),
    ...(left > 0 ? [`${count(left, 'more failure')}: -o json has them`] : []),
    ...(replayed > 0 ? [`${replayed} of them replayed at another step since`] : []),
    ...(again > 0
      ? [`worked on again ${count(again, 'time')} after the end: a fault kept its acknowledgement back`]
      : []),
    ...(duplicates > 0 ? [`${count(duplicates, 'duplicate')} dropped`] : []),
  ]
}

/** The ends rather than what was tried again; in their order. */
function gravest(failures: readonly FailureGroup[]): readonly FailureGroup[] {
  const [tried, ended] = [failures.filter(isRetried), failures.filter((failure) => !isRetried(failure))]
  const kept = new Set([...ended, ...tried].slice(0, mostFailures))
  return failures.filter((failure) => kept.has(failure))
}

function isRetried({ then }: FailureGroup): boolean {
  return then === 'retried' || then === 'waiting'
}

const mostChars = 120

function failureText(failure: FailureGroup, step: string): string {
  const { attempt, code, error, then } = failure
  const many = failure.count > 1 ? `${failure.count} × ` : ''
  const why = [code, error].filter((text) => text !== '').join(': ')
  const text = printable(
    brief(`${many}attempt ${attempt}${thenText(failure)}: ${why.replaceAll('\n', ' ')}`, mostChars),
  )
  return then === 'dead' ? `${text} (${letterText(failure, step)})` : text
}

function thenText({ then, againAfterMs }: FailureGroup): string {
  const word = then === 'retried' || then === 'dead' ? '' : ` ${then}`
  if (againAfterMs === undefined) return word
  const [min, max] = [span(againAfterMs.min), span(againAfterMs.max)]
  // A dead letter comes back by a replay alone.
  return `${word}, ${then === 'dead' ? 'replayed' : 'again'} after ${min === max ? min : `${min} to ${max}`}`
}

/** Whole: the ids of one process begin alike. */
function letterText({ messageIds, count: all }: FailureGroup, step: string): string {
  const name = `dead letter ${messageIds[0] ?? ''}/${step}`
  return all > 1 ? `${name} and ${all - 1} more` : name
}
