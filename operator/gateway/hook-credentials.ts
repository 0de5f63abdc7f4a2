import type { Logger } from 'pino'
import { openPlanLooks, type FindPlan, type PlanPlace } from '../pools/plan-looks.ts'
import type { UsedCredentials } from '../pools/used-credentials.ts'
import { plannedCredentials, type HookNeeds } from './decide/hook-needs.ts'

/** Names of the Credentials by which callers of webhooks are told apart. */
export interface HookCredentials {
  /** Each plan is looked at once, and only where what is written does not tell it. */
  readonly of: (namespace: string, needs: readonly HookNeeds[]) => Promise<UsedCredentials>
  /** Known to be none, without another look. */
  readonly isNothing: (needs: HookNeeds) => boolean
}

export function openHookCredentials(find: FindPlan, log: Logger): HookCredentials {
  const plans = openPlanLooks(find, plannedCredentials)
  /** Undefined when there is no such plan, or none yet, and when that cannot be told now. */
  const ofPlan = (place: PlanPlace): Promise<readonly string[] | undefined> =>
    plans.of(place).catch((err: unknown) => {
      log.warn({ ...place, err }, 'plan cannot be read now')
      return undefined
    })
  return {
    of: async (namespace, needs) => {
      const looks = needs.flatMap(({ flow, revisions }) =>
        revisions.map((revision) => ofPlan({ namespace, flow, revision })),
      )
      const isTold = needs.every(({ isUnknown }) => isUnknown !== true)
      const planned = await Promise.all(looks)
      const names = [...needs.flatMap(({ credentials }) => credentials), ...planned.flatMap((found) => found ?? [])]
      return {
        names: [...new Set(names)].toSorted(),
        isComplete: isTold && planned.every((found) => found !== undefined),
      }
    },
    isNothing: ({ flow, credentials, revisions, written, isUnknown }) => {
      if (isUnknown === true) return false
      if (written !== undefined) plans.note({ flow, revision: written }, credentials)
      return credentials.length === 0 && revisions.every((revision) => plans.known({ flow, revision })?.length === 0)
    },
  }
}
