import type { Mistake } from './mistake.ts'
import type { Token } from './tokens.ts'

/** As the resource has it. */
const longestSource = 16_384
const mostTokens = 20_000

export function refusedLength(source: string): Mistake | undefined {
  if (source.length <= longestSource) return undefined
  return {
    message: `the expression has more than ${longestSource} characters; split the step in two`,
    offset: longestSource,
  }
}

/**
 * JSONata's parser copies what stands left of every `??` and `?:`, so that `((a ?? b) ?? c) ?? d` doubles with each pair of brackets:
 * thirty of them would take it hours. Counts the tokens that it would come to, never too few.
 */
export function refusedNesting(tokens: readonly Token[]): Mistake | undefined {
  if (!tokens.some(isDefaulting)) return undefined
  const levels: Level[] = [{ done: 0, left: 0 }]
  for (const token of tokens) {
    if (count(levels, token) > mostTokens) {
      return {
        message: 'too many ?? and ?: stand within each other; assign parts of it to variables',
        offset: token.start,
      }
    }
  }
  return undefined
}

/** What stands within one pair of brackets: the tokens that are done with, and those that a `??` would copy. */
interface Level {
  done: number
  left: number
}

/** Counts a token, and gives what its level comes to. */
function count(levels: Level[], token: Token): number {
  const level = levels.at(-1) ?? { done: 0, left: 0 }
  level.left++
  if (isDefaulting(token)) settle(level, 2)
  if (isOperator(token, ',;')) settle(level, 1)
  if (isOperator(token, '([{')) levels.push({ done: 0, left: 0 })
  if (isOperator(token, ')]}') && levels.length > 1) {
    levels.pop()
    const around = levels.at(-1)
    if (around !== undefined) around.left += level.done + level.left
  }
  return level.done + level.left
}

function settle(level: Level, times: number): void {
  level.done += level.left * times
  level.left = 0
}

function isDefaulting({ kind, text }: Token): boolean {
  return kind === 'operator' && (text === '??' || text === '?:')
}

function isOperator({ kind, text }: Token, among: string): boolean {
  return kind === 'operator' && text.length === 1 && among.includes(text)
}
