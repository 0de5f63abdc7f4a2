import { rungName } from '../../runtime/broker/amqp/decide/plan-topology.ts'
import { deadQueue, unroutedQueue, type Broker, type Delivery } from '../../runtime/broker/broker.ts'
import { sleep, type Clock } from '../../runtime/clock.ts'
import { deadLetterOf } from '../../runtime/recorder/dead-letter-of.ts'
import { mismatched } from '../../runtime/runner/mismatched.ts'
import type { Store } from '../../runtime/store/store.ts'
import { rungs } from '../../runtime/wire/delay-rungs.ts'
import type { WireMessage } from '../../runtime/wire/message.ts'

export interface EmptyingParts {
  readonly broker: Pick<Broker, 'depth' | 'consume'>
  readonly deadLetters: Pick<Store['deadLetters'], 'put'>
  readonly namespace: string
  readonly clock: Clock
}

const prefetch = 50
const lookEveryMs = 200

/**
 * What still lies in a vhost that is about to be deleted, when all its flows are gone: what waits in rungs, what has lost its target, and dead letters that
 * no recorder has taken. All of it is put into the store before it is acknowledged. Resolves with how many that were.
 */
export async function emptyVhost(parts: EmptyingParts): Promise<number> {
  let kept = await emptyQueue(parts, deadQueue, (message) => message)
  const bury = (message: WireMessage): WireMessage => mismatched(message, parts.clock.now()).letter
  for (const queue of [...rungs.map(rungName), unroutedQueue]) kept += await emptyQueue(parts, queue, bury)
  return kept
}

async function emptyQueue(
  parts: EmptyingParts,
  queue: string,
  toLetter: (message: WireMessage) => WireMessage,
): Promise<number> {
  if (((await parts.broker.depth(queue))?.ready ?? 0) === 0) return 0
  const keeping: Keeping = { kept: 0, unsettled: 0, failure: undefined }
  const onDelivery = (delivery: Delivery): void => void keep(parts, keeping, delivery, toLetter)
  const subscription = await parts.broker.consume(queue, { prefetch }, onDelivery)
  try {
    await untilEmpty(parts, queue, keeping)
  } finally {
    await subscription.close()
  }
  if (keeping.failure !== undefined) throw keeping.failure
  return keeping.kept
}

interface Keeping {
  kept: number
  unsettled: number
  failure: Error | undefined
}

async function keep(
  { deadLetters, namespace, clock }: EmptyingParts,
  keeping: Keeping,
  delivery: Delivery,
  toLetter: (message: WireMessage) => WireMessage,
): Promise<void> {
  keeping.unsettled += 1
  try {
    await deadLetters.put(deadLetterOf(toLetter(delivery.message), { namespace, nowMs: clock.now() }))
    delivery.ack()
    keeping.kept += 1
  } catch (error) {
    keeping.failure ??= error instanceof Error ? error : new Error(String(error))
    delivery.requeue()
  } finally {
    keeping.unsettled -= 1
  }
}

/** Two looks in a row: what was delivered and not counted yet is settled by the second. */
async function untilEmpty({ broker, clock }: EmptyingParts, queue: string, keeping: Readonly<Keeping>): Promise<void> {
  let looks = 0
  while (looks < 2 && keeping.failure === undefined) {
    await sleep(clock, lookEveryMs)
    const depth = await broker.depth(queue)
    looks = (depth?.ready ?? 0) === 0 && keeping.unsettled === 0 ? looks + 1 : 0
  }
}
