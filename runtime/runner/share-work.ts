import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { queueRank, servesPool, type PoolMember } from '../decide/queue-rank.ts'
import {
  decideShare,
  isAlwaysConsumed,
  unknownShare,
  type QueueShare,
  type QueueStanding,
} from '../decide/share-queue.ts'
import type { LivingWork, WorkList } from '../plan-source.ts'

export interface SharingParts {
  readonly workList: WorkList
  /** Pools that this process serves; all when it is left out. */
  readonly pools?: ReadonlySet<string>
  readonly membership: {
    readonly id: string
    readonly members: () => readonly PoolMember[] | undefined
    readonly onChange: (listener: () => void) => () => void
  }
  readonly broker: Pick<Broker, 'depth'>
  readonly clock: Clock
  readonly log: Logger
}

/** What of a work list is this process's to consume. */
export interface SharedWork extends WorkList {
  readonly close: () => Promise<void>
}

/** A queue of which others are the first: what is known, and when it is looked at again. */
interface Watched {
  readonly standing: QueueStanding
  share: QueueShare
  dueAt: number
  /** When the broker last said something of it. */
  toldAt: number
}

/** Between looks at a queue, for each that comes before; and never longer than the other. */
const lookMs = 1_000
const longestLookMs = 10_000
const turnMs = 200
/** The broker has said nothing of a queue for so long: it is in doubt. */
const unknownMs = 30_000
/** In a turn: 50 queues a second, however many there are. */
const looksATurn = 10

/**
 * Shares the queues among those who serve their pools: each is consumed by whom rendezvous hashing gives it to, and by others as long as
 * that is not enough. Of those that are not its own a process asks the broker again and again who consumes them: members may be dead, or
 * thought to be, and the broker knows. Whatever is in doubt is consumed.
 */
export function shareWork(parts: SharingParts): SharedWork {
  const { workList, membership } = parts
  const listeners = new Set<() => void>()
  const watched = openWatched(parts)
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const follow = (): void => {
    watched.follow()
    tell()
  }
  const unsubscribe = [workList.onChange(follow), membership.onChange(follow)]
  const looking = openLooks(parts, { watched, tell })
  watched.follow()
  return {
    living: () => workList.living().filter(({ stage }) => watched.isConsumed(stage.queue)),
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: async () => {
      for (const end of unsubscribe) end()
      listeners.clear()
      await looking.close()
    },
  }
}

interface WatchedQueues {
  /** After the work or the members have changed. */
  readonly follow: () => void
  readonly isConsumed: (queue: string) => boolean
  readonly isEmpty: () => boolean
  readonly due: (nowMs: number) => readonly (readonly [string, Watched])[]
}

function openWatched({ workList, pools, membership, clock }: SharingParts): WatchedQueues {
  const queues = new Map<string, Watched>()
  const watch = ({ stage }: LivingWork, members: readonly PoolMember[]): void => {
    const { queue, pool, singleActiveConsumer: hasOneConsumer } = stage
    const serving = members.filter((member) => servesPool(member, pool))
    const standing = { rank: queueRank(queue, membership.id, serving), hasOneConsumer }
    if (isAlwaysConsumed(standing)) return void queues.delete(queue)
    // Others may come and go before it: what is known of the queue stays.
    const known = queues.get(queue)
    const { share = unknownShare, dueAt = clock.now() + lookMs, toldAt = clock.now() } = known ?? {}
    queues.set(queue, { standing, share, dueAt, toldAt })
  }
  return {
    follow: () => {
      const members = membership.members()
      if (members === undefined) return queues.clear()
      const living = workList.living().filter(({ stage }) => pools === undefined || pools.has(stage.pool))
      const names = new Set(living.map(({ stage }) => stage.queue))
      for (const queue of queues.keys()) if (!names.has(queue)) queues.delete(queue)
      for (const work of living) watch(work, members)
    },
    isEmpty: () => queues.size === 0,
    isConsumed: (queue) => queues.get(queue)?.share.isConsumed ?? true,
    due: (nowMs) => {
      // One whose time is farther off than it can be was set by a clock that has been set back.
      const isDue = ({ dueAt }: Watched): boolean => dueAt <= nowMs || dueAt > nowMs + longestLookMs
      const due = [...queues].filter(([, one]) => isDue(one))
      return due.toSorted(([, left], [, right]) => left.dueAt - right.dueAt).slice(0, looksATurn)
    },
  }
}

interface Looks {
  readonly watched: WatchedQueues
  readonly tell: () => void
}

function openLooks(parts: SharingParts, { watched, tell }: Looks): Pick<SharedWork, 'close'> {
  const { clock } = parts
  const closing = new AbortController()
  const look = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await sleep(clock, watched.isEmpty() ? lookMs : turnMs, closing.signal)
      const due = watched.due(clock.now())
      const changed = await Promise.all(due.map(([queue, one]) => lookAt(parts, queue, one)))
      if (changed.includes(true)) tell()
    }
  }
  const looking = look().catch(() => {}) // it was closed
  return {
    close: async () => {
      closing.abort()
      await looking
    },
  }
}

/** Whether something has changed by it. */
async function lookAt({ broker, clock, log }: SharingParts, queue: string, one: Watched): Promise<boolean> {
  const { standing, share } = one
  const depth = await broker.depth(queue).catch(() => 'unknown' as const) // the broker itself tells that it is down
  const at = clock.now()
  one.dueAt = at + Math.min(lookMs * standing.rank, longestLookMs)
  if (depth === 'unknown') {
    // For a moment it stays as it is: without the broker nobody consumes anything.
    if (at - one.toldAt < unknownMs || share.isConsumed) return false
    one.share = unknownShare
    return true
  }
  one.toldAt = at
  one.share = decideShare(share, standing, depth && { at, ready: depth.ready, consumers: depth.consumers })
  const { isConsumed } = one.share
  if (isConsumed === share.isConsumed) return false
  log.debug({ queue, isConsumed, ready: depth?.ready, consumers: depth?.consumers }, 'queue shared anew')
  return true
}
