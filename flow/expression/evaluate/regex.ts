import type { SyntaxNode } from '../parse/syntax-tree.ts'
import type { Budget } from './budget.ts'
import { spendSteps, tooLarge } from './budget.ts'
import { failed, shown } from './fault.ts'
import type { Evaluator } from './frame.ts'
import type { FunctionValue } from './function-value.ts'
import { functionValue } from './function-value.ts'
import type { LinearRegex } from './regex-engine.ts'
import { linearRegex } from './regex-engine.ts'
import type { Fields } from './value.ts'

/** Characters times pattern size that one search gets through in a millisecond, at the least. */
const workPerMs = 25_000

/** A regular expression is a function that finds the first match in a text; the match leads to the next. */
export function regexEvaluator(node: Extract<SyntaxNode, { type: 'regex' }>): Evaluator {
  const regex = linearRegex(node.value)
  const matcher = functionValue(1, ({ budget }, [text]) => {
    if (text === undefined) return undefined
    if (typeof text !== 'string')
      throw failed(`a regular expression looks into texts, not ${shown(text)}`, node.position)
    return matchFrom({ regex, text, budget, position: node.position }, 0)
  })
  return () => matcher
}

interface Search {
  readonly regex: LinearRegex
  readonly text: string
  readonly budget: Budget
  readonly position: number | undefined
}

function matchFrom(search: Search, from: number): Fields | undefined {
  const { regex, text, budget } = search
  spendWork(budget, (text.length - from) * regex.size)
  const found = regex.find(text, from)
  return found === undefined ? undefined : { ...found, next: nextOf(search, found.end) }
}

/** One search cannot be stopped, so it is not begun when it might take longer than there is time. */
function spendWork(budget: Budget, work: number): void {
  if (work > budget.limits.timeMs * workPerMs) throw tooLarge('a regular expression search too much text')
  spendSteps(budget, 8 + (work >> 10))
}

function nextOf(search: Search, end: number): FunctionValue {
  return functionValue(0, () => {
    if (end >= search.text.length) return undefined
    const next = matchFrom(search, end)
    if (next?.['match'] === '') {
      throw failed(
        'the regular expression matches nothing at all, again and again; let it need a character',
        search.position,
      )
    }
    return next
  })
}
