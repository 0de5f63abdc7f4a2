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

/** Where the values of a text's documents stand. */
interface YamlPositions {
  /** Of the document with this number, from 0. */
  readonly of: (document: number) => Manifest['positionOf']
  /** Lets the tree go; whoever asks afterwards pays for reading the text again. */
  readonly forgetTree: () => void
}

/**
 * Manifests live as long as their flows and are seldom asked where something stands, and a thousand trees that are alive at
 * once cost more time than reading them. So only the text is kept.
 */
export function yamlPositions(read: YamlText): YamlPositions {
  const { text } = read
  let tree: YamlText | undefined = read
  let again: WeakRef<YamlText> | undefined
  const reread = (): YamlText => {
    const fresh = yamlText(text)
    // Alive at least until this turn of the event loop ends, which is when most questions come.
    again = new WeakRef(fresh)
    return fresh
  }
  return {
    of: (at) => (path, options) => {
      const { documents, lines } = tree ?? again?.deref() ?? reread()
      const document = documents[at]
      if (document === undefined) return { line: 1, column: 1 }
      return positionAt(lines, pathOffset(document, path, { text, ...options }) ?? document.range[0])
    },
    forgetTree: () => {
      tree = undefined
    },
  }
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
