import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Node } from 'yaml'
import type { Path } from '../finding/finding.ts'
import { offsetInScalar } from './scalar-offset.ts'

interface PathOffsetOptions {
  /** The file's text. */
  readonly text: string
  readonly key?: boolean
  /** Characters into the text value at the path. */
  readonly offset?: number
}

/** How many characters into the file the value at the path stands, or its nearest ancestor that is written there. */
export function pathOffset(document: Document.Parsed, path: Path, options: PathOffsetOptions): number | undefined {
  let entry: Entry = { value: document.contents }
  let found = offsetOf(entry, false)
  for (const [at, part] of path.entries()) {
    const inner = entryOf(resolved(entry.value, document), part)
    if (inner === undefined) return found
    entry = inner
    found = offsetOf(entry, options.key === true && at === path.length - 1) ?? found
  }
  const { offset, text } = options
  return offset !== undefined && isScalar(entry.value) ? offsetInScalar(entry.value, text, offset) : found
}

/** A value and where its key stands. */
interface Entry {
  readonly value: Node | null
  readonly keyAt?: number | undefined
}

function offsetOf({ value, keyAt }: Entry, wantsKey: boolean): number | undefined {
  // An empty value ("to:") has no place of its own to speak of.
  const valueAt = isEmptyScalar(value) ? undefined : value?.range?.[0]
  return wantsKey ? (keyAt ?? valueAt) : (valueAt ?? keyAt)
}

function resolved(node: Node | null, document: Document.Parsed): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}

function entryOf(node: Node | null, part: string | number): Entry | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part]
    return isNode(item) ? { value: item } : undefined
  }
  if (!isMap(node)) return undefined
  // Of a key that stands twice the last one counts.
  const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(part))
  if (pair === undefined) return undefined
  const keyAt = isNode(pair.key) ? pair.key.range?.[0] : undefined
  return { value: isNode(pair.value) ? pair.value : null, keyAt }
}

function isEmptyScalar(node: Node | null): boolean {
  return isScalar(node) && node.value === null && node.source === ''
}
