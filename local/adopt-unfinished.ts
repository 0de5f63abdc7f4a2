import { unroutedQueue } from '../runtime/broker/broker.ts'
import type { Broker } from '../runtime/broker/broker.ts'
import type { PlanSource } from '../runtime/plan-source.ts'
import type { DeadLetter, Store } from '../runtime/store/store.ts'
import type { WireMessage } from '../runtime/wire/message.ts'

export interface AdoptParts {
  readonly broker: Broker
  readonly store: Pick<Store, 'deadLetters' | 'trackedRuns'>
  readonly plans: Pick<PlanSource, 'get'>
}

/**
 * Earlier versions had their queues in memory, and kept what a run left unfinished as dead letters with this code. They are
 * put into the queues that outlast a run now, once: one that is marked is not found again.
 */
export async function adoptUnfinished(parts: AdoptParts, flow: string): Promise<void> {
  const { deadLetters } = parts.store
  const letters = await deadLetters.list({ flow, code: 'Unfinished', state: 'dead', limit: 1_000_000 })
  // One after another, in the order in which they were kept: the list's newest come first.
  for (const letter of letters.toReversed()) {
    await putBack(parts, letter)
    await deadLetters.mark(letter, 'replayed')
  }
}

async function putBack({ broker, store, plans }: AdoptParts, letter: DeadLetter): Promise<void> {
  const { id, headers, body } = letter
  const message: WireMessage = { id, headers, body: Buffer.from(body) }
  if (headers.tracked === true) await store.trackedRuns.add(headers.flow, headers.run, [id])
  const plan = await plans.get(headers.flow, headers.revision)
  const queue = plan?.stages.find(({ entries }) => entries.includes(headers.at))?.queue ?? unroutedQueue
  const outcome = await broker.publish({ kind: 'queue', queue }, message)
  // An edit has taken its queue away: it goes the way of all that has lost its target.
  if (outcome === 'unroutable') await broker.publish({ kind: 'queue', queue: unroutedQueue }, message)
}
