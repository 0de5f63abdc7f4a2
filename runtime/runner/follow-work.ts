import type { LivingWork, WorkList } from '../plan-source.ts'
import type { Runner } from './runner.ts'

export interface FollowOptions {
  /** Pools that this runner serves; all when it is left out. */
  readonly pools?: ReadonlySet<string>
}

/** A runner that consumes what its work list says. */
export interface WorkFollower {
  /** Resolves when everything that was living at the call is consumed, or living no more. */
  readonly attached: () => Promise<void>
  /** Follows no longer; what is consumed stays so. Resolves when what had been left is left. Safe to repeat. */
  readonly close: () => Promise<void>
}

/** Attaches the queues that live and leaves those that do not, now and whenever the list changes. */
export function followWork(
  runner: Pick<Runner, 'attach' | 'detach' | 'review'>,
  workList: WorkList,
  { pools }: FollowOptions = {},
): WorkFollower {
  const known = new Map<string, LivingWork>()
  const attaching = new Map<string, Promise<void>>()
  const underWay = new Set<Promise<void>>()
  let isClosed = false

  const track = (work: Promise<void>): void => {
    const done = work.finally(() => underWay.delete(done))
    underWay.add(done)
  }
  const attach = (work: LivingWork): void => {
    const { queue } = work.stage
    if (known.get(queue)?.plan === work.plan) return
    known.set(queue, work)
    attaching.set(queue, runner.attach(work))
  }
  const detach = (queue: string): void => {
    known.delete(queue)
    attaching.delete(queue)
    track(runner.detach(queue))
  }
  const follow = (): void => {
    if (isClosed) return
    const living = workList.living().filter(({ stage }) => pools === undefined || pools.has(stage.pool))
    const wanted = new Set(living.map(({ stage }) => stage.queue))
    for (const queue of known.keys()) if (!wanted.has(queue)) detach(queue)
    for (const work of living) attach(work)
    track(runner.review())
  }
  const unsubscribe = workList.onChange(follow)
  follow()
  return {
    attached: async () => {
      await Promise.all(attaching.values())
    },
    close: async () => {
      isClosed = true
      unsubscribe()
      await Promise.all(underWay)
    },
  }
}
