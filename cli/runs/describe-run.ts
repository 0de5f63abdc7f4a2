import type { Run } from '../../runtime/store/store.ts'
import { age } from '../age.ts'
import { count } from '../format-findings.ts'
import { described, table } from '../table.ts'
import type { RunSummary } from './run-summary.ts'
import type { RunTree } from './run-tree.ts'
import type { TreeLine } from './tree-lines.ts'
import { span, treeHeadings, treeLines } from './tree-lines.ts'

export interface ShownRun {
  readonly run: Run
  readonly flow: string
  readonly summary: RunSummary
  readonly tree: RunTree
  /** How many observations the store knows to be missing, of whatever runs. */
  readonly missing: number
}

/** A run for people: what it is, how it stands, and the tree of its messages. */
export function describeRun({ run, flow, summary, tree, missing }: ShownRun, nowMs: number): string {
  const { id, trigger, revision, startedAt } = run
  const head = described([
    ['Run', id],
    ['Flow', flow],
    ['Trigger', trigger],
    ['Revision', String(revision)],
    ['State', stateText(summary)],
    ['Started', `${new Date(startedAt).toISOString()} (${age(nowMs - startedAt)} ago)`],
    ['Last seen', lastText(run, summary)],
    ['Messages', countsText(summary)],
  ])
  const options = { startedAt, isIncomplete: missing > 0 }
  const lines = treeLines(tree.nodes, options)
  const orphans = treeLines(tree.orphans, options)
  return [
    head,
    lines.length === 0 ? '' : `\n${columns(lines)}`,
    orphans.length === 0 ? '' : `\nWhat came of messages that were not observed:\n${columns(orphans)}`,
  ].join('')
}

/** How a run stands, in a word or two. */
export function stateText({ state, dead }: Pick<RunSummary, 'state' | 'dead'>): string {
  return state === 'running' && dead > 0 ? 'running, with dead letters' : state
}

function lastText({ startedAt }: Run, { lastAt }: RunSummary): string {
  return lastAt === undefined
    ? 'nothing has been observed yet'
    : `${span(Math.max(0, lastAt - startedAt))} after its start`
}

function countsText({ messages, dead, discarded, underWay }: RunSummary): string {
  const others = [
    { number: dead, word: 'dead' },
    { number: discarded, word: 'discarded' },
    { number: underWay, word: 'under way' },
  ]
  const told = others.filter(({ number }) => number > 0).map(({ number, word }) => `, ${number} ${word}`)
  return `${messages} seen${told.join('')}`
}

const mostLines = 400

function columns(lines: readonly TreeLine[]): string {
  const shown = lines.slice(0, mostLines)
  const rows = shown.flatMap((line) =>
    line.kind === 'row' ? [[`${line.lead}${line.cells[0] ?? ''}`, ...line.cells.slice(1)]] : [],
  )
  const [heading = '', ...texts] = table(['STEP', ...treeHeadings], rows).split('\n')
  const all = shown.map((line) => (line.kind === 'row' ? texts.shift() : `${line.lead}${line.text}`))
  const left = lines.length - shown.length
  const more = left > 0 ? `… and ${count(left, 'more line')}: -o json has all of it\n` : ''
  return `${[heading, ...all].join('\n')}\n${more}`
}
