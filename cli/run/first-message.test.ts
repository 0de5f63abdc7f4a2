import { describe, expect, it } from 'vitest'
import { sampleFlow, samplePlans } from '../../test/samples/local-plans.ts'
import { firstMessage } from './first-message.ts'

const terminal = { stdin: async () => '' }

function chosen(trigger: string) {
  const plan = samplePlans(sampleFlow('a', `[${trigger}]`))[0]!
  return { plan, trigger: plan.triggers[0]! }
}
const manual = chosen('{name: m, manual: {}}')
const schedule = chosen('{name: s, schedule: {cron: "@daily"}}')
const hook = chosen(
  '{name: h, webhook: {path: /x, auth: {none: {}}, schema: {type: object, required: [id], properties: {id: {type: integer}}}}}',
)

const fired = (trigger: typeof manual, data?: string, header: Record<string, string> = {}) =>
  firstMessage(
    trigger,
    { ...(data !== undefined && { data }), header: new Map(Object.entries(header)) },
    { terminal, nowMs: 0 },
  )

describe('firstMessage', () => {
  it('has the data and headers that were given', async () => {
    expect((await fired(manual, '[1]', { a: 'b' })).message).toMatchObject({ data: [1], headers: { a: 'b' } })
    expect((await fired(hook, '{"id": 1}', { 'X-A': 'b' })).view).toMatchObject({
      request: { headers: { 'x-a': 'b' } },
    })
    expect((await fired(schedule)).message).toMatchObject({ data: { scheduledAt: '1970-01-01T00:00:00.000Z' } })
  })

  it.each([
    { name: 'headers for a schedule', make: () => fired(schedule, undefined, { a: 'b' }), want: '"s" is a schedule' },
    {
      name: 'what the webhook would refuse',
      make: () => fired(hook, '{"id": "x"}'),
      want: '--data: the body does not fit the schema of the webhook "h": /id must be integer',
    },
    { name: 'nothing, where the webhook needs something', make: () => fired(hook), want: 'does not fit the schema' },
    {
      name: 'what is larger than a message may be',
      make: () => fired(manual, JSON.stringify('x'.repeat(11_000_000))),
      want: 'the message has 10.5 MB, and at most 10.0 are allowed',
    },
  ])('refuses $name', async ({ make, want }) => {
    await expect(make()).rejects.toThrow(want)
  })
})
