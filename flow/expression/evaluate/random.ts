import type { Scope } from '../expression.ts'

/** Random numbers that are the same again when the same message is delivered again: drawn from the run, the step, the expression and the message. */
export function randomOf(source: string, scope: Scope): () => number {
  let draw: (() => number) | undefined
  return () => {
    draw ??= generator(seedOf([scope.run.id, scope.step.name, source, JSON.stringify(scope.message)]))
    return draw()
  }
}

/** FNV-1a over all texts. */
function seedOf(texts: readonly string[]): number {
  let hash = 0x811c9dc5
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ 0xffff, 0x01000193)
  }
  return hash >>> 0
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
