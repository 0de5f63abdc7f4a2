import type { FlowState } from '../../flow/plan/flow-state.ts'
import { openPoll } from '../../runtime/plans/poll.ts'
import { takeInTurn } from '../decide/take-in-turn.ts'
import type { ChangeCore } from './change-parts.ts'

/** Finds living queues that are gone: somebody has deleted them by hand. */
export interface QueueWatch {
  readonly close: () => Promise<void>
}

export interface GoneQueue {
  readonly flow: string
  readonly queue: string
}

const lookMs = 5000
/** 10 a second, about a thousandth of what a broker can answer: a hundred queues are seen in 10 s, three thousand in 5 min. */
const atATime = 50

export interface QueueWatchParts extends Pick<ChangeCore, 'broker' | 'clock' | 'log' | 'declares'> {
  /** All flows, as they were a moment ago. */
  readonly states: () => readonly FlowState[]
  /** Told of one that may not be living any more. */
  readonly onGone: (gone: GoneQueue) => Promise<void>
}

export function openQueueWatch({ broker, clock, log, declares, states, onGone }: QueueWatchParts): QueueWatch {
  let last = ''
  const lookAtSome = async (): Promise<void> => {
    const own = states().filter((state) => state.deletion === undefined && declares?.(state) !== false)
    const flows = new Map(own.flatMap(({ flow, living }) => living.map(({ queue }) => [queue, flow] as const)))
    // One after another: there is no hurry, and others wait for the same connection.
    for (const queue of takeInTurn([...flows.keys()], last, atATime)) {
      if (broker.health().kind !== 'ready') return
      last = queue
      if ((await broker.depth(queue)) === undefined) await onGone({ flow: flows.get(queue) ?? '', queue })
    }
  }
  return openPoll({ clock, everyMs: lookMs }, () =>
    lookAtSome().catch((err: unknown) => log.warn({ err }, 'living queues not looked at, they will be in a moment')),
  )
}
