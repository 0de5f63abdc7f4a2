import type { Delivery } from '../broker/broker.ts'
import type { StepEvent } from '../store/store.ts'
import type { AttemptFailure } from '../wire/body.ts'
import type { Acknowledgement, Job } from './job.ts'
import type { RunnerParts } from './runner-parts.ts'

/** Tells what became of a delivery. */
export function observeDelivery(
  { observer, clock }: RunnerParts,
  { message: { id, headers } }: Delivery,
  { settlement, startedAtMs, namespace }: { settlement: Acknowledgement; startedAtMs: number; namespace: string },
): void {
  const at = clock.now()
  const { event: kind, emitted, code, error } = settlement
  const event: StepEvent = {
    namespace,
    flow: headers.flow,
    run: headers.run,
    step: headers.at,
    messageId: id,
    attempt: headers.attempt,
    kind,
    emitted,
    at,
    durationMs: at - startedAtMs,
  }
  observer.onEvent(code === undefined && error === undefined ? event : withReason(event, settlement))
}

function withReason(event: StepEvent, { code, error }: Pick<Acknowledgement, 'code' | 'error'>): StepEvent {
  return { ...event, ...(code !== undefined && { code }), ...(error !== undefined && { error }) }
}

export interface InsideEvent {
  readonly kind: 'dead' | 'discarded' | 'filtered'
  readonly step: string
  readonly failure?: AttemptFailure
  /** Its own, where it has left the stage under one; else the delivered message stands for it. */
  readonly messageId?: string
}

/** Tells of a message that ended behind the step it was delivered for: the delivery's own event does not speak of it. */
export function observeInside(
  { observer, clock }: RunnerParts,
  { active, delivery }: Job,
  { kind, step, failure, messageId }: InsideEvent,
): void {
  const { id, headers } = delivery.message
  const at = clock.now()
  observer.onEvent({
    namespace: active.plan.flow.namespace,
    flow: headers.flow,
    run: headers.run,
    step,
    messageId: messageId ?? id,
    ...(messageId !== undefined && { parentId: id }),
    attempt: failure?.attempt ?? 1,
    kind,
    emitted: 0,
    at,
    durationMs: 0,
    ...(failure !== undefined && { code: failure.code, error: failure.message }),
  })
}
