import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'

/** Keeps sources from running ahead: knows roughly how full a queue is without asking the broker for every message. */
export interface Backlog {
  /** Counts one published message. */
  readonly published: (queue: string) => void
  /** Resolves at once while the queue has room, else when it has room again or `giveUp` says so. */
  readonly room: (queue: string, giveUp: () => boolean) => Promise<void> | undefined
}

interface Level {
  waiting: number
  publishedSince: number
}

const askAgainAfterMs = 20

export function backlogOf(broker: Broker, clock: Clock, limit: number): Backlog {
  const levels = new Map<string, Level>()
  const levelOf = (queue: string): Level => {
    const known = levels.get(queue)
    if (known !== undefined) return known
    const level = { waiting: 0, publishedSince: 0 }
    levels.set(queue, level)
    return level
  }
  const ask = async (queue: string, level: Level): Promise<void> => {
    level.publishedSince = 0
    const depth = await broker.depth(queue)
    level.waiting = (depth?.ready ?? 0) + (depth?.unacknowledged ?? 0)
  }
  const waitForRoom = async (queue: string, level: Level, giveUp: () => boolean): Promise<void> => {
    await ask(queue, level)
    while (level.waiting + level.publishedSince >= limit && !giveUp()) {
      await sleep(clock, askAgainAfterMs)
      await ask(queue, level)
    }
  }
  return {
    published: (queue) => {
      levelOf(queue).publishedSince += 1
    },
    room: (queue, giveUp) => {
      const level = levelOf(queue)
      if (level.waiting + level.publishedSince < limit) return undefined
      return waitForRoom(queue, level, giveUp)
    },
  }
}
