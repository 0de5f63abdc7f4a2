import type { FlowGraph, GraphEdge } from './flow-graph.ts'

/** The steps that a message may reach from the given ones, these included. Edges to nowhere are left out. */
export function reachableFrom(
  graph: FlowGraph,
  starts: readonly string[],
  through: (edge: GraphEdge) => boolean = () => true,
): ReadonlySet<string> {
  const known = new Set(graph.stepNames)
  const seen = new Set(starts.filter((start) => known.has(start)))
  // A Set hands out what is added while it is walked, so it is the work list too.
  for (const step of seen) {
    for (const edge of graph.edgesOf(step)) if (known.has(edge.to) && through(edge)) seen.add(edge.to)
  }
  return seen
}

/**
 * Whether the messages that come to a reachable step have passed another one: on all ways, on some, or on none.
 * A message that failed at a step never left it, so behind an `onError.to` the failed step has not been passed.
 */
export function passing(graph: FlowGraph, passed: string, step: string): 'all' | 'some' | 'none' {
  const entries = graph.entries.map((entry) => entry.to)
  const leaves = (edge: GraphEdge): boolean => edge.kind === 'next' && edge.from === passed
  const around = reachableFrom(graph, entries, (edge) => !leaves(edge))
  if (!around.has(step)) return 'all'
  const behind = graph.edgesOf(passed).filter(leaves)
  // A way through it begins where some trigger comes to it.
  const isPassed =
    around.has(passed) &&
    reachableFrom(
      graph,
      behind.map((edge) => edge.to),
    ).has(step)
  return isPassed ? 'some' : 'none'
}

/** The first cycle that a walk in the flow's order meets, as its steps with the first one again at the end. */
export function findCycle(graph: FlowGraph): readonly string[] | undefined {
  const done = new Set<string>()
  for (const start of graph.stepNames) {
    const cycle = cycleFrom(graph, start, done)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** Walks depth first without recursion: a flow may be longer than the stack is deep. */
function cycleFrom(graph: FlowGraph, start: string, done: Set<string>): readonly string[] | undefined {
  if (done.has(start)) return undefined
  const trail = [{ step: start, rest: targets(graph, start) }]
  const open = new Set([start])
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const next = top.rest.shift()
    if (next === undefined) {
      done.add(top.step)
      open.delete(top.step)
      trail.pop()
    } else if (open.has(next)) {
      const steps = trail.map((at) => at.step)
      return [...steps.slice(steps.indexOf(next)), next]
    } else if (!done.has(next)) {
      open.add(next)
      trail.push({ step: next, rest: targets(graph, next) })
    }
  }
  return undefined
}

function targets(graph: FlowGraph, step: string): string[] {
  return graph.edgesOf(step).map((edge) => edge.to)
}
