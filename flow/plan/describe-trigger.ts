import type { PlanPoll, PlanSchedule, PlanWebhook } from './defaults.ts'
import type { PlanTrigger } from './plan.ts'

/** What a trigger does, in a line without its name. */
export function describeTrigger({ kind, spec }: PlanTrigger): string {
  const { schedule, poll, webhook } = spec
  if (schedule !== undefined) return scheduleText(schedule)
  if (poll !== undefined) return pollText(poll)
  return webhook === undefined ? kind : webhookText(webhook)
}

function scheduleText(schedule: PlanSchedule): string {
  const { cron, timeZone, jitterSeconds, missed, startingDeadlineSeconds, overlap } = schedule
  return present([
    `schedule ${cron} ${timeZone}`,
    jitterSeconds === 0 ? undefined : `jitter ${jitterSeconds} s`,
    `missed ${missed}`,
    startingDeadlineSeconds === undefined ? undefined : `at most ${startingDeadlineSeconds} s late`,
    `overlap ${overlap}`,
  ])
}

function pollText({ everySeconds, untilEmpty }: PlanPoll): string {
  return present([`poll every ${everySeconds} s`, untilEmpty ? 'again at once until empty' : undefined])
}

function webhookText({ path, methods, auth, reply, accepted, sync, maxBodyBytes, schema }: PlanWebhook): string {
  return present([
    `webhook ${methods.join('|')} ${path}`,
    `auth ${Object.keys(auth).join('|')}`,
    reply === 'sync'
      ? `reply sync within ${sync.timeoutSeconds} s, else ${sync.onTimeout}`
      : `reply ${accepted.status}`,
    `body at most ${maxBodyBytes} bytes`,
    schema === undefined ? undefined : 'validated',
  ])
}

function present(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(', ')
}
