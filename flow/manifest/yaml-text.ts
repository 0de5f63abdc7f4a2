import { LineCounter, parseAllDocuments, type Document } from 'yaml'
import type { Manifest, Position } from './manifest.ts'
import { pathOffset } from './path-offset.ts'

/** A text as the yaml library reads it: a tree of nodes that knows its lines, many times as large as the text. */
export interface YamlText {
  readonly text: string
  readonly documents: readonly Document.Parsed[]
  readonly lines: LineCounter
}

export function yamlText(text: string): YamlText {
  const lines = new LineCounter()
  // The library compares every key of a map with every other; plainValue finds duplicates in one pass.
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  return { text, documents: 'empty' in documents ? [] : documents, lines }
}

/**
 * Where the values of a text's documents stand, each by its number. Manifests live as long as their flows and are seldom
 * asked, so that only the text is kept: the tree goes when memory is wanted, and is made again when it is missed.
 */
export function positionsIn(read: YamlText): (document: number) => Manifest['positionOf'] {
  const { text } = read
  return positionsAgain(text, new WeakRef(read))
}

// Apart, so that nothing here closes over the tree.
function positionsAgain(text: string, first: WeakRef<YamlText>): (document: number) => Manifest['positionOf'] {
  let kept = first
  const reread = (): YamlText => {
    const read = yamlText(text)
    kept = new WeakRef(read)
    return read
  }
  return (at) => (path, options) => {
    const { documents, lines } = kept.deref() ?? reread()
    const document = documents[at]
    if (document === undefined) return { line: 1, column: 1 }
    return positionAt(lines, pathOffset(document, path, { text, ...options }) ?? document.range[0])
  }
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
