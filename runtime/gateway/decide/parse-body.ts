import { isAscii } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { parseQuery } from './request-target.ts'

export type ParsedBody =
  /** Undefined: there is none. */
  | { readonly kind: 'body'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'unsupported'; readonly message: string }

/** Beyond this nesting whoever walks through the value runs out of stack. */
export const deepestJson = 200

/**
 * A body by its content type: JSON as its value, a form as an object, text as a string, and whatever else as
 * `{contentType, base64}`.
 */
export function parseBody(contentType: string | undefined, bytes: Buffer): ParsedBody {
  if (bytes.length === 0) return { kind: 'body', value: undefined }
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const reader = readerOf(type)
  if (reader === undefined) {
    return {
      kind: 'body',
      value: { contentType: contentType ?? 'application/octet-stream', base64: bytes.toString('base64') },
    }
  }
  const text = decodeText(bytes, charsetOf(parameters))
  return text.kind === 'body' ? reader(text.value) : text
}

type Text = { readonly kind: 'body'; readonly value: string } | Exclude<ParsedBody, { readonly kind: 'body' }>

function readerOf(type: string): ((text: string) => ParsedBody) | undefined {
  if (type === 'application/json' || type.endsWith('+json')) return parseJson
  if (type === 'application/x-www-form-urlencoded') return (text) => ({ kind: 'body', value: parseQuery(text) })
  const isText = type.startsWith('text/') || type === 'application/xml' || type.endsWith('+xml')
  return isText ? (text) => ({ kind: 'body', value: text }) : undefined
}

function charsetOf(parameters: readonly string[]): string {
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  return charset?.replace(/^"(.*)"$/, '$1') || 'utf-8'
}

function decodeText(bytes: Buffer, charset: string): Text {
  if (charset === 'utf-8' && isAscii(bytes)) return { kind: 'body', value: bytes.toString('latin1') }
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(charset, { fatal: true })
  } catch {
    return { kind: 'unsupported', message: `the charset "${charset.slice(0, 40)}" is not known` }
  }
  try {
    return { kind: 'body', value: decoder.decode(bytes) }
  } catch {
    return { kind: 'invalid', message: `the body is not ${charset}` }
  }
}

function parseJson(text: string): ParsedBody {
  if (isDeeperThan(text, deepestJson))
    return { kind: 'invalid', message: `the body is nested deeper than ${deepestJson}` }
  try {
    return { kind: 'body', value: JSON.parse(text) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'invalid', message: `the body is not JSON: ${reason}` }
  }
}

const [quote, backslash] = [34, 92]
const opening = new Set([91, 123])
const closing = new Set([93, 125])

function isDeeperThan(text: string, limit: number): boolean {
  if (!hasMoreThan(text, limit)) return false
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (closing.has(code)) depth -= 1
    else if (opening.has(code) && ++depth > limit) return true
  }
  return false
}

/** Whether there are enough brackets at all, in strings or not; much faster than to look at each character. */
function hasMoreThan(text: string, limit: number): boolean {
  let count = 0
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at !== -1 && count <= limit; at = text.indexOf(bracket, at + 1)) count += 1
  }
  return count > limit
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return at
}
