import type { Group, SyntaxNode } from '../parse/syntax-tree.ts'
import { isBare } from '../parse/syntax-tree.ts'
import { spendElements, spendSteps } from './budget.ts'
import { failed, shown } from './fault.ts'
import type { Evaluator, Frame } from './frame.ts'
import { tupleFrame } from './stage.ts'
import { append } from './step-name.ts'
import type { Fields, List } from './value.ts'
import { isFields, isList, setMember } from './value.ts'

type Compile = (node: SyntaxNode) => Evaluator

/** `{key: value}`: an object with a member for each key that the elements give; elements of one key share one member. */
export function grouper(group: Group, compile: Compile): Evaluator {
  const pairs = group.lhs.map(([key, value]) => ({ key: compile(key), value: compile(value) }))
  const general = generalGrouper(group, pairs)
  const members = plainMembers(group, pairs)
  return members === undefined ? general : directObject(members, general)
}

interface PlainMember {
  readonly name: string
  readonly value: Evaluator
}

/** Where each member's name is written, and no two are the same, nothing has to be gathered by name. */
function plainMembers({ lhs }: Group, pairs: readonly CompiledPair[]): readonly PlainMember[] | undefined {
  const members = pairs.flatMap(({ value }, at) => {
    const key = lhs[at]?.[0]
    const name = key?.type === 'string' && isBare(key) ? key.value : undefined
    return typeof name === 'string' && !isReserved(name) ? [{ name, value }] : []
  })
  const names = new Set(members.map(({ name }) => name))
  return names.size === lhs.length ? members : undefined
}

/** Of one element; several are left to the general way. */
function directObject(members: readonly PlainMember[], general: Evaluator): Evaluator {
  return (input, frame) => {
    if (isList(input)) return general(input, frame)
    const { budget } = frame.evaluation
    const result: Fields = {}
    for (const { name, value: evaluate } of members) {
      spendSteps(budget)
      spendElements(budget, 4)
      const value = evaluate(input, frame)
      if (value !== undefined) setMember(result, name, value)
    }
    return result
  }
}

function generalGrouper(group: Group, pairs: readonly CompiledPair[]): Evaluator {
  return (input, frame) => {
    const isTuples = isList(input) && input.tupleStream === true
    const result: Fields = {}
    for (const [key, { data, at }] of grouped(pairs, { input, isTuples, group, frame })) {
      spendElements(frame.evaluation.budget, 4)
      const value = isTuples ? reducedValue(data, pairs[at]?.value, frame) : pairs[at]?.value(data, frame)
      if (value !== undefined) setMember(result, key, value)
    }
    return result
  }
}

interface CompiledPair {
  readonly key: Evaluator
  readonly value: Evaluator
}

interface Grouping {
  readonly input: unknown
  readonly isTuples: boolean
  readonly group: Group
  readonly frame: Frame
}

function grouped(
  pairs: readonly CompiledPair[],
  { input, isTuples, group, frame }: Grouping,
): ReadonlyMap<string, Grouped> {
  const groups = new Map<string, Grouped>()
  for (const item of itemsOf(input, isTuples)) {
    const context = isTuples && isFields(item) ? item['@'] : item
    const around = isTuples ? tupleFrame(frame, item) : frame
    for (const [at, pair] of pairs.entries()) {
      spendSteps(frame.evaluation.budget)
      const key = pair.key(context, around)
      if (key !== undefined) addTo(groups, { key: checkedKey(key, group), item, at, frame, group })
    }
  }
  return groups
}

interface Grouped {
  data: unknown
  /** Which key and value pair of the constructor it comes from. */
  readonly at: number
  isOwnList: boolean
}

interface Addition {
  readonly key: string
  readonly item: unknown
  readonly at: number
  readonly frame: Frame
  readonly group: Group
}

/** An object is made once even of nothing, so that a literal one is. */
function itemsOf(input: unknown, isTuples: boolean): readonly unknown[] {
  if (!isList(input)) return [input]
  return input.length === 0 && !isTuples ? [undefined] : input
}

function checkedKey(key: unknown, { position }: Group): string {
  if (typeof key !== 'string') throw failed(`a member's name must be a text, not ${shown(key)}`, position)
  if (!isReserved(key)) return key
  throw failed(`a member cannot be named ${key}; JSONata keeps that name for itself`, position)
}

function isReserved(name: string): boolean {
  return name === '_jsonata_lambda' || name === '_jsonata_function'
}

function addTo(groups: Map<string, Grouped>, { key, item, at, frame, group }: Addition): void {
  const known = groups.get(key)
  if (known === undefined) {
    groups.set(key, { data: item, at, isOwnList: false })
    return
  }
  if (known.at !== at) throw failed(`two members of the object are named ${shown(key)}`, group.position)
  const { budget } = frame.evaluation
  if (!known.isOwnList) {
    const list: List = []
    append(budget, list, known.data)
    known.data = list
    known.isOwnList = true
  }
  append(budget, known.data as List, item) // made a list above
}

/** The tuples of one group become one, each of its bindings a list of theirs. */
function reducedValue(data: unknown, value: Evaluator | undefined, frame: Frame): unknown {
  const tuple = isList(data) ? reduced(data, frame) : data
  if (!isFields(tuple)) return undefined
  const { '@': context, ...bindings } = tuple
  return value?.(context, tupleFrame(frame, bindings))
}

function reduced(tuples: List, frame: Frame): Fields {
  const { budget } = frame.evaluation
  const lists = new Map<string, List>()
  for (const [name, value] of tuples.flatMap((tuple) => (isFields(tuple) ? Object.entries(tuple) : []))) {
    const list = lists.get(name) ?? []
    lists.set(name, list)
    append(budget, list, value)
  }
  return Object.fromEntries(lists)
}
