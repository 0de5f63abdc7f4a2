import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import type { ContractIndex } from '../component/contract-index.ts'
import { flowGraph, type FlowGraph } from '../graph/flow-graph.ts'
import { reachableFrom } from '../graph/paths.ts'
import { carriedBy } from './carried.ts'
import { withTriggerDefaults } from './defaults.ts'
import type { Plan, PlanFlow, PlanStage, PlanStep, PlanTrigger } from './plan.ts'
import { planHash } from './plan-hash.ts'
import { planStep } from './plan-step.ts'
import { coreStage, type LivingQueue } from './queue-name.ts'
import { stagesOf } from './stages.ts'
import { triggerKindsOf, type TriggerKind } from './trigger-kinds.ts'

export interface CompileOptions {
  readonly contracts: ContractIndex
  /** The number of the plan; 1 is the first. */
  readonly revision: number
  /** Queues that the flow has: a step whose queue would be the same keeps it. */
  readonly livingQueues?: readonly LivingQueue[]
  /** False gives each built-in a queue of its own. For the benchmark that says what fusing saves; no manifest leads here. */
  readonly fuse?: boolean
}

/**
 * The plan of a flow in which lint found no error. Steps that no trigger reaches are left out of it.
 *
 * @throws {Error} when the flow has an error that lint reports
 */
export function compile(flow: Flow, options: CompileOptions): Plan {
  try {
    return planOf(flow, options)
  } catch (cause) {
    throw new Error(`flow "${flow.metadata.name}" has no plan; lint tells where it is wrong`, { cause })
  }
}

function planOf({ metadata, spec }: Flow, options: CompileOptions): Plan {
  const { contracts, revision, livingQueues = [], fuse = true } = options
  const flow = planFlow({ metadata, spec })
  const graph = flowGraph(spec)
  const steps = reachedSteps(spec.steps, graph, (step) =>
    planStep(step, { graph, contracts, namespace: flow.namespace }),
  )
  const stages = stagesOf({ graph, steps, flowUid: flow.uid, revision, livingQueues, fuse })
  const plan = {
    format: 1 as const,
    flow,
    revision,
    triggers: spec.triggers.map((trigger, at) => planTrigger(trigger, graph.entries[at]?.to, { steps, stages })),
    steps: Object.fromEntries(steps),
    stages,
    carried: carriedBy(steps.values()),
  }
  return { ...plan, hash: planHash(plan) }
}

function planFlow({ metadata, spec }: Pick<Flow, 'metadata' | 'spec'>): PlanFlow {
  const { name, namespace = 'default', uid, labels = {} } = metadata
  return {
    namespace,
    name,
    // No API server has given it one: names hold no underscore, so this is as unique.
    uid: uid ?? `${namespace}_${name}`,
    labels,
    suspend: spec.suspend ?? false,
    freeze: spec.freeze ?? false,
    pending: spec.update?.pending ?? 'finish',
  }
}

function reachedSteps(
  steps: Flow['spec']['steps'],
  graph: FlowGraph,
  plan: (step: Flow['spec']['steps'][number]) => PlanStep,
): ReadonlyMap<string, PlanStep> {
  const reached = reachableFrom(
    graph,
    graph.entries.map((entry) => entry.to),
  )
  const planned = steps.filter((step) => reached.has(step.name)).map((step) => [step.name, plan(step)] as const)
  const byName = new Map(planned)
  if (byName.size < planned.length) throw new Error('two steps have the same name')
  for (const name of byName.keys()) {
    const lost = graph.edgesOf(name).find((edge) => !byName.has(edge.to))
    if (lost !== undefined) throw new Error(`step "${name}": there is no step "${lost.to}" to go on to`)
  }
  return byName
}

interface Places {
  readonly steps: ReadonlyMap<string, PlanStep>
  readonly stages: readonly PlanStage[]
}

function planTrigger(trigger: Trigger, to: string | undefined, { steps, stages }: Places): PlanTrigger {
  const entry = steps.get(to ?? '')
  if (entry === undefined) throw new Error(`trigger "${trigger.name}": there is no step "${to ?? ''}" to enter at`)
  const names = entry.kind === 'component' ? [entry.name] : [coreStage, entry.name]
  const queue = stages.find((stage) => names.includes(stage.name))?.queue ?? ''
  return { name: trigger.name, kind: triggerKind(trigger), spec: withTriggerDefaults(trigger), to: entry.name, queue }
}

function triggerKind(trigger: Trigger): TriggerKind {
  const [kind] = triggerKindsOf(trigger)
  if (kind === undefined) throw new Error(`trigger "${trigger.name}" is of no kind`)
  return kind
}
