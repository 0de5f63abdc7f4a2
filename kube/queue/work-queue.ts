import { systemClock, type Clock } from '../clock.ts'
import { noMeters, type Labels, type Meters } from '../metrics/meters.ts'
import { openDelayed } from './delayed-keys.ts'
import { moreUrgent, openLines, type Priority } from './priority-lines.ts'

export interface WorkQueueOptions {
  /** For the metrics. */
  readonly name: string
  readonly clock?: Clock
  readonly meters?: Meters
  readonly firstRetryMs?: number
  readonly longestRetryMs?: number
}

/** A key, and with which priority it was waiting. */
export interface Taken {
  readonly key: string
  readonly priority: Priority
}

/**
 * Keys that are to be worked on.
 *
 * A key is given to one worker at a time, and as long as it waits, once: however often it is added, it waits with its most urgent priority. Added while
 * it is worked on, it comes again afterwards: no change is lost. Of two wishes for later the earlier counts, and being taken fulfils it. Within a
 * priority, first come, first served.
 */
export interface WorkQueue {
  readonly add: (key: string, priority: Priority, afterMs?: number) => void
  /** Adds what has failed, later each time: 5 ms, doubled, up to 1,000 s, and never sooner than asked for. Gives how much later. */
  readonly retry: (taken: Taken, notBeforeMs?: number) => number
  /** Its next failure is the first. */
  readonly forget: (key: string) => void
  /** The next, when there is one; undefined once the queue is closed. */
  readonly take: () => Promise<Taken | undefined>
  /** Whoever has taken a key gives it back by this, always. */
  readonly done: (key: string) => void
  /** How many wait to be taken now. */
  readonly size: () => number
  /** Nothing is given any more; what waits is dropped. Safe to repeat. */
  readonly close: () => void
}

export function openWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { name, clock = systemClock, meters = noMeters, firstRetryMs = 5, longestRetryMs = 1_000_000 } = options
  const labels = { name, controller: name }
  const failures = new Map<string, number>()
  const ready = openReady(clock, meters, labels)
  const delayed = openDelayed(clock, (key, priority) => ready.add(key, priority))
  const add = (key: string, priority: Priority, afterMs = 0): void => {
    if (ready.isClosed()) return
    meters.count('workqueue_adds_total', labels)
    if (afterMs > 0) delayed.add(key, priority, clock.elapsed() + afterMs)
    else ready.add(key, priority)
  }
  return {
    add,
    retry: ({ key, priority }, notBeforeMs = 0) => {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      const afterMs = Math.max(notBeforeMs, Math.min(longestRetryMs, firstRetryMs * 2 ** count))
      meters.count('workqueue_retries_total', labels)
      add(key, priority, afterMs)
      return afterMs
    },
    forget: (key) => failures.delete(key),
    take: async () => {
      const taken = await ready.take()
      if (taken !== undefined) delayed.drop(taken.key)
      return taken
    },
    done: ready.done,
    size: ready.size,
    close: () => {
      ready.close()
      delayed.close()
    },
  }
}

type Ready = Pick<WorkQueue, 'add' | 'take' | 'done' | 'size' | 'close'> & { readonly isClosed: () => boolean }

function openReady(clock: Clock, meters: Meters, labels: Labels): Ready {
  const lines = openLines(clock)
  const working = new Map<string, number>()
  /** Added while they are worked on. */
  const again = new Map<string, Priority>()
  const takers: ((taken: Taken | undefined) => void)[] = []
  let isClosed = false
  const next = (): Taken | undefined => {
    const first = lines.shift()
    if (first === undefined) return undefined
    working.set(first.key, clock.elapsed())
    meters.observe('workqueue_queue_duration_seconds', labels, first.waitedMs / 1000)
    return { key: first.key, priority: first.priority }
  }
  const add = (key: string, priority: Priority): void => {
    if (working.has(key)) return void again.set(key, moreUrgent(priority, again.get(key)))
    lines.add(key, priority)
    if (takers.length > 0) takers.shift()?.(next())
  }
  gaugeWork(meters, labels, { depth: lines.size, startedAts: () => [...working.values()], clock })
  return {
    add,
    take: async () => {
      if (isClosed) return undefined
      return next() ?? new Promise<Taken | undefined>((resolve) => takers.push(resolve))
    },
    done: (key) => {
      const startedAt = working.get(key)
      if (startedAt === undefined) return
      working.delete(key)
      meters.observe('workqueue_work_duration_seconds', labels, (clock.elapsed() - startedAt) / 1000)
      const priority = again.get(key)
      again.delete(key)
      if (priority !== undefined && !isClosed) add(key, priority)
    },
    size: lines.size,
    isClosed: () => isClosed,
    close: () => {
      isClosed = true
      lines.clear()
      for (const taker of takers.splice(0)) taker(undefined)
    },
  }
}

interface Work {
  readonly depth: () => number
  readonly startedAts: () => readonly number[]
  readonly clock: Clock
}

function gaugeWork(meters: Meters, labels: Labels, { depth, startedAts, clock }: Work): void {
  const workedMs = (): number[] => startedAts().map((startedAt) => clock.elapsed() - startedAt)
  meters.gauge('workqueue_depth', labels, depth)
  meters.gauge('workqueue_unfinished_work_seconds', labels, () => workedMs().reduce((sum, ms) => sum + ms, 0) / 1000)
  meters.gauge('workqueue_longest_running_processor_seconds', labels, () => Math.max(0, ...workedMs()) / 1000)
}
