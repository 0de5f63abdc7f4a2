import { isScalar, type Document } from 'yaml'
import { severityOf, type FindingCode } from '../finding/codes.ts'
import { formatPath, type Finding, type Path } from '../finding/finding.ts'
import type { Manifest, SourceText } from './manifest.ts'
import { plainValue } from './plain-value.ts'
import { yamlMistake } from './yaml-mistake.ts'
import { positionAt, yamlPositions, yamlText, type YamlText } from './yaml-text.ts'

/** One document of a file, as plain data, with the way back to its lines. */
export interface YamlDocument {
  readonly file: string
  /** What could be read of it, where there are mistakes. */
  readonly value: unknown
  /** No valid YAML: the value is good for nothing but a guess at who it is. */
  readonly isTorn: boolean
  readonly mistakes: readonly Finding[]
  /** Characters of the file that it takes. */
  readonly size: number
  readonly positionOf: Manifest['positionOf']
}

/** A file's documents, the empty ones left out; or what keeps the file from being read. */
type YamlFile =
  | {
      readonly kind: 'documents'
      readonly documents: readonly YamlDocument[]
      /** To be called when the file has been judged: positions take longer afterwards, and memory is free. */
      readonly forgetTree: () => void
    }
  | { readonly kind: 'unreadable'; readonly finding: Finding }

/** Something that is wrong with the YAML itself. */
export interface YamlMistake {
  readonly code: FindingCode
  readonly message: string
  /** Characters into the file. */
  readonly at: number
  readonly path: Path
}

const maxCharacters = 5_000_000
const maxDocuments = 10_000

/** Reads YAML or JSON, one or several documents; never throws. */
export function yamlFile(source: SourceText): YamlFile {
  const unreadable = whyUnreadable(source)
  if (unreadable !== undefined) return unreadable
  const read = yamlText(source.text)
  const { of: positionsOf, forgetTree } = yamlPositions(read)
  const found = read.documents.flatMap((document, at) => {
    const content = contentOf(document, read, source.file)
    return content === undefined ? [] : [{ file: source.file, ...content, positionOf: positionsOf(at) }]
  })
  if (found.length > 0) return { kind: 'documents', documents: found, forgetTree }
  return refused(source, 'EmptyFile', 'the file holds no document: write a manifest into it, or leave it out')
}

function whyUnreadable(source: SourceText): YamlFile | undefined {
  const { text } = source
  if (isBinary(text)) return refused(source, 'BinaryFile', 'the file is not text: give YAML or JSON in UTF-8')
  if (text.length > maxCharacters) {
    const size = (text.length / 1_000_000).toFixed(1)
    return refused(source, 'FileTooLarge', `the file has ${size} MB, and 5 MB is the most: split it`)
  }
  if (countOf(text, '\n---') >= maxDocuments)
    return refused(source, 'FileTooLarge', `the file has more than ${maxDocuments} documents: split it`)
  return undefined
}

function refused({ file }: SourceText, code: FindingCode, message: string): YamlFile {
  return {
    kind: 'unreadable',
    finding: { code, severity: severityOf(code, false), message, file, line: 1, column: 1, path: '' },
  }
}

/** What no text has: a zero byte, or, near the start, many bytes that are no UTF-8. */
function isBinary(text: string): boolean {
  if (text.includes('\0')) return true
  const start = text.slice(0, 4096)
  return countOf(start, '\uFFFD') * 20 > start.length
}

function countOf(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) count += 1
  return count
}

function contentOf(
  document: Document.Parsed,
  { text, lines }: YamlText,
  file: string,
): Omit<YamlDocument, 'file' | 'positionOf'> | undefined {
  const [error] = document.errors
  if (error === undefined && isEmpty(document)) return undefined
  const { value, mistakes } = plainValue(document.contents)
  const [tag] = document.warnings
  const tags = tag === undefined ? [] : [yamlMistake(tag, document, text)]
  // What follows a syntax error is guesswork: one mistake, one finding.
  const found = error === undefined ? [...tags, ...mistakes] : [yamlMistake(error, document, text)]
  return {
    value,
    isTorn: error !== undefined,
    mistakes: found.map(({ code, message, at, path }) => ({
      code,
      severity: severityOf(code, false),
      message,
      file,
      ...positionAt(lines, at),
      path: formatPath(path),
    })),
    size: document.range[1] - document.range[0],
  }
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === null)
}
