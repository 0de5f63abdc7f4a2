import { componentOf } from '../component/contract-index.ts'
import type { Draft } from '../finding/draft.ts'
import { quoted } from '../finding/suggest.ts'
import type { FlowGraph } from '../graph/flow-graph.ts'
import { findCycle, reachableFrom } from '../graph/paths.ts'
import type { FlowRule, FlowView } from './flow-view.ts'

const cycle: FlowRule = ({ graph, spec }) => {
  const steps = findCycle(graph)
  if (steps === undefined) return []
  const [from = '', to = ''] = steps
  const edge = graph.edgesOf(from).find((edge) => edge.to === to)
  const path = ['spec', ...(edge?.path ?? ['steps', spec.steps.findIndex(({ name }) => name === from)])]
  const message = `steps lead back to themselves: ${shortened(steps).join(' → ')}; break this way somewhere`
  return [{ code: 'Cycle', path, message }]
}

function shortened(steps: readonly string[]): readonly string[] {
  return steps.length <= 12 ? steps : [...steps.slice(0, 6), '…', ...steps.slice(-5)]
}

const unreachable: FlowRule = ({ spec, meant }) => {
  if (meant === undefined) return []
  return spec.steps.flatMap(({ name }, at) => {
    if (meant.reachable.has(name)) return []
    const message = `no trigger leads to step ${quoted(name)}: lead a way to it, or remove it`
    return [{ code: 'UnreachableStep', path: ['spec', 'steps', at], message }]
  })
}

const respond: FlowRule = (view) => {
  const { meant, spec } = view
  if (meant === undefined) return []
  const responds = new Set(spec.steps.filter((step) => step.respond !== undefined).map(({ name }) => name))
  const entries = syncEntriesOf(view, meant.graph)
  if (responds.size === 0 && entries.length === 0) return []
  const reached = reachableFrom(
    meant.graph,
    entries.map(({ to }) => to),
  )
  const lost = spec.steps.flatMap((step, at): Draft[] => {
    if (!responds.has(step.name) || reached.has(step.name) || !meant.reachable.has(step.name)) return []
    const message = `no webhook that waits for an answer leads to ${quoted(step.name)}: give one "reply: sync", or remove the step`
    return [{ code: 'RespondUnreachable', path: ['spec', 'steps', at, 'respond'], key: true, message }]
  })
  return [...lost, ...entries.flatMap((entry) => withoutRespond(meant.graph, entry, responds))]
}

interface SyncEntry {
  readonly trigger: string
  readonly at: number
  readonly to: string
}

function syncEntriesOf({ spec }: FlowView, graph: FlowGraph): readonly SyncEntry[] {
  return spec.triggers.flatMap(({ name, webhook }, at) => {
    const entry = graph.entries.find(({ path }) => path[1] === at)
    return webhook?.reply === 'sync' && entry !== undefined ? [{ trigger: name, at, to: entry.to }] : []
  })
}

function withoutRespond(graph: FlowGraph, { trigger, at, to }: SyncEntry, responds: ReadonlySet<string>): Draft[] {
  const reached = reachableFrom(graph, [to])
  if ([...responds].some((step) => reached.has(step))) return []
  const message = `webhook ${quoted(trigger)} waits for an answer, and no "respond" step is on its way: add one, or remove "reply: sync"`
  return [{ code: 'SyncWithoutRespond', path: ['spec', 'triggers', at, 'webhook', 'reply'], key: true, message }]
}

/** What keeps the caller of a sync webhook waiting: a `wait`, or a component that may have to be started first. */
const slowAnswers: FlowRule = (view) => {
  const { meant, spec } = view
  if (meant === undefined) return []
  const entries = syncEntriesOf(view, meant.graph)
  if (entries.length === 0) return []
  const reached = reachableFrom(
    meant.graph,
    entries.map(({ to }) => to),
  )
  const responds = spec.steps.filter((step) => step.respond !== undefined).map(({ name }) => name)
  return spec.steps.flatMap((step, at) => {
    const isBetween = reached.has(step.name) && leadsTo(meant.graph, step.name, responds)
    return isBetween ? [...waits(view, at), ...startsFromZero(view, at)] : []
  })
}

function leadsTo(graph: FlowGraph, from: string, targets: readonly string[]): boolean {
  const reached = reachableFrom(graph, [from])
  return targets.some((target) => target !== from && reached.has(target))
}

function waits({ spec }: FlowView, at: number): readonly Draft[] {
  const step = spec.steps[at]
  if (step?.wait === undefined) return []
  const message = `the caller of a webhook waits while ${quoted(step.name)} does: respond first, or keep the wait short`
  return [{ code: 'WaitBeforeRespond', path: ['spec', 'steps', at, 'wait'], key: true, message }]
}

function startsFromZero({ spec, known, namespace }: FlowView, at: number): readonly Draft[] {
  const reference = componentOf(spec.steps[at] ?? {})
  if (reference === undefined) return []
  const { kind, name } = reference
  const found = known.component(kind, kind === 'Component' ? namespace : '', name)
  // What runs from a source or a directory is not scaled here; an image is, from zero unless it says otherwise.
  if (found?.spec.image === undefined || (found.spec.scaling?.min ?? 0) >= 1) return []
  const message = `the caller of a webhook may have to wait until ${quoted(name)} has started: give it "scaling: {min: 1}"`
  const field = kind === 'Component' ? 'component' : 'clusterComponent'
  return [{ code: 'SyncFromZero', path: ['spec', 'steps', at, field], message }]
}

/** What the ways through a flow must be. */
export const graphRules: readonly FlowRule[] = [cycle, unreachable, respond, slowAnswers]
