import type { PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery } from '../broker/broker.ts'
import { decideNotBefore } from '../decide/waiting.ts'
import type { AttemptFailure } from '../wire/body.ts'
import { carriedOf, payloadOf } from '../wire/body.ts'
import { childIds } from '../wire/message-id.ts'
import type { ActivePlan } from './active-plan.ts'
import type { Backlog } from './backlog.ts'
import { runComponentStep } from './component-step.ts'
import type { ComponentJob, Job, Settlement } from './job.ts'
import { standingOf, walkAndWrite } from './job.ts'
import type { Listeners } from './listeners.ts'
import { publishOrReroute } from './outputs.ts'
import { payloadFromBytes } from './payload.ts'
import type { CallPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import { bury } from './settle-failure.ts'
import type { SnapshotSession } from './snapshot-session.ts'

export interface DeliveryParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly listeners: Listeners
  readonly prepare: CallPreparer
  readonly stage: PlanStage
  readonly session: SnapshotSession | undefined
  readonly plans: (flow: string, revision: number) => ActivePlan | undefined | Promise<ActivePlan | undefined>
  readonly draining: AbortSignal
}

type Settled = { readonly settlement: Settlement; readonly emitted: number }

/** Works on one delivery to its settlement: acknowledged when all that it caused is safe, given back otherwise. */
export async function deliver(own: DeliveryParts, delivery: Delivery): Promise<void> {
  const { parts } = own
  const startedAtMs = parts.clock.now()
  const { flow, revision } = delivery.message.headers
  const active = await own.plans(flow, revision)
  const { settlement, emitted } = await settle(own, delivery, active, startedAtMs)
  if (settlement.kind === 'requeue') return delivery.requeue()
  const { headers, id } = delivery.message
  if (headers.tracked === true && settlement.event !== 'retried' && settlement.event !== 'waiting') {
    await parts.store.trackedRuns.remove(flow, headers.run, id)
  }
  delivery.ack()
  if (active === undefined) return
  observe(own, { delivery, active, settlement, emitted, startedAtMs })
}

async function settle(
  own: DeliveryParts,
  delivery: Delivery,
  active: ActivePlan | undefined,
  startedAtMs: number,
): Promise<Settled> {
  const { message } = delivery
  const carried = carriedOf(message.body)
  const payload = payloadFromBytes(payloadOf(message.body))
  const step = active?.step(message.headers.at)
  if (active === undefined || step === undefined) {
    return { settlement: await bury(own.parts, { delivery, carried, payload }, mismatch(own, delivery)), emitted: 0 }
  }
  const splitId = splitIds(message.id)
  const job: Job = { delivery, active, stage: own.stage, payload, carried, startedAtMs, splitId }
  const readiness = decideNotBefore(message.headers, startedAtMs)
  if (readiness.kind === 'park') return { settlement: await parkAgain(own, job, readiness.delayMs), emitted: 0 }
  if (step.plan.kind !== 'component' || message.headers.left === true) return runBuiltIns(own, job)
  return runComponent(own, { ...job, step, plan: step.plan })
}

/** Most deliveries split nothing: the counting begins at the first that does. */
function splitIds(delivered: string): Job['splitId'] {
  let ids: ReturnType<typeof childIds> | undefined
  return (route, payload) => (ids ??= childIds(`${delivered}/split`, false))(route, payload)
}

function mismatch(own: DeliveryParts, { message }: Delivery): AttemptFailure {
  const { revision, at, attempt } = message.headers
  const text = `revision ${revision} is gone or has no step "${at}"`
  return { step: at, attempt, code: 'PlanMismatch', message: text, at: new Date(own.parts.clock.now()).toISOString() }
}

async function parkAgain(own: DeliveryParts, job: Job, delayMs: number): Promise<Settlement> {
  await publishOrReroute(own.parts, { kind: 'delay', queue: job.stage.queue, delayMs }, job.delivery.message)
  return { kind: 'ack', event: 'waiting' }
}

async function runBuiltIns(own: DeliveryParts, job: Job): Promise<Settled> {
  const emitted = await walkAndWrite(own.parts, own.backlog, job, standingOf(job))
  return { settlement: { kind: 'ack', event: 'settled' }, emitted }
}

async function runComponent(own: DeliveryParts, job: ComponentJob): Promise<Settled> {
  const { headers } = job.delivery.message
  own.parts.observer.onReceived(job.active.plan.flow.name, job.plan.name)
  if (job.active.trigger(headers.trigger)?.kind === 'listen' && job.plan.function.kind === 'trigger') {
    await own.listeners.ensure(job)
    return { settlement: { kind: 'ack', event: 'settled' }, emitted: 0 }
  }
  return runComponentStep(own, job)
}

interface Observed extends Settled {
  readonly delivery: Delivery
  readonly active: ActivePlan
  readonly settlement: Extract<Settlement, { kind: 'ack' }>
  readonly startedAtMs: number
}

function observe({ parts }: DeliveryParts, { delivery, active, settlement, emitted, startedAtMs }: Observed): void {
  const { id, headers } = delivery.message
  const at = parts.clock.now()
  parts.observer.onEvent({
    namespace: active.plan.flow.namespace,
    flow: headers.flow,
    run: headers.run,
    step: headers.at,
    messageId: id,
    attempt: headers.attempt,
    kind: settlement.event,
    emitted,
    at,
    durationMs: at - startedAtMs,
    ...(settlement.code !== undefined && { code: settlement.code }),
    ...(settlement.error !== undefined && { error: settlement.error }),
  })
  if (id === headers.run && settlement.event !== 'retried') parts.observer.onEntrySettled(headers, emitted)
}
