import type { FlowGraph, GraphEdge } from './flow-graph.ts'

/** The steps that a message at a step has passed, whichever way it came. */
export interface Ancestors {
  /** On at least one way. */
  readonly some: ReadonlySet<string>
  /** On every way. */
  readonly all: ReadonlySet<string>
}

const none: Ancestors = { some: new Set(), all: new Set() }

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
 * What `$steps` can name at each reachable step. A message that failed at a step never left it,
 * so behind an `onError.to` the failed step itself is no ancestor.
 */
export function ancestorsIn(graph: FlowGraph): ReadonlyMap<string, Ancestors> {
  const entries = new Set(graph.entries.map((entry) => entry.to))
  const reachable = reachableFrom(graph, [...entries])
  const incoming = incomingEdges(graph, reachable)
  const found = new Map<string, Ancestors>()
  let changed = true
  while (changed) {
    changed = false
    for (const step of reachable) {
      const before = found.get(step)
      const now = meet(incoming.get(step) ?? [], found, entries.has(step))
      if (before === undefined || !sameSizes(before, now)) {
        found.set(step, now)
        changed = true
      }
    }
  }
  return found
}

function incomingEdges(graph: FlowGraph, reachable: ReadonlySet<string>): Map<string, GraphEdge[]> {
  const incoming = new Map<string, GraphEdge[]>()
  for (const step of reachable) {
    for (const edge of graph.edgesOf(step)) {
      const edges = incoming.get(edge.to)
      if (edges === undefined) incoming.set(edge.to, [edge])
      else edges.push(edge)
    }
  }
  return incoming
}

/** `some` only grows and `all` only shrinks from round to round, so equal sizes mean equal sets. */
function sameSizes(left: Ancestors, right: Ancestors): boolean {
  return left.some.size === right.some.size && left.all.size === right.all.size
}

function meet(edges: readonly GraphEdge[], found: ReadonlyMap<string, Ancestors>, isEntry: boolean): Ancestors {
  const ways = edges.flatMap((edge) => {
    const before = found.get(edge.from)
    return before === undefined ? [] : [passed(before, edge)]
  })
  if (isEntry) ways.push(none)
  const [first = none, ...others] = ways
  const some = new Set(ways.flatMap((way) => [...way.some]))
  const all = new Set([...first.all].filter((step) => others.every((way) => way.all.has(step))))
  return { some, all }
}

function passed(before: Ancestors, edge: GraphEdge): Ancestors {
  if (edge.kind === 'error') return before
  return { some: new Set(before.some).add(edge.from), all: new Set(before.all).add(edge.from) }
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
