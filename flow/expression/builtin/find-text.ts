/** Longer patterns can keep the engine's own search busy for the product of both lengths; then each character is looked at once or twice. */
const longestForNative = 64

/** Where a text stands in another, from the front, without overlaps. Takes time in proportion to both lengths. */
export function* placesOf(text: string, pattern: string): Generator<number> {
  const find = finder(text, pattern)
  for (let at = find(0); at !== -1; at = find(at + pattern.length)) yield at
}

/** The first place, or -1. */
export function firstPlace(text: string, pattern: string): number {
  return finder(text, pattern)(0)
}

function finder(text: string, pattern: string): (from: number) => number {
  if (pattern.length <= longestForNative) return (from) => text.indexOf(pattern, from)
  const fallbacks = fallbacksOf(pattern)
  return (from) => find(text, { pattern, fallbacks, from })
}

interface Search {
  readonly pattern: string
  readonly fallbacks: Int32Array
  readonly from: number
}

/** Knuth, Morris and Pratt's search. */
function find(text: string, { pattern, fallbacks, from }: Search): number {
  let matched = 0
  for (let at = from; at < text.length; at++) {
    const character = text.charCodeAt(at)
    while (matched > 0 && pattern.charCodeAt(matched) !== character) matched = fallbacks[matched - 1] ?? 0
    if (pattern.charCodeAt(matched) === character) matched++
    if (matched === pattern.length) return at + 1 - matched
  }
  return -1
}

/** For each beginning of the pattern, how much of the pattern's own beginning it ends in. */
function fallbacksOf(pattern: string): Int32Array {
  const fallbacks = new Int32Array(pattern.length)
  let matched = 0
  for (let at = 1; at < pattern.length; at++) {
    const character = pattern.charCodeAt(at)
    while (matched > 0 && pattern.charCodeAt(matched) !== character) matched = fallbacks[matched - 1] ?? 0
    if (pattern.charCodeAt(matched) === character) matched++
    fallbacks[at] = matched
  }
  return fallbacks
}
