import { hash, timingSafeEqual } from 'node:crypto'

/** Whether the text is one of them; always looks at all. */
export function isOneOf(given: string, expected: readonly string[]): boolean {
  return expected.map((text) => isSameText(given, text)).includes(true)
}

/** Whether two texts are equal, in a time that tells neither where they differ nor how long the expected one is. */
function isSameText(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}
