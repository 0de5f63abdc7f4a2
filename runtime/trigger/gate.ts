import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'

/** Whether a source may add to a queue. What is queued is bounded here, at the sources: behind them nothing is refused. */
export interface Gate {
  readonly hasRoom: (queue: string) => Promise<boolean>
}

interface Level {
  askedAt: number
  waiting: number
  admittedSince: number
}

const levelHoldsMs = 100

/** Opens while fewer than `limit` messages wait in the queue or are worked on. Asks the broker at most every 100 ms a queue, and counts in between. */
export function depthGate(broker: Pick<Broker, 'depth'>, clock: Pick<Clock, 'now'>, limit: number): Gate {
  const levels = new Map<string, Level>()
  return {
    hasRoom: async (queue) => {
      const known = levels.get(queue)
      const isFresh = known !== undefined && Math.abs(clock.now() - known.askedAt) < levelHoldsMs
      const level = isFresh ? known : await askLevel(broker, clock, queue)
      levels.set(queue, level)
      if (level.waiting + level.admittedSince >= limit) return false
      level.admittedSince += 1
      return true
    },
  }
}

async function askLevel(broker: Pick<Broker, 'depth'>, clock: Pick<Clock, 'now'>, queue: string): Promise<Level> {
  const askedAt = clock.now()
  const depth = await broker.depth(queue)
  const waiting = (depth?.ready ?? 0) + (depth?.unacknowledged ?? 0) + (depth?.parked ?? 0)
  return { askedAt, waiting, admittedSince: 0 }
}
