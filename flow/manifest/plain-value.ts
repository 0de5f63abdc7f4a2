import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Alias,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { Path } from '../finding/finding.ts'
import { quoted } from '../finding/suggest.ts'
import type { YamlMistake } from './yaml-document.ts'

/** A document's data, and what is wrong in it although YAML allows it: duplicate keys, aliases that explode, depth. */
interface PlainValue {
  readonly value: unknown
  /** At most a hundred. */
  readonly mistakes: readonly YamlMistake[]
}

interface Reading {
  readonly mistakes: YamlMistake[]
  readonly anchors: Map<string, Anchored>
  /** Values so far, those behind aliases counted each time. */
  values: number
  aliased: number
}

interface Anchored {
  readonly value: unknown
  /** How many values it stands for; undefined while it is still being read. */
  readonly values?: number
}

const maxDepth = 100
const maxAliased = 10_000
const maxMistakes = 100

/** The same as the library's `toJS`, in one pass that is linear whatever the document does. */
export function plainValue(root: Node | null): PlainValue {
  const reading: Reading = { mistakes: [], anchors: new Map(), values: 0, aliased: 0 }
  return { value: read(root, [], reading), mistakes: reading.mistakes }
}

function read(node: unknown, path: Path, reading: Reading): unknown {
  const before = reading.values
  reading.values += 1
  if (isScalar(node)) {
    if (isOldBoolean(node)) complainOfBoolean(reading, node, path)
    return remember(node, node.value, before, reading)
  }
  if (isAlias(node)) return readAlias(node, path, reading)
  if (!isMap(node) && !isSeq(node)) return null
  if (path.length > maxDepth) {
    complain(reading, node, {
      code: 'TooDeep',
      path: path,
      message: `values are nested more than ${maxDepth} levels deep: flatten them`,
    })
    return null
  }
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, { value: null })
  const value = isMap(node)
    ? readMap(node, path, reading)
    : node.items.map((item, at) => read(item, [...path, at], reading))
  return remember(node, value, before, reading)
}

const oldBooleans = /^(y|n|yes|no|on|off)$/i

/** A word that YAML 1.1 took for a boolean. */
function isOldBoolean({ value, type }: Scalar): boolean {
  return type === 'PLAIN' && typeof value === 'string' && value.length <= 3 && oldBooleans.test(value)
}

function complainOfBoolean(reading: Reading, node: Scalar, path: Path): void {
  const message = `kubectl reads ${String(node.value)} as a boolean, and a text is meant: put quotes around it`
  complain(reading, node, { code: 'YamlBoolean', path, message })
}

function remember(node: { anchor?: string | undefined }, value: unknown, before: number, reading: Reading): unknown {
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, { value, values: reading.values - before })
  return value
}

function readAlias(alias: Alias, path: Path, reading: Reading): unknown {
  const target = reading.anchors.get(alias.source)
  const name = quoted(`*${alias.source}`)
  if (target === undefined) {
    const message = `${name} is read as an alias, and nothing has that name: if it is a text, put quotes around it`
    complain(reading, alias, { code: 'YamlSyntax', path: path, message })
    return null
  }
  if (target.values === undefined) {
    const message = `the alias ${name} stands inside the value that it stands for: write that value out`
    complain(reading, alias, { code: 'AliasesExplode', path: path, message })
    return null
  }
  const wasTooMuch = reading.aliased > maxAliased
  reading.values += target.values
  reading.aliased += target.values
  if (reading.aliased <= maxAliased) return target.value
  const message = `up to here aliases stand for more than ${maxAliased} values: write them out, or alias smaller parts`
  if (!wasTooMuch) complain(reading, alias, { code: 'AliasesExplode', path: path, message })
  return null
}

function readMap(map: YAMLMap, path: Path, reading: Reading): Readonly<Record<string, unknown>> {
  const value: Record<string, unknown> = {}
  const merged: unknown[] = []
  for (const pair of map.items) {
    const key = keyOf(pair, path, reading)
    if (key === undefined) continue
    const inner = [...path, key]
    if (isScalar(pair.key) && isOldBoolean(pair.key)) complainOfBoolean(reading, pair.key, inner)
    if (isMerge(pair)) {
      merged.push(read(pair.value, inner, reading))
      continue
    }
    if (Object.hasOwn(value, key)) {
      const message = `the key ${quoted(key)} stands twice in this map: keep one of the two`
      complain(reading, pair.key, { code: 'DuplicateKey', path: inner, message })
    }
    define(value, key, read(pair.value, inner, reading))
  }
  for (const base of merged.flat()) addMissing(value, base)
  return value
}

function keyOf(pair: Pair, path: Path, reading: Reading): string | undefined {
  const { key } = pair
  if (isScalar(key)) return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
  const message = 'a key must be a text; "{{ … }}" of a template must be rendered first, or stand in quotes'
  complain(reading, key, { code: 'YamlSyntax', path: path, message })
  return undefined
}

/** `<<: *base`, as kubectl reads it. */
function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN'
}

function addMissing(value: Record<string, unknown>, base: unknown): void {
  if (typeof base !== 'object' || base === null) return
  for (const [key, inherited] of Object.entries(base)) if (!Object.hasOwn(value, key)) define(value, key, inherited)
}

function define(value: Record<string, unknown>, key: string, entry: unknown): void {
  // Assigning would set the prototype.
  if (key === '__proto__')
    Object.defineProperty(value, key, { value: entry, enumerable: true, writable: true, configurable: true })
  else value[key] = entry
}

function complain(reading: Reading, node: unknown, mistake: Omit<YamlMistake, 'at'>): void {
  const at = isNode(node) ? (node.range?.[0] ?? 0) : 0
  if (reading.mistakes.length < maxMistakes) reading.mistakes.push({ ...mistake, at })
}
