/** A text that a user wrote, fit for one line of a terminal: no control characters, spaces folded, cut when it is long. */
export function oneLine(text: string, maxLength = 100): string {
  const folded = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\uFFFD')
    .trim()
  if (folded.length <= maxLength) return folded
  const signs = Array.from(folded)
  return signs.length <= maxLength ? folded : `${signs.slice(0, maxLength - 1).join('')}…`
}
