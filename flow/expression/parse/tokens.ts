/** A piece of an expression's source as JSONata's own tokenizer cuts it, and where it stands. */
export interface Token {
  /** `open` begins something that does not end: a text, a name in backticks, a comment or a regular expression. */
  readonly kind: 'text' | 'name' | 'number' | 'variable' | 'regex' | 'operator' | 'open'
  readonly text: string
  /** Characters into the source, 0-based. */
  readonly start: number
  readonly end: number
}

const space = /(?:[ \t\n\r\v]|\/\*[^]*?\*\/)*/y
const closedText = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/y
const tickedName = /`[^`]*`/y
const operator = /\.\.|:=|!=|>=|<=|\*\*|~>|\?:|\?\?|[.[\]{}(),@#;:?+\-*/%|=<>^&!~]/y
const number = /(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][-+]?\d+)?/y
const word = /[^ \t\n\r\v.[\]{}(),@#;:?+\-*/%|=<>^&!~]+/y

/** The tokens up to the end, or to the first that does not end. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  const place: Place = { isBehindOperand: false, open: [], isBehindParameters: false, isInTypes: false }
  for (let at = lengthOf(space, source, 0); at < source.length;) {
    const token = tokenAt(source, at, place.isBehindOperand && !place.isInTypes)
    move(place, token, tokens.at(-1))
    tokens.push(token)
    if (token.kind === 'open') break
    at = token.end + lengthOf(space, source, token.end)
  }
  return tokens
}

/** Where in the grammar the next token stands: a slash behind an operand divides, anywhere else a regular expression begins. */
interface Place {
  isBehindOperand: boolean
  /** Brackets and transforms that are not closed yet: `function(` with its parameters, `|1` and `|2` before and in the update. */
  readonly open: string[]
  isBehindParameters: boolean
  isInTypes: boolean
}

function move(place: Place, { kind, text }: Token, before: Token | undefined): void {
  if (place.isInTypes) {
    place.isInTypes = text !== '{'
    place.isBehindOperand = false
    return
  }
  place.isInTypes = place.isBehindParameters && text === '<'
  place.isBehindParameters = false
  place.isBehindOperand = kind === 'operator' ? passesOperator(place, text, before) : true
}

/** Whether an operand ends with the operator. */
function passesOperator(place: Place, text: string, before: Token | undefined): boolean {
  switch (text) {
    case '|':
      return passesBar(place)
    case '(':
    case '[':
    case '{':
      place.open.push(text === '(' && isFunctionWord(before) ? 'function(' : text)
      return false
    case ')':
    case ']':
    case '}':
      place.isBehindParameters = place.open.pop() === 'function('
      return true
    default:
      return isOperandItself(place, text, before)
  }
}

function isFunctionWord(token: Token | undefined): boolean {
  return token?.text === 'function' || token?.text === 'λ'
}

/** `*`, `**` and `%` where an operand is due, and the `?` of an argument that is left open. */
function isOperandItself({ isBehindOperand }: Place, text: string, before: Token | undefined): boolean {
  if (text === '?') return before?.text === '(' || before?.text === ','
  return !isBehindOperand && ['*', '**', '%'].includes(text)
}

function passesBar({ open, isBehindOperand }: Place): boolean {
  if (!isBehindOperand) open.push('|1')
  else if (open.at(-1) === '|1') open[open.length - 1] = '|2'
  else if (open.at(-1) === '|2') {
    open.pop()
    return true
  }
  return false
}

function tokenAt(source: string, start: number, isBehindOperand: boolean): Token {
  const { kind, length } = shapeAt(source, start, isBehindOperand)
  return { kind, text: source.slice(start, start + length), start, end: start + length }
}

interface Shape {
  readonly kind: Token['kind']
  readonly length: number
}

function shapeAt(source: string, at: number, isBehindOperand: boolean): Shape {
  const operatorLength = lengthOf(operator, source, at)
  const first = source.charAt(at)
  if (source.startsWith('/*', at) || (first === '/' && !isBehindOperand) || quotes.includes(first)) {
    return enclosed(source, at)
  }
  if (operatorLength > 0) return { kind: 'operator', length: operatorLength }
  const numberLength = lengthOf(number, source, at)
  return numberLength > 0 ? { kind: 'number', length: numberLength } : wordAt(source, at, isBehindOperand)
}

const quotes: readonly string[] = ['"', "'", '`']

/** What has an end of its own; a comment that has one is not seen here. */
function enclosed(source: string, at: number): Shape {
  const first = source.charAt(at)
  const length = first === '/' ? regexLength(source, at) : lengthOf(first === '`' ? tickedName : closedText, source, at)
  if (length === 0 || source.startsWith('/*', at)) return { kind: 'open', length: source.length - at }
  return { kind: first === '/' ? 'regex' : first === '`' ? 'name' : 'text', length }
}

function wordAt(source: string, at: number, isBehindOperand: boolean): Shape {
  const length = lengthOf(word, source, at)
  const text = source.slice(at, at + length)
  if (text.startsWith('$')) return { kind: 'variable', length }
  // `and`, `or` and `in` are names where an operand is due.
  return { kind: isBehindOperand && ['and', 'or', 'in'].includes(text) ? 'operator' : 'name', length }
}

/** Up to the first slash that is neither escaped nor within brackets; 0 when there is none. */
function regexLength(source: string, start: number): number {
  let depth = 0
  for (let at = start + 1; at < source.length; at++) {
    const character = source.charAt(at)
    if (character === '/' && depth === 0 && !isEscaped(source, at)) return at + 1 - start + flagsLength(source, at + 1)
    if (source.charAt(at - 1) === '\\') continue
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth--
  }
  return 0
}

function isEscaped(source: string, at: number): boolean {
  let slashes = 0
  while (source.charAt(at - 1 - slashes) === '\\') slashes++
  return slashes % 2 === 1
}

function flagsLength(source: string, at: number): number {
  return lengthOf(/[im]*/y, source, at)
}

function lengthOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0].length ?? 0
}

/** Where the token starts that ends at a position, which is what JSONata's tree notes. */
export function startOf(tokens: readonly Token[], position: number | undefined): number {
  return tokens.find(({ end }) => end === position)?.start ?? 0
}
