import type { Logger } from 'pino'
import { boundedMap } from '../../kube/write/bounded-map.ts'
import { openSlots } from '../../kube/write/slots.ts'
import type { FindPlan, UsedCredentials } from '../pools/used-credentials.ts'
import { plannedCredentials, type HookNeeds } from './decide/hook-needs.ts'

/** Names of the Credentials by which callers of webhooks are told apart. */
export interface HookCredentials {
  /** Each plan is looked at once, and only where what is written does not tell it. */
  readonly of: (namespace: string, needs: readonly HookNeeds[]) => Promise<UsedCredentials>
  /** Known to be none, without another look. */
  readonly isNothing: (needs: HookNeeds) => boolean
}

const rememberedPlans = 50_000
const plansAtOnce = 8

export function openHookCredentials(find: FindPlan, log: Logger): HookCredentials {
  const known = boundedMap<readonly string[]>(rememberedPlans)
  const slots = openSlots(plansAtOnce)
  /** Undefined when there is no such plan, or none yet. */
  const ofPlan = async (namespace: string, flow: string, revision: number): Promise<readonly string[] | undefined> => {
    const key = `${flow}/${revision}`
    const before = known.get(key)
    if (before !== undefined) return before
    const release = await slots.take()
    try {
      const plan = await find({ namespace, flow, revision })
      const found = plan && plannedCredentials(plan)
      if (found !== undefined) known.set(key, found)
      return found
    } catch (err) {
      log.warn({ namespace, flow, revision, err }, 'plan cannot be read now')
      return undefined
    } finally {
      release()
    }
  }
  return {
    of: async (namespace, needs) => {
      const looks = needs.flatMap(({ flow, revisions }) =>
        revisions.map((revision) => ofPlan(namespace, flow, revision)),
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
      if (written !== undefined) known.set(`${flow}/${written}`, credentials)
      return credentials.length === 0 && revisions.every((revision) => known.get(`${flow}/${revision}`)?.length === 0)
    },
  }
}
