import type { Flow, FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { ContractIndex } from '../component/contract-index.ts'
import type { Draft } from '../finding/draft.ts'
import { flowGraph, type FlowGraph } from '../graph/flow-graph.ts'
import { reachableFrom } from '../graph/paths.ts'
import { flowExpressions, type FlowExpression } from './flow-expressions.ts'
import type { KnownObjects } from './known-objects.ts'
import { mendedSpec } from './mended-spec.ts'

/** A flow as its rules see it: what several of them need is worked out once. */
export interface FlowView {
  readonly flow: Flow
  readonly spec: FlowSpec
  readonly namespace: string
  /** The graph as it is written. */
  readonly graph: FlowGraph
  /** The graph as it was probably meant, so that a misspelt edge is one finding; undefined where nobody can tell. */
  readonly meant: MeantGraph | undefined
  /** Every expression, with what it means or why it cannot be read. */
  readonly expressions: readonly FlowExpression[]
  readonly known: KnownObjects
  readonly contracts: ContractIndex
}

interface MeantGraph {
  readonly graph: FlowGraph
  /** The steps that some trigger leads to. */
  readonly reachable: ReadonlySet<string>
}

/** What a rule says of a flow; file and lines are added outside. */
export type FlowRule = (view: FlowView) => readonly Draft[]

export function flowView(flow: Flow, known: KnownObjects, contracts: ContractIndex): FlowView {
  const { spec, metadata } = flow
  const graph = flowGraph(spec)
  const mended = mendedSpec(spec)
  return {
    flow,
    spec,
    namespace: metadata.namespace ?? 'default',
    graph,
    meant: mended === undefined ? undefined : meantGraph(mended === spec ? graph : flowGraph(mended)),
    expressions: flowExpressions(spec),
    known,
    contracts,
  }
}

function meantGraph(graph: FlowGraph): MeantGraph {
  return {
    graph,
    reachable: reachableFrom(
      graph,
      graph.entries.map((entry) => entry.to),
    ),
  }
}
