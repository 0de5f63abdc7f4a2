import type { Edge, Step } from '../../crds/v1alpha1/step.ts'
import type { FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { Path } from '../finding/finding.ts'

/** A flow's steps and the ways between them, the implicit sequence included. Of steps with the same name the first counts. */
export interface FlowGraph {
  /** No step has `next`: the steps that no `onError.to` reaches follow one another. */
  readonly isSequence: boolean
  /** Where each trigger enters, in the flow's order. `to` may name no step. */
  readonly entries: readonly GraphEntry[]
  readonly stepNames: readonly string[]
  /** In the step's order, the one of `onError.to` last; none for a name that is no step. `to` may name no step. */
  readonly edgesOf: (step: string) => readonly GraphEdge[]
}

interface GraphEntry {
  readonly trigger: string
  readonly to: string
  /** From the spec's root: `['triggers', 0]`. */
  readonly path: Path
}

/** A way from a step to the next; `error` is taken by a message that used up its attempts. */
export type GraphEdge =
  | { readonly kind: 'next'; readonly from: string; readonly to: string; readonly edge: Edge; readonly path: Path }
  | { readonly kind: 'error'; readonly from: string; readonly to: string; readonly path: Path }

export function flowGraph(spec: Pick<FlowSpec, 'steps' | 'triggers'>): FlowGraph {
  const isSequence = spec.steps.every((step) => step.next === undefined)
  const followers = isSequence ? sequenceOf(spec.steps) : new Map<string, string>()
  const edges = new Map<string, readonly GraphEdge[]>()
  spec.steps.forEach((step, at) => {
    if (!edges.has(step.name)) edges.set(step.name, edgesOfStep(step, at, followers.get(step.name)))
  })
  return {
    isSequence,
    entries: entriesOf(spec),
    stepNames: [...edges.keys()],
    edgesOf: (step) => edges.get(step) ?? [],
  }
}

function entriesOf({ triggers, steps }: Pick<FlowSpec, 'steps' | 'triggers'>): GraphEntry[] {
  const first = steps[0]?.name
  return triggers.flatMap((trigger, at) => {
    const to = trigger.to ?? first
    return to === undefined ? [] : [{ trigger: trigger.name, to, path: ['triggers', at] }]
  })
}

/** Each step's follower in the plain sequence; what an `onError.to` reaches is not part of it. */
function sequenceOf(steps: readonly Step[]): Map<string, string> {
  const handlers = new Set(steps.map((step) => step.onError?.to))
  const names = [...new Set(steps.map((step) => step.name))].filter((name) => !handlers.has(name))
  return new Map(names.slice(0, -1).map((name, at) => [name, names[at + 1] ?? name]))
}

function edgesOfStep(step: Step, at: number, follower: string | undefined): readonly GraphEdge[] {
  const from = step.name
  const written = (step.next ?? []).map((edge, index): GraphEdge => ({
    kind: 'next',
    from,
    to: edge.to,
    edge,
    path: ['steps', at, 'next', index],
  }))
  const implied: GraphEdge[] =
    follower === undefined ? [] : [{ kind: 'next', from, to: follower, edge: { to: follower }, path: ['steps', at] }]
  const handler = step.onError?.to
  const failed: GraphEdge[] =
    handler === undefined ? [] : [{ kind: 'error', from, to: handler, path: ['steps', at, 'onError', 'to'] }]
  return [...written, ...implied, ...failed]
}
