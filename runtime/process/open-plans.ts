import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { sleep } from '../clock.ts'
import { TransientError } from '../error.ts'
import type { PlanSource, WorkList } from '../plan-source.ts'
import { openDirectoryPlanSource } from '../plans/directory-plan-source.ts'
import { openStorePlanSource } from '../plans/store-plan-source.ts'
import type { Store } from '../store/store.ts'
import type { RecorderSettings } from './settings.ts'

export interface LivePlans extends PlanSource, WorkList {
  /** Where they are all of one. */
  readonly namespace?: string
  readonly close: () => Promise<void>
}

type PlanStore = Pick<Store, 'flows' | 'plans'>

export interface PlansParts {
  /** Waited for where the plans are in it. */
  readonly store: PlanStore | Promise<PlanStore>
  readonly clock: Clock
  readonly log: Logger
  /** Who consumes in this process; undefined for all. */
  readonly pools?: readonly string[] | undefined
  /** Ends the waiting, by rejecting with its reason. */
  readonly signal?: AbortSignal
}

const retryMs = 1000

/** Plans of a directory or a cluster where one is named, else those of the store. Waits until they can be read, and says in the log that it does. */
export async function openPlans(from: RecorderSettings['plans'], parts: PlansParts): Promise<LivePlans> {
  const { clock, log, signal } = parts
  for (let failures = 0; ; failures += 1) {
    signal?.throwIfAborted()
    try {
      const plans = await openOnce(from, parts)
      if (failures > 0) log.info('plans can be read')
      return plans
    } catch (err) {
      if (!(err instanceof TransientError)) throw err
      if (failures === 0) log.warn({ code: err.code, reason: err.message }, 'plans cannot be read yet')
    }
    await sleep(clock, retryMs, signal)
  }
}

async function openOnce(from: RecorderSettings['plans'], { store, clock, log, pools }: PlansParts): Promise<LivePlans> {
  if (from === undefined) return openStorePlanSource({ store: await store, clock, log })
  if (typeof from === 'string') return openDirectoryPlanSource(from, { clock, log })
  // Loaded where it is used: other processes start sooner, and are smaller, without it.
  const { openClusterPlans } = await import('./open-cluster-plans.ts')
  return openClusterPlans(from, { clock, log, pools })
}
