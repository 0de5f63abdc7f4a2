import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Answer } from './decide/answer.ts'
import { problem } from './decide/answer.ts'
import { openSlowHooks } from './decide/slow-hooks.ts'
import type { Hook } from './hook-request.ts'

/** Keeps hooks whose own schema or expression takes long from taking all the time there is. */
export interface Pace {
  /** The answer while nothing is computed for the hook, because it has taken too long. */
  readonly refusalOf: (hook: Hook) => Answer | undefined
  /** Measures what is done for the hook, and whether that has been too much. It gives and throws what the task does. */
  readonly spend: <Value>(hook: Hook, spending: Spending<Value>) => Value
}

export interface Spending<Value> {
  readonly task: () => Value
  /** Of what the task gave or threw: it was ended before it was done. */
  readonly isTooSlow: (outcome: unknown) => boolean
  /** It is done once: only when it is too slow it counts. */
  readonly isOnce?: boolean
}

/** What a tenant has written may take for one request, milliseconds. */
export const longestMs = 250

export function openPace({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Pace {
  const slow = openSlowHooks()
  const count = (hook: Hook, spentMs: number, { isTooSlow, isOnce }: Counted): void => {
    if (isTooSlow) log.warn(namesOf(hook), 'schema or accepted.body of a webhook takes too long, it waits for a while')
    if (isTooSlow || !isOnce) slow.took(keyOf(hook), { spentMs, isTooSlow }, clock.now())
  }
  return {
    refusalOf: (hook) => {
      const waitMs = slow.waitOf(keyOf(hook), clock.now())
      return waitMs === undefined ? undefined : waitAnswer(hook, waitMs)
    },
    spend: (hook, { task, isTooSlow, isOnce = false }) => {
      // Of the processor: what waits for one keeps nobody from it.
      const before = process.threadCpuUsage()
      let outcome: unknown
      try {
        const value = task()
        outcome = value
        return value
      } catch (error) {
        outcome = error
        throw error
      } finally {
        const { user, system } = process.threadCpuUsage(before)
        count(hook, (user + system) / 1000, { isTooSlow: isTooSlow(outcome), isOnce })
      }
    },
  }
}

interface Counted {
  readonly isTooSlow: boolean
  readonly isOnce: boolean
}

function keyOf({ plan, trigger }: Hook): string {
  return `${plan.flow.uid}/${trigger.name}`
}

function namesOf({ plan: { flow }, trigger }: Hook) {
  return { flow: flow.name, namespace: flow.namespace, trigger: trigger.name }
}

function waitAnswer({ plan, trigger }: Hook, waitMs: number): Answer {
  return problem({
    status: 503,
    code: 'WebhookTooSlow',
    detail: `the schema or accepted.body of the trigger "${trigger.name}" of the flow "${plan.flow.name}" takes too long: send smaller bodies, or write it with fewer $ref, patterns and loops and without uniqueItems`,
    headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
  })
}
