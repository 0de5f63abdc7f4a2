import { hash } from 'node:crypto'
import type { Edge, Retry, Step } from '../../crds/v1alpha1/step.ts'
import type { ComponentContract, FunctionContract, Isolation } from '../component/component-contract.ts'
import { componentOf, type ContractIndex } from '../component/contract-index.ts'
import { defined } from '../component/defined.ts'
import type { FlowGraph } from '../graph/flow-graph.ts'
import {
  builtInRetry,
  concurrencyDefaults,
  onUnknownDefault,
  retryDefaults,
  thenDefault,
  timeoutSecondsDefault,
} from './defaults.ts'
import type { BuiltInPlanStep, ComponentPlanStep, PlanEdge, PlanOnError, PlanRetry, PlanStep } from './plan.ts'

interface StepContext {
  readonly graph: FlowGraph
  readonly contracts: ContractIndex
  readonly namespace: string
}

/**
 * A step with every default resolved.
 *
 * @throws {Error} when it has an error that lint reports
 */
export function planStep(step: Step, context: StepContext): PlanStep {
  const component = componentOf(step)
  if (component === undefined) return builtInStep(step, context)
  const contract = context.contracts.find(component, context.namespace)
  if (contract === undefined) throw new Error(`step "${step.name}": the component "${component.name}" is not known`)
  const name = step.function ?? ''
  const called = Object.hasOwn(contract.functions, name) ? contract.functions[name] : undefined
  if (called === undefined) throw new Error(`step "${step.name}": ${component.name} has no function "${name}"`)
  return componentStep(step, context, { contract, called })
}

interface Callee {
  readonly contract: ComponentContract
  readonly called: FunctionContract
}

function componentStep(step: Step, { graph }: StepContext, { contract, called }: Callee): ComponentPlanStep {
  const { kind, name, dialect, isolation } = contract
  const ordered = step.order !== undefined
  return {
    kind: 'component',
    name: step.name,
    component: { kind, name },
    dialect,
    isolation,
    function: called,
    config: step.config ?? {},
    bind: step.bind ?? {},
    ...defined({ credential: step.credential }),
    timeoutSeconds: step.timeoutSeconds ?? timeoutSecondsDefault,
    concurrencyPerProcess: concurrencyOf(step, isolation, ordered || runsAlone(called)),
    ordered,
    dedicated: step.dedicated !== undefined,
    ...(step.deduplicate && { deduplicate: { onUnknown: onUnknownDefault, ...step.deduplicate } }),
    next: edgesOf(step, graph),
    onError: onErrorOf(step, retryOf(step.onError?.retry)),
  }
}

/** One call at a time, over all pods: the function keeps a cursor, or is a source that two would read twice. */
export function runsAlone({ kind, snapshot }: Pick<FunctionContract, 'kind' | 'snapshot'>): boolean {
  return kind === 'trigger' || snapshot
}

function concurrencyOf(step: Step, isolation: Isolation, alone: boolean): number {
  return alone ? 1 : (step.concurrencyPerProcess ?? concurrencyDefaults[isolation])
}

function builtInStep(step: Step, { graph }: StepContext): BuiltInPlanStep {
  return {
    name: step.name,
    ...builtInWork(step),
    next: edgesOf(step, graph),
    onError: onErrorOf(step, builtInRetry),
  }
}

type BuiltInWork = BuiltInPlanStep extends infer T
  ? T extends unknown
    ? Omit<T, 'name' | 'next' | 'onError'>
    : never
  : never

function builtInWork(step: Step): BuiltInWork {
  const { transform, transformMetadata, set, filter, split, wait, log, fail, respond } = step
  if (transform !== undefined) return { kind: 'transform', transform, ...defined({ transformMetadata }) }
  if (set !== undefined) return { kind: 'set', set }
  if (filter !== undefined) return { kind: 'filter', filter }
  if (split !== undefined) return { kind: 'split', split }
  if (wait !== undefined) return { kind: 'wait', ...wait }
  if (log !== undefined) return { kind: 'log', log }
  if (fail !== undefined) return { kind: 'fail', ...fail }
  if (respond !== undefined) return { kind: 'respond', headers: {}, ...respond }
  throw new Error(`step "${step.name}" is neither a component's function nor a built-in`)
}

function edgesOf(step: Step, graph: FlowGraph): readonly PlanEdge[] {
  return graph.edgesOf(step.name).flatMap((edge) => (edge.kind === 'next' ? [planEdge(step.name, edge.edge)] : []))
}

function planEdge(from: string, { to, when, otherwise = false, map }: Edge): PlanEdge {
  const key = edgeKey([from, to, when ?? otherwise, map ?? null])
  return { key, to, ...defined({ when }), otherwise, ...defined({ map }) }
}

function onErrorOf({ name, onError }: Step, retry: PlanOnError['retry']): PlanOnError {
  const to = onError?.to
  return {
    retry,
    then: onError?.then ?? thenDefault,
    ...(to !== undefined && { to: { step: to, key: edgeKey([name, to, 'onError']) } }),
  }
}

/** A delay that is given moves the other's default out of its way. */
function retryOf(given: Retry = {}): PlanRetry {
  const { initialDelaySeconds: initial, maxDelaySeconds: max, ...rest } = given
  return {
    ...retryDefaults,
    ...rest,
    initialDelaySeconds: initial ?? Math.min(retryDefaults.initialDelaySeconds, max ?? Infinity),
    maxDelaySeconds: max ?? Math.max(retryDefaults.maxDelaySeconds, initial ?? 0),
  }
}

/** 12 hexadecimal characters; the same edge has the same key in every revision, for it is part of the ids of what passes it. */
function edgeKey(identity: readonly (string | boolean | null)[]): string {
  return hash('sha256', JSON.stringify(identity), 'hex').slice(0, 12)
}
