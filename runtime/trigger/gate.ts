import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'

/** Whether a source may add to a queue. What is queued is bounded here, at the sources: behind them nothing is refused. */
export interface Gate {
  readonly hasRoom: (queue: string) => Promise<boolean>
}

interface Level {
  readonly askedAt: number
  readonly waiting: number
  admittedSince: number
}

const levelHoldsMs = 100

/** Opens while fewer than `limit` messages wait in the queue or are worked on. Asks the broker at most every 100 ms a queue, and counts in between. */
export function depthGate(broker: Pick<Broker, 'depth'>, clock: Pick<Clock, 'now'>, limit: number): Gate {
  const levels = new Map<string, Level>()
  /** One ask a queue: whoever comes meanwhile is counted at the same level, else each of them would find the same room. */
  const asking = new Map<string, Promise<Level>>()

  const ask = async (queue: string): Promise<Level> => {
    try {
      const level = await askLevel(broker, clock, queue)
      levels.set(queue, level)
      return level
    } finally {
      asking.delete(queue)
    }
  }
  const levelOf = (queue: string): Level | Promise<Level> => {
    const known = levels.get(queue)
    if (known !== undefined && Math.abs(clock.now() - known.askedAt) < levelHoldsMs) return known
    const asked = asking.get(queue) ?? ask(queue)
    asking.set(queue, asked)
    return asked
  }
  return {
    hasRoom: async (queue) => {
      const level = await levelOf(queue)
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
