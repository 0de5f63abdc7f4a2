import type { FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { Step } from '../../crds/v1alpha1/step.ts'
import { flowGraph, type GraphEdge } from '../../flow/graph/flow-graph.ts'
import type { Plan, PlanStep } from '../../flow/plan/plan.ts'
import { brief } from '../table.ts'
import { inReadingOrder } from './step-order.ts'

/** A step of the graph as a table shows it. */
export interface StepRow {
  readonly name: string
  /** `crm getContacts`, or the name of a built-in. */
  readonly does: string
  /** `→ shape, → other when data.isOdd, ! failed`. */
  readonly next: string
  /** It has a queue of its own; a built-in shares that of the step before it. */
  readonly hasQueue: boolean
}

/** Of the plan that runs. */
export function rowsOfPlan(plan: Plan): readonly StepRow[] {
  const queued = new Set(plan.stages.map(({ name }) => name))
  return Object.values(inReadingOrder(plan).steps).map((step) => ({
    name: step.name,
    does: step.kind === 'component' ? `${step.component.name} ${step.function.name}` : step.kind,
    next: shown(nextOfPlan(step)),
    hasQueue: queued.has(step.name),
  }))
}

function nextOfPlan({ next, onError }: PlanStep): readonly string[] {
  const edges = next.map(({ to, when, otherwise }) => wayText(to, when, otherwise))
  return onError.to === undefined ? edges : [...edges, `! ${onError.to.step}`]
}

/** Of what is written, where nothing has been planned yet. */
export function rowsOfSpec(spec: FlowSpec): readonly StepRow[] {
  const graph = flowGraph(spec)
  return spec.steps.map((step) => ({
    name: step.name,
    does: doesOf(step),
    next: shown(graph.edgesOf(step.name).map(nextOfEdge)),
    hasQueue: isCall(step),
  }))
}

function nextOfEdge(edge: GraphEdge): string {
  return edge.kind === 'error' ? `! ${edge.to}` : wayText(edge.to, edge.edge.when, edge.edge.otherwise)
}

function wayText(to: string, when: string | undefined, otherwise: boolean | undefined): string {
  if (when !== undefined) return `→ ${to} when ${brief(when, 30)}`
  return otherwise === true ? `→ ${to} otherwise` : `→ ${to}`
}

function shown(ways: readonly string[]): string {
  return ways.length === 0 ? 'ends here' : ways.join(', ')
}

function isCall({ component, clusterComponent }: Step): boolean {
  return (component ?? clusterComponent) !== undefined
}

const builtIns = ['transform', 'set', 'filter', 'split', 'wait', 'log', 'fail', 'respond'] as const

function doesOf(step: Step): string {
  if (isCall(step)) return `${step.component ?? step.clusterComponent} ${step.function ?? ''}`.trim()
  return builtIns.find((name) => step[name] !== undefined) ?? 'nothing'
}
