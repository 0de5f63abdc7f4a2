import type { FlowGraph } from '../graph/flow-graph.ts'
import type { ComponentPlanStep, PlanStage, PlanStep } from './plan.ts'
import { runsAlone } from './plan-step.ts'
import { coreStage, queueHash, queueName, type LivingQueue, type QueueTraits } from './queue-name.ts'

interface StageContext {
  readonly graph: FlowGraph
  /** In the flow's order. */
  readonly steps: ReadonlyMap<string, PlanStep>
  readonly flowUid: string
  readonly revision: number
  readonly livingQueues: readonly LivingQueue[]
  /** False gives each built-in a stage of its own. */
  readonly fuse: boolean
}

/** One stage per component step with the built-ins behind it, after at most one for what triggers reach before any component. */
export function stagesOf(context: StageContext): readonly PlanStage[] {
  const all = [...context.steps.values()]
  if (!context.fuse) return all.map((step) => ownStage(step, context))
  const components = all.filter((step) => step.kind === 'component')
  const stages = components.map((step) => componentStage(step, context))
  const first = context.graph.entries.map((entry) => entry.to).filter((to) => isBuiltIn(context, to))
  return first.length === 0 ? stages : [core(first, context), ...stages]
}

function core(first: readonly string[], context: StageContext): PlanStage {
  const traits = { pool: 'core', singleActiveConsumer: false }
  return stage(coreStage, traits, { entries: fused(first, context), snapshot: 'none' }, context)
}

function ownStage(step: PlanStep, context: StageContext): PlanStage {
  if (step.kind === 'component') return componentStage(step, context)
  return stage(
    step.name,
    { pool: 'core', singleActiveConsumer: false },
    { entries: [step.name], snapshot: 'none' },
    context,
  )
}

function componentStage(step: ComponentPlanStep, context: StageContext): PlanStage {
  const { function: called } = step
  const component = `${step.component.kind}/${step.component.name}`
  const own = step.dedicated ? `/${context.flowUid}/${step.name}` : ''
  const singleActiveConsumer = step.ordered || runsAlone(called)
  const traits = { pool: component + own, component, function: called.name, singleActiveConsumer }
  const entries = [step.name, ...(context.fuse ? behind(step.name, context) : [])]
  return stage(step.name, traits, { entries, snapshot: snapshotMode(step) }, context)
}

function stage(
  name: string,
  traits: QueueTraits,
  rest: Pick<PlanStage, 'entries' | 'snapshot'>,
  { flowUid, revision, livingQueues }: StageContext,
): PlanStage {
  const { pool, singleActiveConsumer } = traits
  const hash = queueHash(traits)
  const living = livingQueues.filter((queue) => queue.step === name && queue.hash === hash)
  const introduced = living.length === 0 ? revision : Math.max(...living.map((queue) => queue.revision))
  const queue = queueName({ flowUid, step: name, hash, revision: introduced })
  return { name, queue, pool, ...rest, singleActiveConsumer }
}

function snapshotMode({ function: called }: ComponentPlanStep): PlanStage['snapshot'] {
  if (!called.snapshot) return 'none'
  return called.checkpoint ? 'checkpoint' : 'settlement'
}

function behind(step: string, context: StageContext): readonly string[] {
  const targets = context.graph.edgesOf(step).map((edge) => edge.to)
  return fused(
    targets.filter((to) => isBuiltIn(context, to)),
    context,
  )
}

/** The built-ins that are reached from these through built-ins alone, error edges included, in the flow's order. */
function fused(starts: readonly string[], context: StageContext): readonly string[] {
  const reached = new Set(starts)
  // A Set hands out what is added while it is walked, so it is the work list too.
  for (const step of reached) {
    for (const { to } of context.graph.edgesOf(step)) if (isBuiltIn(context, to)) reached.add(to)
  }
  return reached.size < 2 ? [...reached] : [...context.steps.keys()].filter((name) => reached.has(name))
}

function isBuiltIn({ steps }: StageContext, name: string): boolean {
  const step = steps.get(name)
  return step !== undefined && step.kind !== 'component'
}
