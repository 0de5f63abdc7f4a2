import type { Step } from '../../crds/v1alpha1/step.ts'
import type { FunctionContract } from '../component/component-contract.ts'
import { componentOf, type ComponentReference } from '../component/contract-index.ts'
import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { quoted, suggestion } from '../finding/suggest.ts'
import { configDrafts } from './config-drafts.ts'
import type { FlowRule, FlowView } from './flow-view.ts'
import { stepKindsOf } from './step-kinds.ts'

/** A component step, with what is known of it. */
interface ComponentStep {
  readonly step: Step
  readonly path: Path
  readonly reference: ComponentReference
  /** Undefined when the component or the function is not known. */
  readonly called: FunctionContract | undefined
}

function componentSteps(view: FlowView): readonly ComponentStep[] {
  return view.spec.steps.flatMap((step, at) => {
    const reference = componentOf(step)
    if (reference === undefined || stepKindsOf(step).length !== 1) return []
    return [{ step, path: ['spec', 'steps', at], reference, called: functionOf(view, reference, step.function) }]
  })
}

function functionOf(view: FlowView, reference: ComponentReference, name = ''): FunctionContract | undefined {
  const functions = view.contracts.find(reference, view.namespace)?.functions ?? {}
  return Object.hasOwn(functions, name) ? functions[name] : undefined
}

const components: FlowRule = (view) =>
  componentSteps(view).flatMap((found) => {
    const { reference, path, called, step } = found
    if (called !== undefined) return calledDrafts(found, called)
    const field = reference.kind === 'Component' ? 'component' : 'clusterComponent'
    const contract = view.contracts.find(reference, view.namespace)
    if (contract === undefined)
      return isDeclared(view, reference) ? [] : [unknownComponent(view, reference, [...path, field])]
    if (step.function === undefined) return []
    const names = Object.keys(contract.functions)
    const hint = suggestion(step.function, names)
    const message = `${quoted(reference.name)} has no function ${quoted(step.function)}${hint}`
    return [{ code: 'UnknownFunction' as const, path: [...path, 'function'], message }]
  })

function isDeclared({ known, namespace }: FlowView, { kind, name }: ComponentReference): boolean {
  return known.has(kind, kind === 'Component' ? namespace : '', name)
}

function unknownComponent(view: FlowView, reference: ComponentReference, path: Path): Draft {
  const { kind, name } = reference
  const other = kind === 'Component' ? 'ClusterComponent' : 'Component'
  const isOther = view.contracts.find({ kind: other, name }, view.namespace) !== undefined
  const field = other === 'Component' ? 'component' : 'clusterComponent'
  const hint = isOther
    ? `: there is a ${other} of that name, so write "${field}"`
    : suggestion(name, namesOf(view, kind))
  return { code: 'UnknownComponent', path, message: `no ${kind} is named ${quoted(name)} in the given files${hint}` }
}

function namesOf({ known, contracts, namespace }: FlowView, kind: ComponentReference['kind']): readonly string[] {
  const declared = known.names(kind, kind === 'Component' ? namespace : '')
  return [...new Set([...declared, ...contracts.names(kind, namespace)])]
}

function calledDrafts({ step, path }: ComponentStep, called: FunctionContract): readonly Draft[] {
  return [...concurrencyDrafts(step, path, called), ...configDrafts(step, called, path)]
}

function concurrencyDrafts(step: Step, path: Path, called: FunctionContract): readonly Draft[] {
  if ((step.concurrencyPerProcess ?? 1) <= 1 || !called.snapshot || step.order !== undefined) return []
  const message = `${quoted(called.name)} keeps a snapshot, so it works on one message at a time: remove "concurrencyPerProcess"`
  return [{ code: 'ConcurrencyWithOrder', path: [...path, 'concurrencyPerProcess'], message }]
}

const ordered: FlowRule = ({ spec }) =>
  spec.steps.flatMap(({ order, concurrencyPerProcess = 1 }, at): Draft[] => {
    if (order === undefined || concurrencyPerProcess <= 1) return []
    const message =
      'a step that keeps the order works on one message at a time: remove "concurrencyPerProcess" or "order"'
    return [{ code: 'ConcurrencyWithOrder', path: ['spec', 'steps', at, 'concurrencyPerProcess'], message }]
  })

/** A trigger function is called by its flow's triggers, with no message to work on. */
const triggerFunctions: FlowRule = (view) => {
  const { meant } = view
  if (meant === undefined) return []
  const entries = new Set(meant.graph.entries.map(({ to }) => to))
  const targets = new Set(meant.graph.stepNames.flatMap((name) => meant.graph.edgesOf(name).map(({ to }) => to)))
  return componentSteps(view).flatMap(({ step, path, called }) => {
    if (called?.kind !== 'trigger' || (entries.has(step.name) && !targets.has(step.name))) return []
    const message = entries.has(step.name)
      ? `${quoted(called.name)} is a trigger function, and other steps lead to ${quoted(step.name)}: only triggers may`
      : `${quoted(called.name)} is a trigger function, and no trigger enters at ${quoted(step.name)}: give a trigger "to: ${step.name}", or name an action`
    return [{ code: 'TriggerFunctionNotAtEntry', path: [...path, 'function'], message }]
  })
}

const pollAndListen: FlowRule = (view) => {
  const steps = new Map(view.spec.steps.map((step) => [step.name, step]))
  return view.graph.entries.flatMap(({ to, path }): Draft[] => {
    const trigger = view.spec.triggers[Number(path[1])]
    const kind = trigger?.poll === undefined ? 'listen' : 'poll'
    const step = steps.get(to)
    if (trigger?.[kind] === undefined || step === undefined) return []
    const what = wrongEntry(view, step)
    if (what === undefined) return []
    const message = `"${kind}" calls a function of kind trigger, and ${quoted(to)} is ${what}: lead it to one that polls, or use "schedule"`
    return [{ code: 'TriggerNeedsTriggerFunction', path: ['spec', ...path, kind], key: true, message }]
  })
}

/** What a step is that `poll` and `listen` cannot call; undefined for what they can, and for what is not known. */
function wrongEntry(view: FlowView, step: Step): string | undefined {
  const reference = componentOf(step)
  if (reference === undefined) return 'a built-in step'
  const called = functionOf(view, reference, step.function)
  return called?.kind === 'action' ? 'an action' : undefined
}

/** What a step and the component that it runs must agree on. */
export const localComponentRules: readonly FlowRule[] = [components, ordered]

/** Where in the graph a function may stand. */
export const componentRules: readonly FlowRule[] = [triggerFunctions, pollAndListen]
