import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { PlanSource, WorkList } from '../plan-source.ts'
import type { Store } from '../store/store.ts'
import { openComplaints } from './complaints.ts'
import { flowViews } from './flow-views.ts'
import { openPoll } from './poll.ts'

/** Plans and living queues as they are in the store. */
export interface StorePlanSource extends PlanSource, WorkList {
  /** A flow was changed by this process: it is read at once. Resolves when it was, or when that has failed and is left to the poll. */
  readonly notify: (flow: string) => Promise<void>
  readonly close: () => Promise<void>
}

export interface StorePlanOptions {
  readonly store: Pick<Store, 'flows' | 'plans'>
  readonly clock: Clock
  readonly log: Logger
  /** How often the store is asked for what other processes have changed; 2 s by default. */
  readonly pollMs?: number
}

const defaultPollMs = 2000

/** @throws {TransientError} when the store does not answer: without a first look nothing is known, and that is not the same as no flows */
export async function openStorePlanSource(options: StorePlanOptions): Promise<StorePlanSource> {
  const { store, clock, log, pollMs = defaultPollMs } = options
  const views = flowViews({ state: store.flows.get, states: store.flows.list, plan: store.plans.get })
  await views.readAll()
  const complaints = openComplaints(log)
  const poll = openPoll({ clock, everyMs: pollMs }, () => complaints.over(views.readAll()))
  return {
    ...views,
    notify: (flow) =>
      views.read(flow).catch((err: unknown) => log.warn({ flow, err }, 'plan not read, the last one stays')),
    close: poll.close,
  }
}
