import { Cron } from 'croner'

/**
 * The instants of a cron expression in a time zone, in milliseconds since 1970; whole seconds.
 *
 * Where clocks change, the rule is Vixie cron's. Fixed times (no `*` and no step in seconds, minutes and hours, as
 * `30 2 * * *`) run once a day: in a gap at its end, in an overlap at the first of the two. All others go by what the
 * clock on the wall shows: nothing in a gap, both times in an overlap, so that a minute schedule never stops and never bunches.
 */
export interface CronTimes {
  /** The first instant after the given one; undefined when there is none. */
  readonly nextAfter: (at: number) => number | undefined
  /** The newest instants in `(after, until]`, oldest first, and whether there were more than `atMost`. */
  readonly newest: (range: CronRange) => { readonly times: readonly number[]; readonly hasMore: boolean }
}

export interface CronRange {
  readonly after: number
  readonly until: number
  readonly atMost: number
}

/** Cron arithmetic is the cost of a scheduler: equal expressions share one `CronTimes`, and it remembers the next instant. */
export interface CronBook {
  /** @throws {Error} the expression or the zone is not one; the lint has found it before */
  readonly timesOf: (expression: string, timeZone?: string) => CronTimes
}

const defaultTimeZone = 'UTC'

export function cronBook(): CronBook {
  const pages = new Map<string, CronTimes>()
  return {
    timesOf: (expression, timeZone = defaultTimeZone) => {
      const key = `${timeZone} ${expression}`
      const known = pages.get(key)
      if (known !== undefined) return known
      const times = cronTimes(expression, timeZone)
      pages.set(key, times)
      return times
    },
  }
}

const mostKnown = 4

/** @throws {Error} the expression or the zone is not one */
export function cronTimes(expression: string, timeZone: string): CronTimes {
  const cron = new Cron(expression, { timezone: timeZone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' })
  if (cron.getPattern() === undefined) throw new Error(`"${expression}" is a date, not a cron expression`)
  // Between two neighbours the answer is the same. A few pairs: whoever fires one time asks for the next two as well.
  const known: { readonly from: number; readonly next: number | undefined }[] = []
  const nextAfter = (at: number): number | undefined => {
    const pair = known.find(({ from, next = Number.POSITIVE_INFINITY }) => from <= at && at < next)
    if (pair !== undefined) return pair.next
    const next = cron.nextRun(new Date(at))?.getTime()
    known.unshift({ from: at, next })
    known.splice(mostKnown)
    return next
  }
  nextAfter(Date.UTC(2026, 0)) // a zone that does not exist shows itself only here
  return {
    nextAfter,
    newest: ({ after, until, atMost }) => {
      // Its reference is exclusive, ours is not.
      const found = cron.previousRuns(atMost + 1, new Date(until + 1)).map((date) => date.getTime())
      const within = found.filter((time) => time > after && time <= until).reverse()
      const hasMore = within.length > atMost
      return { times: hasMore ? within.slice(1) : within, hasMore }
    },
  }
}
