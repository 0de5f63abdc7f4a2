import type { ComponentPlanStep, PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery } from '../broker/broker.ts'
import { withMessage } from '../broker/broker.ts'
import { failureOf } from '../decide/failure.ts'
import { decideNotBefore } from '../decide/waiting.ts'
import type { CarriedValues } from '../wire/body.ts'
import { carriedOf, payloadOf } from '../wire/body.ts'
import type { ActivePlan, ActiveStep } from './active-plan.ts'
import type { ComponentStepParts } from './component-step.ts'
import { runComponentStep } from './component-step.ts'
import { admitFire, finishFire, isScheduledFire } from './fire-claim.ts'
import type { Acknowledgement, ComponentJob, Job, Settlement } from './job.ts'
import { standingOf } from './job.ts'
import type { Listeners } from './listeners.ts'
import { buryMalformed, buryMismatch, buryPoison, discardFire, forward } from './misplaced.ts'
import { observeDelivery } from './observe.ts'
import { publishOrReroute } from './outputs.ts'
import { payloadFromBytes } from './payload.ts'
import type { Placement } from './place-message.ts'
import { placeMessage } from './place-message.ts'
import type { PlanCache } from './plan-cache.ts'
import { spanned, startSpan } from './trace.ts'
import { walkAndWrite } from './walk-and-write.ts'

export interface DeliveryParts extends ComponentStepParts {
  readonly listeners: Listeners
  readonly stage: PlanStage
  /** Of the flow whose queue it is: known even where nothing else of it is. */
  readonly namespace: string
  readonly plans: PlanCache
}

/** A plan that cannot be had now is asked for again after this long. */
const noAnswerMs = 5000

/** Works on one delivery to its settlement, and acknowledges it when all that it caused is safe. What it does not acknowledge is the caller's to give back. */
export function deliver(own: DeliveryParts, delivery: Delivery, startedAtMs: number): Promise<Settlement> {
  const placing = placeMessage(own, delivery.message)
  const settling =
    placing instanceof Promise
      ? settleLater(own, delivery, placing, startedAtMs)
      : settlePlaced(own, delivery, placing, startedAtMs)
  return settling.then((settlement) =>
    settlement.kind === 'ack' ? acknowledge(own, delivery, { settlement, startedAtMs }) : settlement,
  )
}

async function settleLater(
  own: DeliveryParts,
  delivery: Delivery,
  placing: Promise<Placement>,
  startedAtMs: number,
): Promise<Settlement> {
  let placement: Placement
  try {
    placement = await placing
  } catch (error) {
    return postponeUnplaced(own, delivery, error)
  }
  return settlePlaced(own, delivery, placement, startedAtMs)
}

function settlePlaced(
  own: DeliveryParts,
  delivery: Delivery,
  placement: Placement,
  startedAtMs: number,
): Promise<Settlement> {
  const span = startSpan(own, delivery, placement)
  const { traceparent } = delivery.message.headers
  if (span === undefined) return settle(own, delivery, placement, { startedAtMs, traceparent })
  return spanned(span, async () => settle(own, delivery, placement, { startedAtMs, traceparent: span.traceparent }))
}

/** One that ended its runner each time: it is worked on no more. */
export async function deliverPoison(own: DeliveryParts, delivery: Delivery): Promise<Settlement> {
  const startedAtMs = own.parts.clock.now()
  return acknowledge(own, delivery, { settlement: await buryPoison(own.parts, delivery), startedAtMs })
}

interface Settled {
  readonly settlement: Acknowledgement
  readonly startedAtMs: number
}

function acknowledge(
  own: DeliveryParts,
  delivery: Delivery,
  settled: Settled,
): Acknowledgement | Promise<Acknowledgement> {
  const { headers, id } = delivery.message
  if (headers.tracked !== true || settled.settlement.goesOn === true) return acknowledgeNow(own, delivery, settled)
  // Taken off the list before the acknowledgement: done twice it does no harm, left out the run would never end.
  const removing = own.parts.store.trackedRuns.remove(headers.flow, headers.run, id)
  return removing.then(() => acknowledgeNow(own, delivery, settled))
}

function acknowledgeNow(
  { parts, namespace }: DeliveryParts,
  delivery: Delivery,
  { settlement, startedAtMs }: Settled,
): Acknowledgement {
  const { headers, id } = delivery.message
  delivery.ack()
  observeDelivery(parts, delivery, { settlement, startedAtMs, namespace })
  if (id === headers.run && settlement.goesOn !== true) parts.observer.onEntrySettled(headers, settlement.emitted)
  return settlement
}

/** Nobody answers for the plan that it names: it waits, and no attempt is spent; where the order counts, in its place. */
async function postponeUnplaced(
  { parts, stage }: DeliveryParts,
  { message }: Delivery,
  error: unknown,
): Promise<Settlement> {
  if (stage.singleActiveConsumer) return { kind: 'requeue', afterMs: noAnswerMs }
  await publishOrReroute(parts, { kind: 'delay', queue: stage.queue, delayMs: noAnswerMs }, message)
  const { code, message: text } = failureOf(error)
  return { kind: 'ack', event: 'waiting', emitted: 0, goesOn: true, code, error: text }
}

type Begun = Pick<Job, 'startedAtMs' | 'traceparent'>

function settle(own: DeliveryParts, delivery: Delivery, placement: Placement, begun: Begun): Promise<Settlement> {
  switch (placement.kind) {
    case 'here':
      return work(own, deliveryOf(delivery, placement.message), placement.active, begun)
    case 'elsewhere':
      return forward(own.parts, placement)
    case 'triggerGone':
      return discardFire(own.parts, delivery)
    case 'mismatch':
      return buryMismatch(own.parts, delivery)
  }
}

function deliveryOf(delivery: Delivery, message: Delivery['message']): Delivery {
  return message === delivery.message ? delivery : withMessage(delivery, message)
}

function work(own: DeliveryParts, delivery: Delivery, active: ActivePlan, begun: Begun): Promise<Settlement> {
  const { message } = delivery
  let carried: CarriedValues
  let payload: Job['payload']
  try {
    carried = carriedOf(message.body)
    payload = payloadFromBytes(payloadOf(message.body))
  } catch (error) {
    return buryMalformed(own.parts, delivery, error)
  }
  const { startedAtMs, traceparent } = begun
  const job: Job = { delivery, active, stage: own.stage, payload, carried, startedAtMs, traceparent }
  const readiness = decideNotBefore(message.headers, startedAtMs)
  if (readiness.kind === 'park') return parkAgain(own, job, readiness.delayMs)
  return isScheduledFire(message, active) ? workOnFire(own, job) : workOn(own, job)
}

async function parkAgain({ parts }: DeliveryParts, job: Job, delayMs: number): Promise<Acknowledgement> {
  await publishOrReroute(parts, { kind: 'delay', queue: job.stage.queue, delayMs }, job.delivery.message)
  return { kind: 'ack', event: 'waiting', emitted: 0, goesOn: true }
}

async function workOnFire(own: DeliveryParts, job: Job): Promise<Settlement> {
  const verdict = await admitFire(own.parts, job.delivery.message)
  if (verdict.kind === 'duplicate') {
    const dropped = { kind: 'ack', event: 'discarded', emitted: 0, code: 'Duplicate' } as const
    // The run's list names both copies by one id, which is the other's to take off while it is at work.
    return verdict.isDone ? dropped : { ...dropped, goesOn: true }
  }
  const settlement = await workOn(own, job)
  if (settlement.kind === 'ack' && settlement.goesOn !== true) await finishFire(own.parts, job.delivery.message)
  return settlement
}

function workOn(own: DeliveryParts, job: Job): Promise<Settlement> {
  const { headers } = job.delivery.message
  const step = job.active.step(headers.at)
  if (step?.plan.kind !== 'component' || headers.left === true) return runBuiltIns(own, job)
  return runComponent(own, componentJob(job, step, step.plan))
}

/** One by one, and no spread, which costs several times as much: this is done for every message. */
function componentJob(job: Job, step: ActiveStep, plan: ComponentPlanStep): ComponentJob {
  const { delivery, active, stage, payload, carried, startedAtMs, traceparent } = job
  return { delivery, active, stage, payload, carried, startedAtMs, traceparent, step, plan }
}

async function runBuiltIns(own: DeliveryParts, job: Job): Promise<Settlement> {
  const given = await walkAndWrite(own.parts, own.backlog, job, standingOf(job))
  return { kind: 'ack', event: 'settled', ...given }
}

function runComponent(own: DeliveryParts, job: ComponentJob): Promise<Settlement> {
  const { headers } = job.delivery.message
  own.parts.observer.onReceived(job.active.plan.flow.name, job.plan.name)
  const isListener = job.plan.function.kind === 'trigger' && job.active.trigger(headers.trigger)?.kind === 'listen'
  return isListener ? own.listeners.ensure(job) : runComponentStep(own, job)
}
