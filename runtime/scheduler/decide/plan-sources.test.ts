import { describe, expect, it } from 'vitest'
import { samplePlan } from '../../../test/samples/sample-plan.ts'
import { decideChange, planSources } from './plan-sources.ts'

const schedule = { name: 't', schedule: { cron: '@hourly' } }
const source = (suspend = false, cron = '@hourly') =>
  planSources([samplePlan({ suspend, triggers: [{ name: 't', schedule: { cron } }] })])[0]!

describe('planSources', () => {
  it('takes the triggers that fire by themselves', () => {
    const triggers = [
      schedule,
      { name: 'p', poll: { everySeconds: 1 } },
      { name: 'l', listen: {} },
      { name: 'm', manual: {} },
      { name: 'w', webhook: { path: '/x', auth: { none: {} } } },
    ]
    expect(planSources([samplePlan({ triggers })]).map(({ trigger }) => trigger)).toEqual(['t', 'p', 'l'])
  })

  it('takes a frozen flow for a suspended one', () => {
    const plan = samplePlan({ triggers: [schedule] })
    expect(planSources([{ ...plan, flow: { ...plan.flow, freeze: true } }])[0]?.isSuspended).toBe(true)
  })
})

describe('decideChange', () => {
  it.each([
    { name: 'opens what it sees first', before: undefined, now: source(), want: { kind: 'open', isFirstSeen: true } },
    {
      name: 'leaves what is suspended from the first',
      before: undefined,
      now: source(true),
      want: { kind: 'suspend' },
    },
    { name: 'keeps what has not changed', before: source(), now: source(), want: { kind: 'keep' } },
    {
      name: 'begins anew with another time',
      before: source(),
      now: source(false, '@daily'),
      want: { kind: 'open', isFirstSeen: false },
    },
    { name: 'suspends', before: source(), now: source(true), want: { kind: 'suspend' } },
    {
      name: 'stays suspended through an edit',
      before: source(true),
      now: source(true, '@daily'),
      want: { kind: 'keep' },
    },
    { name: 'resumes from now on', before: source(true), now: source(), want: { kind: 'open', isFirstSeen: false } },
  ])('$name', ({ before, now, want }) => {
    expect(decideChange(before, now)).toEqual(want)
  })
})
