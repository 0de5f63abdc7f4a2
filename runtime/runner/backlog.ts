import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { TransientError } from '../error.ts'

/** Keeps sources from running ahead: knows roughly how full a queue is without asking the broker for every message. */
export interface Backlog {
  /** Counts one published message. */
  readonly published: (queue: string) => void
  /**
   * Undefined while the queue has room; else resolves when it has room again or the waiter must go on without.
   *
   * @throws {TransientError} `RunnerClosed` when the runner closes meanwhile
   */
  readonly room: (queue: string, waiter: RoomWaiter) => Promise<void> | undefined
  /** Whoever waits for room is refused. Safe to repeat. */
  readonly close: () => void
}

/** Who waits for room in a queue, and may hold what others need to make it. */
export interface RoomWaiter {
  readonly onBlocked: (queue: string) => void
  readonly onFree: () => void
  /** It must not wait any longer: the queue grows above its limit. */
  readonly mustGoOn: () => boolean
}

/** Holds nothing that anybody needs, and goes on at this instant, in milliseconds since 1970. */
export function patientWaiter(clock: Pick<Clock, 'now'>, untilMs: number): RoomWaiter {
  return { onBlocked: nothing, onFree: nothing, mustGoOn: () => clock.now() >= untilMs }
}

function nothing(): void {}

interface Level {
  waiting: number
  publishedSince: number
  /** However many wait, one asks. */
  asking: Promise<void> | undefined
}

const askAgainAfterMs = 20
const longestPauseMs = 500

export interface BacklogParts {
  readonly broker: Pick<Broker, 'depth'>
  readonly clock: Clock
  /** Messages in a queue above which sources wait. */
  readonly limit: number
  /** Nobody may wait now: something needs this runner for itself. */
  readonly mustHurry: () => boolean
}

export function openBacklog({ broker, clock, limit, mustHurry }: BacklogParts): Backlog {
  const levels = new Map<string, Level>()
  const closing = new AbortController()
  const levelOf = (queue: string): Level => {
    const known = levels.get(queue)
    if (known !== undefined) return known
    const level = { waiting: 0, publishedSince: 0, asking: undefined }
    levels.set(queue, level)
    return level
  }
  const mustGoOn = (waiter: RoomWaiter): boolean => mustHurry() || waiter.mustGoOn()
  const isFull = (level: Level): boolean => level.waiting + level.publishedSince >= limit
  const ask = (queue: string, level: Level): Promise<void> => {
    level.asking ??= depthOf(broker, queue)
      .then(
        (depth) => {
          level.publishedSince = 0
          level.waiting = depth
        },
        // A broker that does not answer takes nothing either: the publish that comes will say so.
        () => {},
      )
      .finally(() => {
        level.asking = undefined
      })
    return level.asking
  }
  const waitForRoom = async (queue: string, level: Level, waiter: RoomWaiter): Promise<void> => {
    waiter.onBlocked(queue)
    try {
      await ask(queue, level)
      for (let pauseMs = askAgainAfterMs; isFull(level) && !mustGoOn(waiter);) {
        await sleep(clock, pauseMs, closing.signal)
        await ask(queue, level)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
    } finally {
      waiter.onFree()
    }
  }
  return {
    published: (queue) => {
      levelOf(queue).publishedSince += 1
    },
    room: (queue, waiter) => {
      const level = levelOf(queue)
      return isFull(level) && !mustGoOn(waiter) ? waitForRoom(queue, level, waiter) : undefined
    },
    close: () => closing.abort(new TransientError('RunnerClosed', 'the runner has closed')),
  }
}

async function depthOf(broker: Pick<Broker, 'depth'>, queue: string): Promise<number> {
  const depth = await broker.depth(queue)
  return (depth?.ready ?? 0) + (depth?.unacknowledged ?? 0)
}
