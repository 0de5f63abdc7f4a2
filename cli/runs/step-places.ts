import type { Plan, PlanEdge } from '../../flow/plan/plan.ts'
import type { RunNode } from './run-node.ts'

/** From where messages went on. */
export interface Departure {
  /** A step; undefined where nobody knows. */
  readonly from: string | undefined
  /** They had done their work there; else it is where they arrived first. */
  readonly isBehind?: boolean
  /** All of them went behind it; the way of errors where they failed there. */
  readonly hasPassed?: 'onward' | 'diverted' | undefined
  /** Some were at their end behind it. */
  readonly hasFinished?: boolean
}

/** What came of messages, each behind the built-ins that it went through on its way; what the plan has no way to comes last. */
export function inTheirPlaces(
  plan: Plan | undefined,
  { from, isBehind = false, hasPassed, hasFinished = false }: Departure,
  nodes: readonly RunNode[],
): readonly RunNode[] {
  if (plan === undefined || from === undefined) return nodes
  const arrivals = arrivalsFrom(plan, from)
  const left = new Set(nodes.map((node) => (node.kind === 'unseen' ? { ...node, steps: arrivals } : node)))
  const way: Way = { plan, left, hasFinished, walked: new Set() }
  const placed = isBehind ? behind(way, from, hasPassed) : arrivedAt(way, from, false)
  return [...placed, ...left]
}

interface Way {
  readonly plan: Plan
  /** What has no place yet. */
  readonly left: Set<RunNode>
  readonly hasFinished: boolean
  readonly walked: Set<string>
}

function arrivedAt(way: Way, step: string, isCertain: boolean): RunNode[] {
  const { plan, left, walked } = way
  const own = [...left].filter((node) => isAt(node, step))
  for (const node of own) left.delete(node)
  if (!isBuiltIn(plan, step) || walked.has(step)) return own
  walked.add(step)
  const next = behind(way, step, isCertain && passesAll(plan, step) ? 'onward' : undefined)
  return [...own, ...fused(way, { step, isCertain, next, hasOwn: own.length > 0 })]
}

interface Built {
  readonly step: string
  readonly isCertain: boolean
  readonly next: readonly RunNode[]
  readonly hasOwn: boolean
}

function fused(way: Way, { step, isCertain, next, hasOwn }: Built): RunNode[] {
  if (next.length > 0) return [{ kind: 'fused', step, isCertain: isCertain || next.some(wasSeen), next }]
  // What has ended there, or waits there, comes up as a message of its own.
  if (hasOwn || way.plan.steps[step]?.kind === 'wait') return []
  return isCertain || mayEndBehind(way, step) ? [{ kind: 'fused', step, isCertain, next }] : []
}

function behind(way: Way, step: string, passed: Departure['hasPassed']): RunNode[] {
  return edgesOf(way.plan, step).flatMap((edge) =>
    arrivedAt(way, edge.to, edge.isError ? passed === 'diverted' : passed === 'onward' && isPlain(edge)),
  )
}

function isAt(node: RunNode, step: string): boolean {
  if (node.kind === 'unseen') return node.steps.length === 1 && node.steps[0] === step
  return node.kind === 'messages' && node.step === step
}

/** Where a message from there can come up next. */
function arrivalsFrom(plan: Plan, step: string): string[] {
  const seen = new Set<string>()
  const found = new Set<string>()
  const open = edgesOf(plan, step).map(({ to }) => to)
  for (let to = open.pop(); to !== undefined; to = open.pop()) {
    if (seen.has(to)) continue
    seen.add(to)
    if (!isBuiltIn(plan, to) || plan.steps[to]?.kind === 'wait') found.add(to)
    else open.push(...edgesOf(plan, to).map((edge) => edge.to))
  }
  return [...found].toReversed()
}

function wasSeen(node: RunNode): boolean {
  return node.kind !== 'fused' || node.next.some(wasSeen)
}

type Exit = Pick<PlanEdge, 'to'> & Partial<PlanEdge> & { readonly isError?: true }

function edgesOf({ steps }: Plan, name: string): readonly Exit[] {
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined
  if (step === undefined) return []
  const onError = step.onError.to
  return onError === undefined ? step.next : [...step.next, { to: onError.step, isError: true }]
}

function isPlain({ when, otherwise }: Exit): boolean {
  return when === undefined && otherwise !== true
}

function isBuiltIn({ steps }: Plan, name: string): boolean {
  return Object.hasOwn(steps, name) && steps[name]?.kind !== 'component'
}

/** Whether all that comes to a built-in goes on behind it. */
function passesAll({ steps }: Plan, name: string): boolean {
  return !['filter', 'split', 'wait', 'fail'].includes(steps[name]?.kind ?? '')
}

function mayEndBehind({ plan, hasFinished }: Way, name: string): boolean {
  if (!hasFinished) return false
  const seen = new Set<string>()
  const open = [name]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (seen.has(step) || !isBuiltIn(plan, step)) continue
    seen.add(step)
    if (plan.steps[step]?.next.length === 0) return true
    open.push(...edgesOf(plan, step).map(({ to }) => to))
  }
  return false
}
