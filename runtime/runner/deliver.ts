import type { PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery } from '../broker/broker.ts'
import { failureOf } from '../decide/failure.ts'
import { decideNotBefore } from '../decide/waiting.ts'
import type { CarriedValues } from '../wire/body.ts'
import { carriedOf, payloadOf } from '../wire/body.ts'
import { childIds } from '../wire/message-id.ts'
import type { ActivePlan } from './active-plan.ts'
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
import { endSpan, startSpan } from './trace.ts'
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
export async function deliver(own: DeliveryParts, delivery: Delivery, startedAtMs: number): Promise<Settlement> {
  let placement: Placement
  try {
    const placing = placeMessage(own, delivery.message)
    placement = placing instanceof Promise ? await placing : placing
  } catch (error) {
    const settlement = await postponeUnplaced(own, delivery, error)
    return settlement.kind === 'ack' ? acknowledge(own, delivery, { settlement, startedAtMs }) : settlement
  }
  const span = startSpan(own, delivery, placement)
  const traceparent = span?.traceparent ?? delivery.message.headers.traceparent
  let settlement: Settlement
  try {
    settlement = await settle(own, delivery, placement, { startedAtMs, traceparent })
  } catch (error) {
    if (span !== undefined) endSpan(span, { kind: 'requeue' }, error)
    throw error
  }
  if (span !== undefined) endSpan(span, settlement)
  if (settlement.kind !== 'ack') return settlement
  return acknowledge(own, delivery, { settlement, startedAtMs })
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

async function acknowledge(
  { parts, namespace }: DeliveryParts,
  delivery: Delivery,
  { settlement, startedAtMs }: Settled,
): Promise<Acknowledgement> {
  const { headers, id } = delivery.message
  const hasEnded = settlement.goesOn !== true
  // Taken off the list before the acknowledgement: done twice it does no harm, left out the run would never end.
  if (headers.tracked === true && hasEnded) await parts.store.trackedRuns.remove(headers.flow, headers.run, id)
  delivery.ack()
  observeDelivery(parts, delivery, { settlement, startedAtMs, namespace })
  if (id === headers.run && hasEnded) parts.observer.onEntrySettled(headers, settlement.emitted)
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
      return work(own, withMessage(delivery, placement.message), placement.active, begun)
    case 'elsewhere':
      return forward(own.parts, placement)
    case 'triggerGone':
      return discardFire(own.parts, delivery)
    case 'mismatch':
      return buryMismatch(own.parts, delivery)
  }
}

function withMessage(delivery: Delivery, message: Delivery['message']): Delivery {
  return message === delivery.message ? delivery : { ...delivery, message }
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
  const splitId = splitIds(message.id)
  const job: Job = { delivery, active, stage: own.stage, payload, carried, startedAtMs, splitId, traceparent }
  const readiness = decideNotBefore(message.headers, startedAtMs)
  if (readiness.kind === 'park') return parkAgain(own, job, readiness.delayMs)
  return isScheduledFire(message, active) ? workOnFire(own, job) : workOn(own, job)
}
/** Most deliveries split nothing: the counting begins at the first that does. */
function splitIds(delivered: string): Job['splitId'] {
  let ids: ReturnType<typeof childIds> | undefined
  return (route, payload) => (ids ??= childIds(`${delivered}/split`, false))(route, payload)
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
  return runComponent(own, { ...job, step, plan: step.plan })
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
