import { isScalar, visit, type Document, type YAMLError } from 'yaml'
import type { YamlMistake } from './yaml-document.ts'

/** The library's error or warning in words that say what to do, at the place where it begins. */
export function yamlMistake(error: YAMLError, document: Document.Parsed, text: string): YamlMistake {
  const end = Math.min(error.pos[0], text.length)
  const at = isOpenQuote(error) ? startOfScalar(document, end) : end
  if (error.code === 'RESOURCE_EXHAUSTION')
    return { code: 'TooDeep', message: 'values are nested too deeply to be read: flatten them', at, path: [] }
  return { code: 'YamlSyntax', message: inWords(error, lineAt(text, at)), at, path: [] }
}

const byCode: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: 'a "*" or "&" in front of a text makes it an alias or an anchor: put quotes around the text',
  BAD_INDENT: 'the indentation does not fit the lines above: make entries of one list or map start at the same column',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second key on this line: a value that holds ": " needs quotes around it',
  BLOCK_IN_FLOW: 'there is a ": " too much within these brackets: a value that holds one needs quotes around it',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters: is a quote missing?',
  MULTILINE_IMPLICIT_KEY: 'the text above runs on into this key: mind the quotes and the indentation',
  TAB_AS_INDENT: 'a tab stands in the indentation: use spaces',
}

const byMessage: readonly (readonly [RegExp, string])[] = [
  [/Missing closing .quote/, 'the quote that opens here is never closed'],
  [/Missing , (or : )?between/, 'a comma is missing within these brackets, or a value needs quotes around it'],
  [/end with a [}\]]|Expected flow .* to end/, 'a bracket that opens above is not closed before here'],
  [/followed by map values/, 'a key stands here without ": " and a value'],
  [/at node end/, 'there is more text behind the value: put quotes around all of it'],
  [
    /Unresolved tag|tag .* used for|at most one tag/,
    'a "!" in front of a text makes it a tag: put quotes around the text',
  ],
  [
    /Invalid escape sequence/,
    'there is no such escape within double quotes: write the "\\" twice, or use single quotes',
  ],
  [/Plain value cannot start/, 'a text cannot start with this character: put quotes around it'],
  [/Sequence item without/, 'this line fits neither the list above nor its last entry: mind the indentation'],
  [/Unexpected , in|Unexpected empty item/, 'there is a comma too much within these brackets'],
  [/Block scalar header includes extra/, 'the text of a "|" or ">" block starts on the next line'],
]

function inWords(error: YAMLError, { before, rest }: Line): string {
  // A key that begins in the value of the line before, since its own line is indented too far.
  const isRunOn = error.code === 'BLOCK_AS_IMPLICIT_KEY' && !/:(\s|$)/.test(rest)
  const runsOn = isRunOn ? 'the next line is indented too far: its key is read as part of this value' : undefined
  const known = byMessage.find(([pattern]) => pattern.test(error.message))?.[1] ?? byCode[error.code]
  const said = runsOn ?? known ?? `this is no YAML: ${firstLine(error.message)}`
  const field = expressionField(before)
  return field === undefined ? said : `${said}; quote this expression: ${field}: '…'`
}

const expressionFields = 'when|map|filter|transform|transformMetadata|split|log|until|body|status|key'.split('|')

/** The field whose value the line is in, if that takes an expression. */
function expressionField(before: string): string | undefined {
  const keys = [...before.matchAll(/(?:^|[-{,])\s*([A-Za-z]\w*)\s*:(?=\s)/g)]
  const last = keys.at(-1)?.[1]
  return last !== undefined && expressionFields.includes(last) ? last : undefined
}

function isOpenQuote(error: YAMLError): boolean {
  return error.code === 'MISSING_CHAR' && error.message.startsWith('Missing closing')
}

/** Of a text without an end the library tells where it gave up; its start is what helps. */
function startOfScalar(document: Document.Parsed, end: number): number {
  let start = end
  visit(document, {
    Scalar: (_key, node) => {
      const [from = end, to = from] = node.range ?? []
      if (isScalar(node) && from < end && to >= end) start = from
    },
  })
  return start
}

/** The line around a place, each part at most 1,000 characters. */
interface Line {
  readonly before: string
  readonly rest: string
}

function lineAt(text: string, at: number): Line {
  const start = text.lastIndexOf('\n', at - 1) + 1
  const end = text.indexOf('\n', at)
  const until = end === -1 ? text.length : end
  return { before: text.slice(Math.max(start, at - 1000), at), rest: text.slice(at, Math.min(until, at + 1000)) }
}

function firstLine(message: string): string {
  const [line = ''] = message.split('\n')
  const short = line.slice(0, 120)
  return short.charAt(0).toLowerCase() + short.slice(1)
}
