import type { MemoryBroker } from '../runtime/broker/memory-broker.ts'
import { deadQueue, unroutedQueue } from '../runtime/broker/broker.ts'
import type { Clock } from '../runtime/clock.ts'
import { deadLetterOf } from '../runtime/recorder/dead-letter-of.ts'
import type { DeadLetter, DeadLetterKey, Store } from '../runtime/store/store.ts'
import type { WireMessage } from '../runtime/wire/message.ts'
import type { LocalPlans } from './local-plans.ts'

/** What a run had started and not finished when it stopped, so that the next one with the same state goes on with it. */
export interface Unfinished {
  /** Puts what an earlier run left back into its queues, which must be declared; gives the number of messages. */
  readonly resume: () => Promise<number>
  /** Keeps what is left in the broker, when nothing consumes it any more; gives the number of messages. */
  readonly keep: () => Promise<number>
}

export interface UnfinishedParts {
  readonly broker: MemoryBroker
  readonly store: Pick<Store, 'deadLetters' | 'trackedRuns'>
  readonly plans: LocalPlans
  readonly clock: Clock
}

/** Kept as dead letters, since these have all that it takes to go on; nobody is told of them as such. */
const unfinishedCode = 'Unfinished'

const most = 1_000_000

export function openUnfinished(parts: UnfinishedParts): Unfinished {
  let resumed: readonly DeadLetter[] = []
  return {
    resume: async () => {
      const { deadLetters } = parts.store
      const filter = { code: unfinishedCode, state: 'dead', limit: most } as const
      // What is frozen would only wait here, too.
      const flows = parts.plans.all.filter(({ flow }) => !flow.freeze).map(({ flow }) => flow.uid)
      const lists = await Promise.all(flows.map((flow) => deadLetters.list({ ...filter, flow })))
      // The list's newest come first.
      resumed = lists.flatMap((letters) => letters.toReversed())
      // One after another: in the order in which they were kept.
      for (const letter of resumed) await putBack(parts, letter)
      return resumed.length
    },
    keep: async () => {
      const letters = parts.broker.takeAll().map((left) => letterOf(parts, left))
      await Promise.all(letters.map((letter) => parts.store.deadLetters.put(letter)))
      const kept = new Set(letters.map(nameOf))
      await Promise.all(resumed.filter((letter) => !kept.has(nameOf(letter))).map((letter) => forget(parts, letter)))
      return letters.length
    },
  }
}

function nameOf({ id, step, replay }: DeadLetterKey): string {
  return `${id} ${step} ${replay}`
}

async function putBack({ broker, store, plans }: UnfinishedParts, letter: DeadLetter): Promise<void> {
  const { id, headers, body } = letter
  const message: WireMessage = { id, headers, body: Buffer.from(body) }
  if (headers.tracked === true) await store.trackedRuns.add(headers.flow, headers.run, [id])
  const plan = await plans.get(headers.flow, headers.revision)
  const queue = plan?.stages.find(({ entries }) => entries.includes(headers.at))?.queue ?? unroutedQueue
  const outcome = await broker.publish({ kind: 'queue', queue }, message)
  // An edit has taken its queue away: it goes the way of all that has lost its target.
  if (outcome === 'unroutable') await broker.publish({ kind: 'queue', queue: unroutedQueue }, message)
}

function letterOf({ plans, clock }: UnfinishedParts, left: { queue: string; message: WireMessage }): DeadLetter {
  const { message, queue } = left
  const { headers } = message
  const namespace = plans.active(headers.flow)?.flow.namespace ?? 'default'
  const letter = deadLetterOf(message, { namespace, nowMs: clock.now() })
  if (queue === deadQueue) return letter
  return {
    ...letter,
    step: headers.at,
    code: unfinishedCode,
    message: 'the run was stopped before this message was finished; the next one goes on with it',
    attempts: headers.attempt,
    diedAt: clock.now(),
  }
}

/** It was finished in this run; one that died in it has another code by now, and stays. */
async function forget({ store: { deadLetters } }: UnfinishedParts, key: DeadLetter): Promise<void> {
  const letter = await deadLetters.get(key)
  if (letter?.code === unfinishedCode) await deadLetters.mark(key, 'replayed')
}
