import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cronBook, cronTimes } from './cron-times.ts'

const berlin = 'Europe/Berlin'

function following(expression: string, timeZone: string, after: string, count: number): string[] {
  const times = cronTimes(expression, timeZone)
  const found: string[] = []
  let at: number | undefined = Date.parse(after)
  while (found.length < count) {
    at = times.nextAfter(at)
    if (at === undefined) break
    found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'))
  }
  return found
}

describe('cronTimes', () => {
  it.each([
    {
      name: 'runs a nightly time at 03:00 on both sides of the spring switch',
      cron: '0 3 * * *',
      zone: berlin,
      after: '2026-03-28T00:00Z',
      want: ['2026-03-28T02:00Z', '2026-03-29T01:00Z', '2026-03-30T01:00Z'],
    },
    {
      name: 'runs a nightly time at 03:00 on both sides of the autumn switch',
      cron: '0 3 * * *',
      zone: berlin,
      after: '2026-10-24T00:00Z',
      want: ['2026-10-24T01:00Z', '2026-10-25T02:00Z', '2026-10-26T02:00Z'],
    },
    {
      name: 'runs a fixed time that falls into the gap at its end, the same day',
      cron: '30 2 * * *',
      zone: berlin,
      after: '2026-03-28T00:00Z',
      want: ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    },
    {
      name: 'runs a fixed time that comes twice once, the first time',
      cron: '30 2 * * *',
      zone: berlin,
      after: '2026-10-24T00:00Z',
      want: ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    },
    {
      name: 'takes a list of fixed times for fixed times',
      cron: '30 2,14 * * *',
      zone: berlin,
      after: '2026-10-24T20:00Z',
      want: ['2026-10-25T00:30Z', '2026-10-25T13:30Z', '2026-10-26T01:30Z'],
    },
    {
      name: 'neither stops nor bunches an interval in the overlap',
      cron: '*/30 * * * *',
      zone: berlin,
      after: '2026-10-24T23:31Z',
      want: ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-25T02:00Z'],
    },
    {
      name: 'goes on with an interval after the gap',
      cron: '*/30 * * * *',
      zone: berlin,
      after: '2026-03-29T00:15Z',
      want: ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z'],
    },
    {
      name: 'leaves an interval within the lost hour out',
      cron: '*/30 2 * * *',
      zone: berlin,
      after: '2026-03-28T00:00Z',
      want: ['2026-03-28T01:00Z', '2026-03-28T01:30Z', '2026-03-30T00:00Z'],
    },
    {
      name: 'knows an overlap of half an hour',
      cron: '0 * * * *',
      zone: 'Australia/Lord_Howe',
      after: '2026-04-04T13:30Z',
      want: ['2026-04-04T14:00Z', '2026-04-04T15:30Z', '2026-04-04T16:30Z'],
    },
    {
      name: 'knows zones that are half an hour off',
      cron: '@hourly',
      zone: 'Asia/Kolkata',
      after: '2026-01-01T00:00Z',
      want: ['2026-01-01T00:30Z', '2026-01-01T01:30Z'],
    },
    {
      name: 'knows zones that are three quarters of an hour off',
      cron: '0 12 * * *',
      zone: 'Asia/Kathmandu',
      after: '2026-01-01T00:00Z',
      want: ['2026-01-01T06:15Z'],
    },
    { name: 'knows @daily', cron: '@daily', zone: 'UTC', after: '2026-01-01T00:00Z', want: ['2026-01-02T00:00Z'] },
    { name: 'knows @weekly', cron: '@weekly', zone: 'UTC', after: '2026-01-01T00:00Z', want: ['2026-01-04T00:00Z'] },
    { name: 'knows @monthly', cron: '@monthly', zone: 'UTC', after: '2026-01-01T00:00Z', want: ['2026-02-01T00:00Z'] },
    { name: 'knows @yearly', cron: '@yearly', zone: 'UTC', after: '2026-01-01T00:00Z', want: ['2027-01-01T00:00Z'] },
    {
      name: 'finds a leap day',
      cron: '0 0 29 2 *',
      zone: 'UTC',
      after: '2026-01-01T00:00Z',
      want: ['2028-02-29T00:00Z'],
    },
    {
      name: 'gives nothing for a day that never comes',
      cron: '0 0 30 2 *',
      zone: 'UTC',
      after: '2026-01-01T00:00Z',
      want: [],
    },
  ])('$name', ({ cron, zone, after, want }) => {
    expect(following(cron, zone, after, Math.max(want.length, 1))).toEqual(want)
  })

  it('reads six fields as seconds first', () => {
    const times = cronTimes('*/20 * * * * *', 'UTC')
    expect(times.nextAfter(0)).toBe(20_000)
    expect(times.nextAfter(20_000)).toBe(40_000)
    expect(times.nextAfter(20_500)).toBe(40_000)
  })

  it('answers the same in whatever order it is asked', () => {
    const times = cronTimes('*/5 * * * *', 'UTC')
    expect([times.nextAfter(0), times.nextAfter(600_000), times.nextAfter(1), times.nextAfter(299_999)]).toEqual([
      300_000, 900_000, 300_000, 300_000,
    ])
  })

  it.each([
    ['0 25 * * *', 'UTC'],
    ['* * * * * * *', 'UTC'],
    ['@never', 'UTC'],
    ['', 'UTC'],
    ['2026-01-01T00:00:00', 'UTC'],
    ['* * * * *', 'Mars/Base'],
  ])('throws on %j in %s', (cron, zone) => {
    expect(() => cronTimes(cron, zone)).toThrow()
  })

  it('gives the newest times looking back that it gives looking forward, through both switches', () => {
    const switches = [Date.parse('2026-03-29T01:00Z'), Date.parse('2026-10-25T01:00Z')]
    const expressions = ['*/17 * * * *', '30 2 * * *', '15 2,3 * * *', '0 */2 * * *', '*/30 2 * * *', '0 3 * * 0']
    fc.assert(
      fc.property(
        fc.constantFrom(...switches),
        fc.constantFrom(...expressions),
        fc.integer({ min: -200_000, max: 0 }),
        fc.integer({ min: 1, max: 200_000 }),
        (instant, expression, backSeconds, forthSeconds) => {
          const times = cronTimes(expression, berlin)
          const [after, until] = [instant + backSeconds * 1000, instant + forthSeconds * 1000]
          const forward: number[] = []
          for (let at = times.nextAfter(after); at !== undefined && at <= until; at = times.nextAfter(at))
            forward.push(at)
          expect(times.newest({ after, until, atMost: 1000 })).toEqual({ times: forward, hasMore: false })
          expect(times.newest({ after, until, atMost: 3 })).toEqual({
            times: forward.slice(-3),
            hasMore: forward.length > 3,
          })
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('cronBook', () => {
  it('shares one page among equal expressions, and takes UTC where no zone is named', () => {
    const book = cronBook()
    expect(book.timesOf('* * * * *')).toBe(book.timesOf('* * * * *', 'UTC'))
    expect(book.timesOf('* * * * *')).not.toBe(book.timesOf('* * * * *', berlin))
  })
})
