import type { Broker, Delivery, Subscription } from '../broker/broker.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { PlanSource } from '../plan-source.ts'
import { carriedOf, encodeBody, payloadOf } from '../wire/body.ts'
import type { WireMessage } from '../wire/message.ts'
import { withFailure } from './outputs.ts'

export interface ReInjectParts {
  readonly broker: Broker
  readonly plans: PlanSource
  readonly clock: Clock
}

const mostHops = 3

/** Takes what lost its target back to the queue where the plan it names has it now; what has none, or has lost its way three times, is a dead letter. */
export function openReInjector(parts: ReInjectParts): Promise<Subscription> {
  return parts.broker.consume(unroutedQueue, { prefetch: 50 }, (delivery) => {
    reInject(parts, delivery).then(delivery.ack, delivery.requeue)
  })
}

async function reInject(parts: ReInjectParts, { message }: Delivery): Promise<void> {
  const hops = message.headers.hops + 1
  const queue = hops > mostHops ? undefined : await queueFor(parts, message)
  if (queue !== undefined) {
    const again = { ...message, headers: { ...message.headers, hops } }
    if ((await parts.broker.publish({ kind: 'queue', queue }, again)) === 'confirmed') return
  }
  await parts.broker.publish({ kind: 'queue', queue: deadQueue }, mismatched(parts, message))
}

async function queueFor({ plans }: ReInjectParts, { headers }: WireMessage): Promise<string | undefined> {
  const plan = await plans.get(headers.flow, headers.revision)
  return plan?.stages.find(({ entries }) => entries.includes(headers.at))?.queue
}

function mismatched({ clock }: ReInjectParts, message: WireMessage): WireMessage {
  const { at: step, attempt, revision } = message.headers
  const text = `no queue of revision ${revision} takes messages for "${step}"`
  const failure = { step, attempt, code: 'PlanMismatch', message: text, at: new Date(clock.now()).toISOString() }
  return { ...message, body: encodeBody(withFailure(carriedOf(message.body), failure), payloadOf(message.body)) }
}
