import { everyStep } from '../expression/expression.ts'
import { parseExpression } from '../expression/parse-expression.ts'
import type { Carried, PlanStep } from './plan.ts'
import { plainReads, type PlainReads } from './plain-reads.ts'
import { expressionsOf } from './plan-expressions.ts'

type Path = readonly string[]

/**
 * What messages must carry so that every expression of these steps finds what it reads of earlier messages and of the trigger.
 *
 * @throws {Error} when one of the expressions that must be compiled for that does not compile
 */
export function carriedBy(steps: Iterable<PlanStep>): Carried {
  const read: Reads = { steps: new Map(), trigger: [] }
  for (const step of steps) {
    for (const source of expressionsOf(step)) if (mayLookBack(source)) addReads(read, step.name, source)
  }
  const all = read.steps.get(everyStep) ?? []
  const bySteps = [...read.steps].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    steps: Object.fromEntries(bySteps.map(([name, paths]) => [name, shortest([...paths, ...all])])),
    // Name and kind are in the headers and the plan.
    trigger: shortest(read.trigger.filter(([first]) => first !== 'name' && first !== 'kind')),
  }
}

interface Reads {
  readonly steps: Map<string, Path[]>
  readonly trigger: Path[]
}

/** Most expressions look at their own message alone; compiling them only to find that out would take most of the time. */
function mayLookBack(source: string): boolean {
  return /\$(?:steps|trigger|eval)/.test(source)
}

function addReads(read: Reads, step: string, source: string): void {
  const { steps, trigger } = plainReads(source) ?? compiledReads(step, source)
  read.trigger.push(...trigger)
  for (const [name, paths] of Object.entries(steps)) read.steps.set(name, [...(read.steps.get(name) ?? []), ...paths])
}

function compiledReads(step: string, source: string): PlainReads {
  const parsed = parseExpression(source)
  if (parsed.kind === 'ok') return parsed.expression.references
  throw new Error(`step "${step}": an expression does not compile: ${parsed.message}`)
}

/** Each once, without what a shorter one reads already, in a fixed order. */
function shortest(paths: readonly Path[]): readonly Path[] {
  const unique = new Map(paths.map((path) => [JSON.stringify(path), path]))
  const kept = [...unique].filter(
    ([, path]) => !path.some((_, length) => unique.has(JSON.stringify(path.slice(0, length)))),
  )
  return kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)
}
