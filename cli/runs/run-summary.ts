import type { Run } from '../../runtime/store/store.ts'
import { messageTree } from './message-tree.ts'
import type { SeenMessage } from './seen-message.ts'
import { hasEnded } from './seen-message.ts'

/** A run in numbers, as far as it was observed. */
export interface RunSummary {
  /** `failed`: all has ended, something as a dead letter. `unknown`: nothing was seen of it, or not what came of which. */
  readonly state: 'running' | 'finished' | 'failed' | 'unknown'
  /** That were seen, each once. */
  readonly messages: number
  readonly dead: number
  readonly discarded: number
  /** That wait for their next attempt, or are said to have been given and were not seen. */
  readonly underWay: number
  /** Milliseconds since 1970 of the last that was seen; undefined when nothing was. */
  readonly lastAt?: number
}

export function summaryOf(run: Pick<Run, 'id'>, messages: readonly SeenMessage[]): RunSummary {
  const tree = messageTree(run.id, messages)
  // Each once, as it stands now.
  const own = messages.filter((message) => !message.isPart && tree.isLatest(message))
  const dead = own.filter(({ fate }) => fate.kind === 'dead').length
  const underWay = own.reduce((sum, message) => sum + tree.unseenOf(message) + (hasEnded(message) ? 0 : 1), 0)
  const counts = {
    messages: own.length,
    dead,
    discarded: messages.filter(({ fate }) => fate.kind === 'discarded').length,
    underWay,
  }
  if (messages.length === 0) return { ...counts, state: 'unknown' }
  const lastAt = messages.reduce((last, { endedAt }) => Math.max(last, endedAt), 0)
  return { ...counts, state: stateOf(counts, own, run.id), lastAt }
}

function stateOf(
  { dead, underWay }: Pick<RunSummary, 'dead' | 'underWay'>,
  messages: readonly SeenMessage[],
  run: string,
): RunSummary['state'] {
  // Written before messages named their parents: nobody can tell what is still to come.
  if (messages.some(({ id, parentId }) => parentId === undefined && id !== run)) return dead > 0 ? 'failed' : 'unknown'
  if (underWay > 0) return 'running'
  return dead > 0 ? 'failed' : 'finished'
}
