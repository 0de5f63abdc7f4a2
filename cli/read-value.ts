import type { Json, JsonObject } from '../crds/v1alpha1/meta.ts'
import { jsonErrorOffset } from '../flow/component/json-error-offset.ts'
import { fileProblem } from '../local/file-problem.ts'
import { mostTextBytes, readFileText } from '../local/read-text.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** An option that takes JSON as it stands, `@FILE` (JSON or YAML), or `@-` for standard input. */
export interface JsonOption {
  /** As in `--data`, for messages. */
  readonly option: string
  readonly text: string
  /** How a file is given, where that is more than `@FILE`. */
  readonly fileForm?: string
}

/**
 * What a message says of the value is where it is wrong, and nothing of what it holds: it may be a credential.
 *
 * @throws {UsageError} when it cannot be read or parsed
 */
export async function readJsonOption(given: JsonOption, terminal: Pick<Terminal, 'stdin'>): Promise<Json> {
  const { option, text } = given
  if (!text.startsWith('@')) return parseArgument(given)
  const file = text.slice(1)
  if (file === '') throw new UsageError(`${option}: give a file behind the @, as @message.json`)
  return parseFile(`${option}: ${file}`, file === '-' ? await terminal.stdin() : await readOptionFile(option, file))
}

/** @throws {UsageError} when it is no JSON object */
export async function readObjectOption(option: JsonOption, terminal: Pick<Terminal, 'stdin'>): Promise<JsonObject> {
  const value = await readJsonOption(option, terminal)
  if (isObject(value)) return value
  throw new UsageError(`${option.option} must be an object, as '{"key": "value"}', and is ${kindOf(value)}`)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'null' : `a ${typeof value}`
}

function parseArgument({ option, text, fileForm = '@FILE' }: JsonOption): Json {
  try {
    return writable(option, JSON.parse(text) as Json)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${option} is not valid JSON: ${placeOf(text)}. To read it from a file write ${fileForm}`)
  }
}

function placeOf(text: string): string {
  if (text.trim() === '') return 'it is empty'
  const offset = jsonErrorOffset(text)
  if (offset >= text.length) return 'it ends too early'
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  const isBare = /^[\p{L}_]/u.test(text.slice(offset))
  const hint = isBare ? ' (a text needs double quotes)' : ''
  return `see line ${line}, column ${column}${hint}`
}

async function parseFile(name: string, text: string): Promise<Json> {
  try {
    return writable(name, JSON.parse(text) as Json)
  } catch (error) {
    if (error instanceof UsageError) throw error
    return parseYaml(name, text)
  }
}

async function parseYaml(name: string, text: string): Promise<Json> {
  // Loaded when it is needed: most options are JSON.
  const { LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' })
  const [mistake] = document.errors
  if (mistake !== undefined) {
    const { line, col } = lineCounter.linePos(mistake.pos[0])
    throw new UsageError(`${name} is neither JSON nor YAML: see line ${line}, column ${col}`)
  }
  if (document.contents === null) throw new UsageError(`${name} is empty`)
  try {
    return writable(name, document.toJS({ maxAliasCount: 100 }) as Json)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${name}: its aliases stand for too much; write the values out`)
  }
}

/** A value that can be parsed and not be written is nested too deeply for anybody. */
function writable(name: string, value: Json): Json {
  try {
    JSON.stringify(value)
    return value
  } catch {
    throw new UsageError(`${name} is nested too deeply`)
  }
}

async function readOptionFile(option: string, file: string): Promise<string> {
  const text = await readFileText(file).catch((cause: unknown) => {
    throw new UsageError(`${option}: ${file}: ${fileProblem(cause)}`, { cause })
  })
  if (text !== undefined) return text
  throw new UsageError(`${option}: ${file} has more than ${mostTextBytes / 1024 / 1024} MB, and no more is read`)
}
