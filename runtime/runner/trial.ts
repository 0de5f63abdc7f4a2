import type { Delivery } from '../broker/broker.ts'
import { judgeTrials } from '../decide/poison.ts'
import { sleep } from '../clock.ts'
import type { DeliveryParts } from './deliver.ts'
import { deliver, deliverPoison } from './deliver.ts'
import type { Settlement } from './job.ts'

/** Messages that may have ended their runner, each on its own. An attempt at one is noted before it begins; one that ends by itself is forgotten. */
export interface Trials {
  /** With nothing else running here. */
  readonly attempt: (delivery: Delivery) => Promise<Settlement>
  /** What is under way ends with the runner, on purpose: that is no message's fault. */
  readonly close: () => Promise<void>
}

const mostTries = 3
const pauseMs = 1000

export function openTrials(own: DeliveryParts): Trials {
  const { parts, stage } = own
  const { trials } = parts.store
  const open = new Set<string>()

  const end = async (key: string): Promise<void> => {
    if (!open.delete(key)) return
    for (let tries = 1; ; tries += 1) {
      try {
        return await trials.end(key)
      } catch (err) {
        if (tries >= mostTries) return parts.log.warn({ queue: stage.queue, err }, 'trial not forgotten')
        await sleep(parts.clock, pauseMs)
      }
    }
  }
  return {
    attempt: async (delivery) => {
      const key = `${stage.queue}/${delivery.message.id}`
      const begun = await trials.begin(key)
      open.add(key)
      try {
        return await (judgeTrials(begun) === 'poison'
          ? deliverPoison(own, delivery)
          : deliver(own, delivery, parts.clock.now()))
      } finally {
        await end(key)
      }
    },
    close: async () => {
      await Promise.all([...open].map(end))
    },
  }
}
