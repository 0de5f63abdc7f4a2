import type { Scalar } from 'yaml'

/**
 * Where a character of a text stands in the file. Quotes, folds and indentation only add or take white space,
 * so it is found by counting the characters that are none.
 */
export function offsetInScalar(node: Scalar, text: string, offset: number): number {
  const [start = 0, end = start] = node.range ?? []
  const value = String(node.value)
  // A place between words is the end of the word before.
  const isInk = inkOf(value.charAt(offset)) > 0
  let left = inkOf(value.slice(0, offset))
  let at = contentStart(node, text, start)
  let last = at
  while (at < end) {
    const token = tokenAt(node, text, at)
    if (token.ink > left) return isInk ? at : last
    left -= token.ink
    at += token.length
    if (token.ink > 0) last = at
  }
  return last
}

/** The first character behind the quote, or below the line that says `|` or `>`. */
function contentStart({ type }: Scalar, text: string, start: number): number {
  if (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') return start + 1
  if (type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED') return start
  const lineEnd = text.indexOf('\n', start)
  return lineEnd === -1 ? start : lineEnd + 1
}

/** One character of the value as the file writes it: how much it counts, and how long it is written. */
interface Token {
  readonly ink: number
  readonly length: number
}

const hexLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const whiteEscapes = ' \t\r\nntr_NLP0abefv'

function tokenAt({ type }: Scalar, text: string, at: number): Token {
  const char = text.charAt(at)
  if (type === 'QUOTE_SINGLE' && char === "'") return quoteToken(text, at)
  if (type !== 'QUOTE_DOUBLE') return { ink: inkOf(char), length: 1 }
  if (char === '\\') return escapeToken(text, at)
  // The closing quote is none of the value's characters.
  return { ink: char === '"' ? 0 : inkOf(char), length: 1 }
}

function quoteToken(text: string, at: number): Token {
  return text.startsWith("''", at) ? { ink: 1, length: 2 } : { ink: 0, length: 1 }
}

function escapeToken(text: string, at: number): Token {
  const escaped = text.charAt(at + 1)
  const hexLength = hexLengths[escaped]
  if (hexLength === undefined) return { ink: whiteEscapes.includes(escaped) ? 0 : 1, length: 2 }
  const code = Number.parseInt(text.slice(at + 2, at + 2 + hexLength), 16)
  return { ink: inkOf(String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd)), length: 2 + hexLength }
}

const whiteCharacters = '\u007f\u0085\u00a0\u2028\u2029'

/** How many characters are neither white space nor control characters. */
function inkOf(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char > ' ' && !whiteCharacters.includes(char)) count += 1
  }
  return count
}
