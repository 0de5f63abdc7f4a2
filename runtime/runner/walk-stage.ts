import type { Scope } from '../../flow/expression/expression.ts'
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
  readonly nowMs: number
  /** Called for each built-in that a message enters. */
  readonly onStep: (step: string) => void
}

type Move = { readonly kind: 'stand'; readonly standing: Standing } | Outcome

/**
 * Takes a message through the built-ins of its stage, to where each of what it becomes leaves: a component's queue, a wait,
 * the end. What fails on the way ends by the failing step's `onError`, as it stood there; the rest goes on.
 */
export async function walkStage(walk: Walk, start: Standing, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const open: Standing[] = [start]
  for (let standing = open.pop(); standing !== undefined; standing = open.pop()) {
    const moves = await advance(walk, standing)
    for (const move of moves) if (move.kind !== 'stand') onOutcome(move)
    // Reversed, so that what comes first is taken first off the end.
    for (const move of moves.toReversed()) if (move.kind === 'stand') open.push(move.standing)
  }
}

async function advance(walk: Walk, standing: Standing): Promise<Move[]> {
  const step = walk.active.step(standing.step)
  if (step === undefined) return [{ kind: 'dead', standing, failure: mismatch(walk, standing) }]
  try {
    if (standing.left) return await takeEdges(walk, standing, step)
    return await enterStep(walk, standing, step)
  } catch (error) {
    return [settleFailure(walk, standing, step.plan, error)]
  }
}

function mismatch(walk: Walk, standing: Standing): AttemptFailure {
  const message = `revision ${walk.headers.revision} has no step "${standing.step}"`
  return { step: standing.step, attempt: 1, code: 'PlanMismatch', message, at: new Date(walk.nowMs).toISOString() }
}

async function enterStep(walk: Walk, standing: Standing, step: ActiveStep): Promise<Move[]> {
  if (step.plan.kind === 'component') return [sendTo(walk, standing)]
  walk.onStep(standing.step)
  const scope = scopeAt(walk.active, walk.headers, standing)
  const result = await runBuiltIn(step, step.plan, scope, walk.nowMs)
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

async function takeEdges(walk: Walk, standing: Standing, step: ActiveStep): Promise<Move[]> {
  if (step.edges.length === 0) return [{ kind: 'finished', standing }]
  const lazyScope = once(() => scopeAt(walk.active, walk.headers, standing))
  const taken = await chosenEdges(step.edges, lazyScope)
  if (taken.length === 0) return [{ kind: 'filtered', standing }]
  const moves: Move[] = []
  for (const edge of taken) moves.push({ kind: 'stand', standing: await along(edge, standing, lazyScope) })
  return moves
}

async function chosenEdges(edges: readonly ActiveEdge[], scope: () => Scope): Promise<ActiveEdge[]> {
  if (edges.every((edge) => edge.when === undefined && !edge.plan.otherwise)) return [...edges]
  const verdicts = []
  for (const { when, plan } of edges) {
    const holds = when === undefined ? undefined : truthy(await when.evaluate(scope()))
    verdicts.push({ otherwise: plan.otherwise, holds })
  }
  return chooseEdges(verdicts).flatMap((at) => edges[at] ?? [])
}

async function along(edge: ActiveEdge, standing: Standing, scope: () => Scope): Promise<Standing> {
  const { to, key } = edge.plan
  const route = `${standing.route}/${key}`
  if (edge.map === undefined) return { ...standing, step: to, left: false, route }
  const data = dataOrEmptyResult(await edge.map.evaluate(scope()), 'map')
  return { ...standing, step: to, left: false, route, payload: payloadFromView({ ...viewOf(standing.payload), data }) }
}

/** What becomes of a message that failed at a step of this stage; built-ins have one attempt. */
function settleFailure(walk: Walk, standing: Standing, step: PlanStep, error: unknown): Move {
  const { code, message } = failureOf(error)
  const failure = { step: step.name, attempt: 1, code, message, at: new Date(walk.nowMs).toISOString() }
  const settlement = decideFailure({ failure: { code, message, permanent: true }, attempt: 1, onError: step.onError })
  switch (settlement.kind) {
    case 'divert':
      return { kind: 'stand', standing: divert(standing, failure, settlement) }
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

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

export function isBuiltIn(step: PlanStep): step is BuiltInPlanStep {
  return step.kind !== 'component'
}
