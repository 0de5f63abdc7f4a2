import { describe, expect, it } from 'vitest'
import { sampleFlow, samplePlans } from '../../test/samples/local-plans.ts'
import { announcement } from './announcement.ts'

const noTriggers = { gateway: undefined, next: [] }

describe('announcement', () => {
  it('tells where webhooks listen and when schedules fire', () => {
    const triggers = `[{name: hook, webhook: {path: /x, methods: [POST, PUT], auth: {none: {}}}}, {name: plain, webhook: {path: /y, auth: {none: {}}}}, {name: nightly, schedule: {cron: "@daily"}}]`
    const plans = samplePlans(sampleFlow('a', triggers, ', namespace: sales'))
    const next = [{ flow: plans[0]!.flow.uid, trigger: 'nightly', at: Date.UTC(2026, 0, 31, 3) }]
    expect(announcement(plans, { gateway: { url: 'http://127.0.0.1:8080' }, next })).toBe(`flow a, revision 1
  hook  webhook  POST, PUT  http://127.0.0.1:8080/hooks/sales/x
  plain  webhook  POST  http://127.0.0.1:8080/hooks/sales/y
  nightly  schedule  next at 2026-01-31T03:00:00.000Z
running; Ctrl-C stops
`)
  })

  it('says that nothing will happen where there are manual triggers alone', () => {
    expect(announcement(samplePlans(sampleFlow('a', '[{name: by-hand, manual: {}}]')), noTriggers)).toContain(
      'nothing starts by itself here: fire a trigger with --once\n',
    )
  })

  it('shows what is suspended or frozen', () => {
    const flow = sampleFlow('a', '[{name: s, schedule: {cron: "@daily"}}]').replace(
      'spec:',
      'spec:\n  suspend: true\n  freeze: true',
    )
    expect(announcement(samplePlans(flow), noTriggers)).toMatch(
      /^flow a, revision 1, suspended, frozen\n {2}s {2}schedule\n/,
    )
  })
})
