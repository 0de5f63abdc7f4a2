import type { Scope } from '../../flow/expression/expression.ts'
import type { Clock } from '../clock.ts'
import { truthy } from '../../flow/expression/truthy.ts'
import type { BuiltInPlanStep, PlanStep } from '../../flow/plan/plan.ts'
import { chooseEdges } from '../decide/choose-edges.ts'
import { failureOf } from '../decide/failure.ts'
import { decideFailure } from '../decide/settle.ts'
import type { AttemptFailure } from '../wire/body.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { ActiveEdge, ActivePlan, ActiveStep } from './active-plan.ts'
import type { BuiltInResult } from './built-in.ts'
import { dataOrEmptyResult, runBuiltIn } from './built-in.ts'
import type { Outcome } from './outcome.ts'
import { bytesOf, payloadFromView, viewOf } from './payload.ts'
import type { Standing } from './standing.ts'
import { leave, scopeAt } from './standing.ts'

export interface Walk {
  /** A name for the parts of one list: the same when the delivery is worked on again, another for each message that is split. */
  readonly splitId: (route: string, payload: Buffer) => string
  readonly active: ActivePlan
  readonly headers: MessageHeaders
  readonly clock: Pick<Clock, 'now'>
  /** Called for each built-in that a message enters. */
  readonly onStep: (flow: string, step: string) => void
}

type Move = { readonly kind: 'stand'; readonly standing: Standing } | Outcome

/** A promise only where an expression has to be evaluated. */
type Moves = readonly Move[] | Promise<readonly Move[]>

/**
 * Takes a message through the built-ins of its stage, to where each of what it becomes leaves: a component's queue, a wait,
 * the end. What fails on the way ends by the failing step's `onError`, as it stood there; the rest goes on.
 */
export function walkStage(walk: Walk, start: Standing): readonly Outcome[] | Promise<readonly Outcome[]> {
  const way: Way = { open: [start], outcomes: [] }
  for (let standing = way.open.pop(); standing !== undefined; standing = way.open.pop()) {
    const moves = advance(walk, standing)
    if (moves instanceof Promise) return walkRest(walk, way, moves)
    follow(way, moves)
  }
  return way.outcomes
}

interface Way {
  /** Where messages stand; the last goes on first. */
  readonly open: Standing[]
  readonly outcomes: Outcome[]
}

async function walkRest(walk: Walk, way: Way, first: Promise<readonly Move[]>): Promise<readonly Outcome[]> {
  follow(way, await first)
  for (let standing = way.open.pop(); standing !== undefined; standing = way.open.pop()) {
    follow(way, await advance(walk, standing))
  }
  return way.outcomes
}

function follow({ open, outcomes }: Way, moves: readonly Move[]): void {
  for (const move of moves) if (move.kind !== 'stand') outcomes.push(move)
  // From the end, so that what comes first is taken first off it.
  for (let at = moves.length - 1; at >= 0; at -= 1) {
    const move = moves[at]
    if (move?.kind === 'stand') open.push(move.standing)
  }
}

function advance(walk: Walk, standing: Standing): Moves {
  const step = walk.active.step(standing.step)
  if (step === undefined) return [{ kind: 'dead', standing, failure: mismatch(walk, standing) }]
  const fail = (error: unknown): Move[] => [settleFailure(walk, standing, step.plan, error)]
  try {
    const moves = standing.left ? takeEdges(walk, standing, step) : enterStep(walk, standing, step)
    return moves instanceof Promise ? moves.catch(fail) : moves
  } catch (error) {
    return fail(error)
  }
}

function mismatch(walk: Walk, standing: Standing): AttemptFailure {
  const message = `revision ${walk.headers.revision} has no step "${standing.step}"`
  return {
    step: standing.step,
    attempt: 1,
    code: 'PlanMismatch',
    message,
    at: new Date(walk.clock.now()).toISOString(),
  }
}

function enterStep(walk: Walk, standing: Standing, step: ActiveStep): Moves {
  if (step.plan.kind === 'component' || hasQueue(walk, standing)) return [sendTo(walk, standing)]
  walk.onStep(walk.active.plan.flow.name, standing.step)
  return runStep(walk, standing, step, step.plan)
}

/** A built-in that was compiled unfused, and that this delivery is not for. */
function hasQueue({ active }: Walk, { step, route }: Standing): boolean {
  return route !== '' && active.stageOf(step) !== undefined
}

async function runStep(walk: Walk, standing: Standing, step: ActiveStep, plan: BuiltInPlanStep): Promise<Move[]> {
  const scope = scopeAt(walk.active, walk.headers, standing)
  const result = await runBuiltIn(step, plan, scope, walk.clock.now())
  return movesOf(result, { standing, step, splitId: walk.splitId })
}

function sendTo(walk: Walk, standing: Standing): Outcome {
  const queue = walk.active.stageOf(standing.step)?.queue
  if (queue === undefined) return { kind: 'dead', standing, failure: mismatch(walk, standing) }
  return { kind: 'send', queue, standing }
}

interface Place {
  readonly standing: Standing
  readonly step: ActiveStep
  readonly splitId: Walk['splitId']
}

function movesOf(result: BuiltInResult, { standing, step, splitId }: Place): Move[] {
  const onward: Move = { kind: 'stand', standing: leave(standing, step, standing.payload) }
  switch (result.kind) {
    case 'same':
      return [onward]
    case 'changed':
      return [{ kind: 'stand', standing: leave(standing, step, payloadFromView(result.message)) }]
    case 'many':
      return result.items.length === 0
        ? [{ kind: 'filtered', standing }]
        : splitInto(result.items, { standing, step, splitId })
    case 'filtered':
      return [{ kind: 'filtered', standing }]
    case 'wait':
      return [{ kind: 'wait', notBefore: result.notBefore, standing: leave(standing, step, standing.payload) }]
    case 'log':
      return [{ kind: 'log', step: standing.step, value: result.value }, onward]
    case 'reply':
      return [{ kind: 'reply', reply: result.reply }, onward]
  }
}

function splitInto(items: readonly unknown[], { standing, step, splitId }: Place): Move[] {
  const view = viewOf(standing.payload)
  const id = splitId(`${standing.route}/${standing.step}`, bytesOf(standing.payload))
  const split = { id, count: items.length }
  return items.map((data, index) => {
    const carried = { ...standing.carried, split: { ...split, index } }
    const one = { ...standing, carried, route: `${standing.route}/${standing.step}` }
    return { kind: 'stand', standing: leave(one, step, payloadFromView({ ...view, data })) }
  })
}

function takeEdges(walk: Walk, standing: Standing, step: ActiveStep): Moves {
  if (step.edges.length === 0) return [{ kind: 'finished', standing }]
  if (step.hasPlainEdges) return step.edges.map((edge) => ({ kind: 'stand', standing: goAlong(edge, standing) }))
  return takeComputedEdges(walk, standing, step)
}

async function takeComputedEdges(walk: Walk, standing: Standing, step: ActiveStep): Promise<Move[]> {
  const scope = scopeAt(walk.active, walk.headers, standing)
  const taken = await chosenEdges(step.edges, scope)
  if (taken.length === 0) return [{ kind: 'filtered', standing }]
  const moves: Move[] = []
  for (const edge of taken) moves.push({ kind: 'stand', standing: await mapAlong(edge, standing, scope) })
  return moves
}

async function chosenEdges(edges: readonly ActiveEdge[], scope: Scope): Promise<ActiveEdge[]> {
  const verdicts = []
  for (const { when, plan } of edges) {
    const holds = when === undefined ? undefined : truthy(await when.evaluate(scope))
    verdicts.push({ otherwise: plan.otherwise, holds })
  }
  return chooseEdges(verdicts).flatMap((at) => edges[at] ?? [])
}

async function mapAlong(edge: ActiveEdge, standing: Standing, scope: Scope): Promise<Standing> {
  if (edge.map === undefined) return goAlong(edge, standing)
  const data = dataOrEmptyResult(await edge.map.evaluate(scope), 'map')
  return { ...goAlong(edge, standing), payload: payloadFromView({ ...viewOf(standing.payload), data }) }
}

function goAlong({ plan: { to, key } }: ActiveEdge, { payload, carried, route }: Standing): Standing {
  return { step: to, left: false, payload, carried, route: `${route}/${key}` }
}

/** What becomes of a message that failed at a step of this stage; built-ins have one attempt. */
function settleFailure(walk: Walk, standing: Standing, step: PlanStep, error: unknown): Move {
  const { code, message } = failureOf(error)
  const failure = { step: step.name, attempt: 1, code, message, at: new Date(walk.clock.now()).toISOString() }
  const settlement = decideFailure({ failure: { code, message, permanent: true }, attempt: 1, onError: step.onError })
  switch (settlement.kind) {
    case 'divert':
      return isReadable(standing)
        ? { kind: 'stand', standing: divert(standing, failure, settlement) }
        : { kind: 'dead', standing, failure }
    case 'discard':
      return { kind: 'discarded', standing, failure }
    case 'deadLetter':
    case 'retry':
      return { kind: 'dead', standing, failure }
  }
}

/** The message as it was, with its error in `metadata.error`, at the step that handles it. */
export function divert(
  standing: Standing,
  failure: AttemptFailure,
  target: { readonly to: string; readonly key: string },
): Standing {
  const { code, message, step, attempt, at } = failure
  const view = viewOf(standing.payload)
  const metadata = { ...view.metadata, error: { code, message, step, attempts: attempt, at } }
  const route = `${standing.route}/${target.key}`
  return { ...standing, step: target.to, left: false, route, payload: payloadFromView({ ...view, metadata }) }
}

/** What is no message's JSON cannot be given its error. */
function isReadable({ payload }: Standing): boolean {
  try {
    return viewOf(payload) !== undefined
  } catch {
    return false
  }
}
