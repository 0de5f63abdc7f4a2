import { Cron } from 'croner'
import { nearestOf, quoted } from '../finding/suggest.ts'
import { remembered } from './remembered.ts'

/** What is wrong with a cron expression, with what to do; undefined when nothing is. */
export const cronMistake = remembered((text: string): string | undefined => {
  let cron: Cron
  try {
    cron = new Cron(text, { paused: true, mode: '5-or-6-parts', timezone: 'UTC' })
  } catch (error) {
    return `${quoted(text)} is no cron expression: ${inWords(text, error)}`
  }
  if (cron.getPattern() === undefined)
    return `${quoted(text)} is an instant, and a schedule repeats: write a cron expression, as "0 3 * * *"`
  // A fixed instant: whether a time ever comes does not depend on today.
  const never = cron.nextRun(new Date(Date.UTC(2026, 0))) === null
  return never ? `${quoted(text)} names a time that never comes: correct day and month` : undefined
})

const fields = 'write five fields (minute, hour, day, month, weekday), or six with seconds first'

function inWords(text: string, error: unknown): string {
  const said = error instanceof Error ? error.message : ''
  if (/exactly (five|5)|requires exactly/.test(said)) {
    if (text.startsWith('@')) return 'there is @hourly, @daily, @weekly, @monthly and @yearly'
    return `it has ${text.trim() === '' ? 0 : text.trim().split(/\s+/).length} fields; ${fields}`
  }
  if (said.includes('@reboot')) return 'there is @hourly, @daily, @weekly, @monthly and @yearly'
  const [, detail = said] = /^CronPattern: (.*)$/.exec(said) ?? []
  return detail.charAt(0).toLowerCase() + detail.slice(1)
}

/** What is wrong with an IANA name; undefined when nothing is. */
export const timeZoneMistake = remembered((name: string): string | undefined => {
  try {
    Intl.DateTimeFormat('en', { timeZone: name })
    return undefined
  } catch {
    const nearest = nearestZone(name)
    const hint = nearest === undefined ? 'write an IANA name, as Europe/Berlin or UTC' : `did you mean ${nearest}?`
    return `there is no time zone ${quoted(name)}: ${hint}`
  }
})

/** By the whole name, else by the city alone, as in `Berlin`. */
function nearestZone(name: string): string | undefined {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')]
  const city = name.slice(name.lastIndexOf('/') + 1).toLowerCase()
  const ofCity = zones.find((zone) => zone.toLowerCase().endsWith(`/${city}`))
  return ofCity ?? nearestOf(name, zones)
}
