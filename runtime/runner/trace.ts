import type { Delivery } from '../broker/broker.ts'
import type { DeliveryParts } from './deliver.ts'
import type { Settlement } from './job.ts'
import type { Placement } from './place-message.ts'
import type { Span } from './runner-parts.ts'
import { failureOf } from '../decide/failure.ts'

/** A span for the delivery, where traces are wanted and it is worked on here. */
export function startSpan(
  { parts: { tracer }, stage }: Pick<DeliveryParts, 'parts' | 'stage'>,
  { message: { id, headers }, redelivered }: Delivery,
  placement: Placement,
): Span | undefined {
  if (tracer === undefined || placement.kind !== 'here') return undefined
  const { flow } = placement.active.plan
  return tracer.startSpan(`${flow.name}/${headers.at}`, headers.traceparent, {
    'messaging.operation.type': 'process',
    'messaging.destination.name': stage.queue,
    'messaging.message.id': id,
    'weir.namespace': flow.namespace,
    'weir.flow': flow.name,
    'weir.step': headers.at,
    'weir.run': headers.run,
    'weir.revision': headers.revision,
    'weir.attempt': headers.attempt,
    'weir.redelivered': redelivered ? 1 : 0,
  })
}

/** The work within the span, which ends with it. */
export async function spanned(span: Span, work: () => Promise<Settlement>): Promise<Settlement> {
  try {
    const settlement = await work()
    endSpan(span, settlement)
    return settlement
  } catch (error) {
    endSpan(span, { kind: 'requeue' }, error)
    throw error
  }
}

function endSpan(span: Span, settlement: Settlement, error?: unknown): void {
  if (settlement.kind === 'fenced') return span.end({ kind: 'fenced' })
  if (settlement.kind === 'requeue') {
    if (error === undefined) return span.end({ kind: 'requeued' })
    const { code, message } = failureOf(error)
    return span.end({ kind: 'requeued', code, error: message })
  }
  const { event, code, error: text } = settlement
  span.end({ kind: event, ...(code !== undefined && { code }), ...(text !== undefined && { error: text }) })
}
