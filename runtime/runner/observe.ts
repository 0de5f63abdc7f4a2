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
  const { event: kind, emitted, children, code, error } = settlement
  const event: Growing = {
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
  // One by one, and no spread: this is done for every message.
  if (headers.parent !== undefined) event.parentId = headers.parent
  if (children !== undefined && children !== emitted) event.children = children
  if (code !== undefined) event.code = code
  if (error !== undefined) event.error = error
  observer.onEvent(event)
}

type Growing = { -readonly [Key in keyof StepEvent]: StepEvent[Key] }

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
    parentId: id,
    attempt: failure?.attempt ?? 1,
    kind,
    emitted: 0,
    at,
    durationMs: 0,
    ...(failure !== undefined && { code: failure.code, error: failure.message }),
  })
}
