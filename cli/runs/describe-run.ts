import type { Run, StepEvent } from '../../runtime/store/store.ts'
import { age } from '../age.ts'
import { described, table } from '../table.ts'
import type { StepNode } from './run-tree.ts'

export interface ShownRun {
  readonly run: Run
  readonly flow: string
  readonly tree: readonly StepNode[]
  readonly events: readonly StepEvent[]
}

const mostErrors = 50

/** A run for people: what it is, the tree of its steps, and what went wrong. */
export function describeRun({ run, flow, tree, events }: ShownRun, nowMs: number): string {
  const { id, trigger, revision, startedAt } = run
  const last = events.reduce((latest, { at }) => Math.max(latest, at), startedAt)
  const head = described([
    ['Run', id],
    ['Flow', flow],
    ['Trigger', trigger],
    ['Revision', String(revision)],
    ['Started', `${new Date(startedAt).toISOString()} (${age(nowMs - startedAt)} ago)`],
    ['Last seen', events.length === 0 ? 'nothing has been observed yet' : `${span(last - startedAt)} after its start`],
  ])
  return `${head}\n${stepTable(tree, startedAt)}${errorsOf(events, startedAt)}`
}

/** Milliseconds for people: 340ms, 2.5s, then as ages are. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : age(ms)
}

function stepTable(tree: readonly StepNode[], startedAt: number): string {
  const headings = [
    'STEP',
    'MESSAGES',
    'ATTEMPTS',
    'SETTLED',
    'EMITTED',
    'DEAD',
    'DISCARDED',
    'FIRST',
    'LAST',
    'WORKED',
  ]
  return table(
    headings,
    tree.flatMap((node) => rowsOf(node, startedAt, { before: '', behind: '' })),
  )
}

interface Lead {
  /** In front of the step itself. */
  readonly before: string
  /** In front of what comes under it. */
  readonly behind: string
}

function rowsOf(node: StepNode, startedAt: number, { before, behind }: Lead): string[][] {
  const { next } = node
  const under = next.flatMap((child, at) => {
    const isLast = at === next.length - 1
    const lead = { before: `${behind}${isLast ? '└─ ' : '├─ '}`, behind: `${behind}${isLast ? '   ' : '│  '}` }
    return rowsOf(child, startedAt, lead)
  })
  return [[`${before}${node.step}`, ...cellsOf(node, startedAt)], ...under]
}

function cellsOf({ tally, isFused, isRepeated }: StepNode, startedAt: number): string[] {
  if (isRepeated) return ['(above)']
  const { messages, attempts, settled, emitted, dead, discarded, firstAt, lastAt, durationMs } = tally
  if (firstAt === undefined || lastAt === undefined) return [isFused ? '(fused)' : '-']
  const counts = [messages, attempts, settled, emitted, dead, discarded].map(String)
  return [
    ...counts,
    `+${span(Math.max(0, firstAt - startedAt))}`,
    `+${span(Math.max(0, lastAt - startedAt))}`,
    span(durationMs),
  ]
}

function errorsOf(events: readonly StepEvent[], startedAt: number): string {
  const failed = events.filter(({ code }) => code !== undefined)
  if (failed.length === 0) return ''
  const rows = failed
    .slice(-mostErrors)
    .map(({ at, step, messageId, attempt, kind, code = '', error = '' }) => [
      `+${span(Math.max(0, at - startedAt))}`,
      step,
      messageId,
      String(attempt),
      kind,
      code,
      error,
    ])
  const left = failed.length > mostErrors ? `, the last ${mostErrors} of ${failed.length}` : ''
  return `\nErrors${left}:\n${table(['AT', 'STEP', 'MESSAGE', 'ATTEMPT', 'THEN', 'CODE', 'ERROR'], rows)}`
}
