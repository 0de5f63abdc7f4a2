/**
 * Characters into the text at which it stops being JSON, 0-based; the length where it ends too early.
 * JSON.parse tells that of some errors only, and in words that change with V8.
 */
export function jsonErrorOffset(text: string): number {
  const open: string[] = []
  let expected: Expected = 'value'
  let offset = skipSpace(text, 0)
  while (offset < text.length) {
    token.lastIndex = offset
    const found = token.exec(text)?.[0]
    const next: Expected | undefined = found === undefined ? undefined : after[expected](found, open)
    if (found === undefined || next === undefined) return offset
    expected = next
    offset = skipSpace(text, offset + found.length)
  }
  return text.length
}

type Expected = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd' | 'nothing'

const string = String.raw`"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"`
const token = new RegExp(
  String.raw`[{}[\],:]|${string}|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null`,
  'y',
)

function skipSpace(text: string, offset: number): number {
  const space = /[ \t\r\n]*/y
  space.lastIndex = offset
  return offset + (space.exec(text)?.[0].length ?? 0)
}

type Follow = (found: string, open: string[]) => Expected | undefined

/** What may follow the token where something is expected; undefined when it may not stand there. They keep book of what is open. */
const after: Readonly<Record<Expected, Follow>> = {
  value: afterValue,
  valueOrEnd: (found, open) => (found === ']' ? close(open) : afterValue(found, open)),
  key: afterKey,
  keyOrEnd: (found, open) => (found === '}' ? close(open) : afterKey(found)),
  colon: (found) => (found === ':' ? 'value' : undefined),
  commaOrEnd: afterMember,
  nothing: () => undefined,
}

function afterKey(found: string): Expected | undefined {
  return found.startsWith('"') ? 'colon' : undefined
}

function afterValue(found: string, open: string[]): Expected | undefined {
  if (found === '{' || found === '[') {
    open.push(found)
    return found === '{' ? 'keyOrEnd' : 'valueOrEnd'
  }
  if (/^[}\],:]/.test(found)) return undefined
  return open.length === 0 ? 'nothing' : 'commaOrEnd'
}

function afterMember(found: string, open: string[]): Expected | undefined {
  const inObject = open.at(-1) === '{'
  if (found === ',') return inObject ? 'key' : 'value'
  return found === (inObject ? '}' : ']') ? close(open) : undefined
}

function close(open: string[]): Expected {
  open.pop()
  return open.length === 0 ? 'nothing' : 'commaOrEnd'
}
