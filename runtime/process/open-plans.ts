import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { PlanSource, WorkList } from '../plan-source.ts'
import { openDirectoryPlanSource } from '../plans/directory-plan-source.ts'
import { openStorePlanSource } from '../plans/store-plan-source.ts'
import type { Store } from '../store/store.ts'

export interface LivePlans extends PlanSource, WorkList {
  readonly close: () => Promise<void>
}

export interface PlansParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
}

/** Plans of a directory where one is named, else those of the store. */
export function openPlans(directory: string | undefined, { store, clock, log }: PlansParts): Promise<LivePlans> {
  return directory === undefined
    ? openStorePlanSource({ store, clock, log })
    : openDirectoryPlanSource(directory, { clock, log })
}
