import type { Expression } from '../../flow/expression/expression.ts'
import { parseExpression } from '../../flow/expression/parse-expression.ts'
import type { ComponentPlanStep, Plan, PlanEdge, PlanStage, PlanStep, PlanTrigger } from '../../flow/plan/plan.ts'
import { PermanentError } from '../error.ts'

/** A plan made ready to run: its expressions compiled, its names looked up. */
export interface ActivePlan {
  readonly plan: Plan
  readonly step: (name: string) => ActiveStep | undefined
  readonly trigger: (name: string) => PlanTrigger | undefined
  /** The stage whose own step this is; a built-in has none. */
  readonly stageOf: (componentStep: string) => PlanStage | undefined
  readonly stageOfQueue: (queue: string) => PlanStage | undefined
}

export interface ActiveStep {
  readonly plan: PlanStep
  readonly edges: readonly ActiveEdge[]
  /** Nothing is computed along them, and all are taken. */
  readonly hasPlainEdges: boolean
  /** Names the child that it shares with other steps; undefined when it has its own. */
  readonly sharedChild: string | undefined
  /** Its config has values that are computed from each message. */
  readonly isBound: boolean
  /** Messages carry this step's output, reduced to these paths. */
  readonly carries: readonly (readonly string[])[] | undefined
  /** The step's own expressions by their place: `transform`, `set.name`, `bind.url`, `deduplicate.key`, … */
  readonly expressions: ReadonlyMap<string, Expression>
}

export interface ActiveEdge {
  readonly plan: PlanEdge
  readonly when: Expression | undefined
  readonly map: Expression | undefined
}

/** @throws {PermanentError} `PlanInvalid` when an expression of the plan does not compile */
export function activatePlan(plan: Plan): ActivePlan {
  const steps = new Map(Object.values(plan.steps).map((step) => [step.name, activateStep(plan, step)]))
  const triggers = new Map(plan.triggers.map((trigger) => [trigger.name, trigger]))
  const stages = new Map(plan.stages.map((stage) => [stage.name, stage]))
  const queues = new Map(plan.stages.map((stage) => [stage.queue, stage]))
  return {
    plan,
    step: (name) => steps.get(name),
    trigger: (name) => triggers.get(name),
    stageOf: (name) => stages.get(name),
    stageOfQueue: (queue) => queues.get(queue),
  }
}

function activateStep(plan: Plan, step: PlanStep): ActiveStep {
  const carried = plan.carried.steps
  return {
    plan: step,
    hasPlainEdges: step.next.every(({ when, map, otherwise }) => when === undefined && map === undefined && !otherwise),
    sharedChild: step.kind === 'component' ? sharedChildOf(plan, step) : undefined,
    isBound: step.kind === 'component' && Object.keys(step.bind).length > 0,
    edges: step.next.map((edge) => ({ plan: edge, when: compileOptional(edge.when), map: compileOptional(edge.map) })),
    carries: Object.hasOwn(carried, step.name) ? carried[step.name] : carried['*'],
    expressions: new Map([...sourcesOf(step)].map(([place, source]) => [place, compile(source)])),
  }
}

/** One for a component's steps in all flows that mean the same component. */
function sharedChildOf(
  { flow }: Plan,
  { isolation, component: { kind, name } }: ComponentPlanStep,
): string | undefined {
  if (isolation !== 'shared') return undefined
  return kind === 'ClusterComponent' ? `${kind}/${name}` : `${kind}/${flow.namespace}/${name}`
}

function sourcesOf(step: PlanStep): Map<string, string> {
  switch (step.kind) {
    case 'component':
      return componentSources(step)
    case 'transform':
      return present({ transform: step.transform, transformMetadata: step.transformMetadata })
    case 'set':
      return prefixed('set', step.set)
    case 'filter':
      return present({ filter: step.filter })
    case 'split':
      return present({ split: step.split })
    case 'wait':
      return present({ until: step.until })
    case 'log':
      return present({ log: step.log })
    case 'fail':
      return present({ message: step.message })
    case 'respond':
      return new Map([...present({ status: step.status, body: step.body }), ...prefixed('headers', step.headers)])
  }
}

function componentSources(step: ComponentPlanStep): Map<string, string> {
  return new Map([...prefixed('bind', step.bind), ...present({ 'deduplicate.key': step.deduplicate?.key })])
}

function present(sources: Readonly<Record<string, string | undefined>>): Map<string, string> {
  return new Map(Object.entries(sources).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function prefixed(place: string, sources: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(sources).map(([key, source]) => [`${place}.${key}`, source]))
}

function compileOptional(source: string | undefined): Expression | undefined {
  return source === undefined ? undefined : compile(source)
}

function compile(source: string): Expression {
  const parsed = parseExpression(source)
  if (parsed.kind === 'ok') return parsed.expression
  throw new PermanentError('PlanInvalid', `the plan holds an expression that does not compile: ${parsed.message}`)
}
