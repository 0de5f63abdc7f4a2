import { distance } from 'fastest-levenshtein'

const maxWordLength = 64

/**
 * The candidate that was most likely meant: the same but for case and separators, else the nearest by edits, if it is near at all.
 */
export function nearestOf(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > maxWordLength) return undefined
  let nearest: string | undefined
  let best = Math.floor(word.length / 3) + (word.length > 3 ? 1 : 0)
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > 4 || candidate === word) continue
    const edits = plain(candidate) === plain(word) ? 0 : distance(candidate.toLowerCase(), word.toLowerCase())
    if (edits < best || (edits === best && nearest === undefined)) {
      nearest = candidate
      best = edits
    }
  }
  return nearest
}

/** `: did you mean "shape"?`, else what there is, else nothing; to be put behind a message. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const nearest = nearestOf(word, candidates)
  if (nearest !== undefined) return `: did you mean "${nearest}"?`
  if (candidates.length === 0) return ''
  return `; there is ${listed(candidates)}`
}

const maxListed = 8

/** `a, b and c`; at most eight, and how many more. */
export function listed(words: readonly string[]): string {
  const shown = words.slice(0, maxListed)
  const rest = words.length - shown.length
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

/** A word of the user in a message: quoted, on one line, bounded. */
export function quoted(word: string): string {
  const short = word.length > 60 ? `${word.slice(0, 57)}…` : word
  return JSON.stringify(short)
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}
