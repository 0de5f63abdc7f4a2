import type { Run, StepEvent, Store } from '../../runtime/store/store.ts'
import type { RunSummary } from './run-summary.ts'
import { summaryOf } from './run-summary.ts'
import type { SeenMessage } from './seen-message.ts'
import { messagesOf } from './seen-message.ts'
import { withDeaths } from './with-deaths.ts'

/** All that was seen of a run. */
export interface LookedAtRun {
  readonly events: readonly StepEvent[]
  readonly messages: readonly SeenMessage[]
  readonly summary: RunSummary
  /** There are more events than are looked at: how it stands is not known. */
  readonly isCut: boolean
}

/** Of one run; so many are held in memory. */
export const mostEvents = 200_000
const mostLetters = 1000

export async function lookAtRun(
  { runs, deadLetters }: Pick<Store, 'runs' | 'deadLetters'>,
  run: Pick<Run, 'id'>,
): Promise<LookedAtRun> {
  const [observed, letters] = await Promise.all([
    runs.events(run.id, mostEvents),
    deadLetters.list({ run: run.id, limit: mostLetters }),
  ])
  const events = withDeaths(observed, letters)
  const messages = messagesOf(events)
  const isCut = observed.length >= mostEvents
  const summary = summaryOf(run, messages)
  return { events, messages, summary: isCut ? { ...summary, state: 'unknown' } : summary, isCut }
}
