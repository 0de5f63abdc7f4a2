import type { Logger } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import type { Broker, Delivery, Subscription } from '../broker/broker.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { choosePlan, queueAt } from '../decide/choose-plan.ts'
import { TransientError } from '../error.ts'
import type { PlanSource } from '../plan-source.ts'
import { openLastingSubscription } from '../recorder/lasting-subscription.ts'
import type { Store } from '../store/store.ts'
import type { WireMessage } from '../wire/message.ts'
import { answerFailure } from './answer.ts'
import { mismatched } from './mismatched.ts'
import { restamped } from './place-message.ts'

export interface ReInjectParts {
  readonly broker: Broker
  readonly plans: PlanSource
  readonly clock: Clock
  /** Where tracked runs are: a dead letter ends its message. */
  readonly store: Pick<Store, 'trackedRuns'>
  readonly log: Logger
}

const mostHops = 3
const prefetch = 50
const retryMs = 1000
/** A queue that nobody owns may be bound again in a moment: each look at it is a hop. */
const unboundMs = 2000

/** Takes what lost its target back to the queue where its plan has it now; what has none, or has lost its way three times, is a dead letter. */
export async function openReInjector(parts: ReInjectParts): Promise<Pick<Subscription, 'close'>> {
  const closing = new AbortController()
  const { signal } = closing
  const onDelivery = (delivery: Delivery): void => {
    if (signal.aborted) return
    reInject(parts, delivery, signal).then(delivery.ack, async () => {
      // A broker or a plan source that does not answer; what is not given back by then goes back at the close.
      await sleep(parts.clock, retryMs, signal).catch(() => {})
      delivery.requeue()
    })
  }
  const subscription = await openLastingSubscription(parts, { queue: { name: unroutedQueue }, prefetch }, onDelivery)
  return {
    close: async () => {
      closing.abort()
      await subscription.close()
    },
  }
}

async function reInject(parts: ReInjectParts, { message }: Delivery, signal: AbortSignal): Promise<void> {
  const { plans } = parts
  for (let hops = message.headers.hops + 1; hops <= mostHops; hops += 1) {
    // At first as everybody sees it; when that is wrong, as it is.
    const active =
      hops === message.headers.hops + 1 ? plans.active(message.headers.flow) : await plans.refresh(message.headers.flow)
    const target = await targetOf(parts, message, active)
    if (target === undefined) break
    const again = { ...target.message, headers: { ...target.message.headers, hops } }
    if ((await parts.broker.publish({ kind: 'queue', queue: target.queue }, again)) === 'confirmed') return
    await sleep(parts.clock, unboundMs, signal)
  }
  await bury(parts, message)
}

async function targetOf(
  { plans }: ReInjectParts,
  message: WireMessage,
  active: Plan | undefined,
): Promise<{ readonly queue: string; readonly message: WireMessage } | undefined> {
  const { headers, id } = message
  const named = await plans.get(headers.flow, headers.revision)
  const choice = choosePlan({ named, active, headers, isEntry: id === headers.run })
  const placed = choice.kind === 'active' ? restamped(message, choice) : message
  const plan = choice.kind === 'active' ? choice.plan : named
  const queue = plan && queueAt(plan, placed.headers.at)
  return queue === undefined ? undefined : { queue, message: placed }
}

async function bury({ broker, clock, store }: ReInjectParts, message: WireMessage): Promise<void> {
  const { letter, failure } = mismatched(message, clock.now())
  if ((await broker.publish({ kind: 'queue', queue: deadQueue }, letter)) === 'unroutable') {
    throw new TransientError('QueueNotFound', `nobody owns the queue "${deadQueue}"`)
  }
  const { tracked, flow, run } = message.headers
  if (tracked === true) await store.trackedRuns.remove(flow, run, message.id)
  await answerFailure({ broker }, message.headers, failure)
}
