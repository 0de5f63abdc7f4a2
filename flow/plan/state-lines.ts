import type { KeptRevision, LivingStage, RetiringQueue, StageQueue } from './flow-state.ts'
import { parseQueueName, queueName } from './queue-name.ts'

/** The long lists of a flow's state, a line an entry: words between single spaces. */
export interface StateLines {
  readonly living: readonly string[]
  /** Of the pending revision: `#INDEX` where the queue lives already. */
  readonly introducing: readonly string[]
  readonly retiring: readonly string[]
  readonly kept: readonly string[]
}

/** What a state has lists of. */
export interface StateLists {
  readonly living: readonly LivingStage[]
  /** Undefined without a pending revision. */
  readonly stages: readonly StageQueue[] | undefined
  readonly retiring: readonly RetiringQueue[]
  readonly kept: readonly KeptRevision[]
}

/** A line, or a list of them, says nothing that this version understands. */
export class MalformedLine extends Error {}

type Named = Pick<StageQueue, 'queue' | 'step'>

/** Of a kept plan in whose place another became active the hash is left out: nothing is ever compared with it. */
export function linesOf(flow: string, lists: StateLists): StateLines {
  const marked = (one: StageQueue, more = ''): string =>
    `${queueText(flow, one)} ${poolText(flow, one)}${more}${one.singleActiveConsumer ? ' single' : ''}`
  const places = new Map(lists.living.map((stage, at) => [marked(stage), at]))
  return {
    living: lists.living.map((stage) => marked(stage, ` ${stage.revision}`)),
    introducing: (lists.stages ?? []).map((stage) => {
      const at = places.get(marked(stage))
      return at === undefined ? marked(stage) : `#${at}`
    }),
    retiring: lists.retiring.map((one) => `${queueText(flow, one)} ${one.since}`),
    kept: lists.kept.map(({ revision, hash, activeUntil }) =>
      activeUntil === undefined ? `${revision} ${escaped(hash)}` : `${revision} - ${activeUntil}`,
    ),
  }
}

/** @throws {MalformedLine} naming what cannot be read */
export function listsIn(flow: string, lines: StateLines): Omit<StateLists, 'stages'> & { stages: StageQueue[] } {
  const living = lines.living.map((line): LivingStage => {
    const words = wordsOf(line, 5)
    return { ...stageOf(flow, words, words[5]), revision: numberIn(words[4]) }
  })
  const stages = lines.introducing.map((line): StageQueue => {
    if (!line.startsWith('#')) return stageIn(flow, line)
    const known = living[numberIn(line.slice(1))]
    if (known === undefined) throw new MalformedLine(`there is no living queue ${quoted(line)}`)
    const { revision: _revision, ...stage } = known
    return stage
  })
  return {
    living,
    stages,
    retiring: lines.retiring.map((line) => {
      const words = wordsOf(line, 4, 0)
      return { ...namedBy(flow, words), since: numberIn(words[3]) }
    }),
    kept: lines.kept.map(keptIn),
  }
}

function stageIn(flow: string, line: string): StageQueue {
  const words = wordsOf(line, 4)
  return stageOf(flow, words, words[4])
}

function keptIn(line: string): KeptRevision {
  const [revision, hash = '', until] = wordsOf(line, 2)
  return {
    revision: numberIn(revision),
    hash: hash === '-' ? '' : plain(hash),
    ...(until !== undefined && { activeUntil: numberIn(until) }),
  }
}

/** Step, hash and number; what is no name of a queue of this flow stands there as it is. */
function queueText(flow: string, { queue, step }: Named): string {
  const identity = parseQueueName(queue)
  const isUsual =
    identity?.flowUid === flow && identity.step === step && queueName({ ...identity, flowUid: flow, step }) === queue
  return `${escaped(step)} ${isUsual ? `${identity.hash} ${identity.revision}` : `=${escaped(queue)} 0`}`
}

/** A step with pods of its own has the flow's uid in its pool. */
function poolText(flow: string, { pool }: StageQueue): string {
  return flow === '' ? escaped(pool) : pool.split(flow).map(inWord).join('~') || '%'
}

function namedBy(flow: string, [step = '', hash = '', introduced = '']: readonly string[]): Named {
  const own = plain(step)
  const queue = hash.startsWith('=')
    ? plain(hash.slice(1))
    : queueName({ flowUid: flow, step: own, hash, revision: numberIn(introduced) })
  return { queue, step: own }
}

function stageOf(flow: string, words: readonly string[], mark: string | undefined): StageQueue {
  if (mark !== undefined && mark !== 'single') throw new MalformedLine(`${quoted(mark)} is not \`single\``)
  const [, , , pool = ''] = words
  return {
    ...namedBy(flow, words),
    pool: pool === '%' ? '' : pool.split('~').map(plain).join(flow),
    singleActiveConsumer: mark === 'single',
  }
}

function wordsOf(line: string, least: number, more = 1): readonly string[] {
  const words = line.split(' ')
  if (words.length < least || words.length > least + more || words.includes(''))
    throw new MalformedLine(`${quoted(line)} is not made of ${least} words`)
  return words
}

function numberIn(word = ''): number {
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(word)) throw new MalformedLine(`${quoted(word)} is no number`)
  return Number(word)
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}

/** Nothing in it can be taken for a space, a mark or the end of a word. */
function inWord(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_./:+-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function escaped(text: string): string {
  // A hash that is left out is `-`.
  if (text === '-') return '%002d'
  return inWord(text) || '%'
}

function plain(word: string): string {
  if (word === '%') return ''
  return word.replaceAll(/%([0-9a-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)))
}
