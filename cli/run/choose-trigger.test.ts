import { describe, expect, it } from 'vitest'
import { sampleFlow, samplePlans } from '../../test/samples/local-plans.ts'
import { UsageError } from '../usage-error.ts'
import { chooseTrigger } from './choose-trigger.ts'

const manual = '{name: by-hand, manual: {}}'
const nightly = '{name: nightly, schedule: {cron: "0 3 * * *"}}'
const often = '{name: often, schedule: {cron: "* * * * *"}}'
const listening = '{name: feed, listen: {}}'

const one = sampleFlow('one', `[${nightly}]`)
const both = sampleFlow('both', `[${nightly}, ${manual}]`)
const two = sampleFlow('two', `[${nightly}, ${often}]`)
const elsewhere = sampleFlow('one', `[${often}]`, ', namespace: other')

describe('chooseTrigger', () => {
  it.each([
    { name: 'takes the only trigger', flows: [one], named: undefined, want: 'default one nightly' },
    {
      name: 'takes the only manual one among others',
      flows: [one, both, two],
      named: undefined,
      want: 'default both by-hand',
    },
    { name: 'takes the only trigger of a flow', flows: [one, both], named: 'one', want: 'default one nightly' },
    {
      name: 'takes the only manual one of a flow',
      flows: [both, both.replace('both', 'third')],
      named: 'both',
      want: 'default both by-hand',
    },
    { name: 'takes what is named', flows: [both, two], named: 'two/often', want: 'default two often' },
    {
      name: 'takes what is named with its namespace',
      flows: [one, elsewhere],
      named: 'other/one',
      want: 'other one often',
    },
    { name: 'takes a full name', flows: [one, elsewhere], named: 'default/one/nightly', want: 'default one nightly' },
  ])('$name', ({ flows, named, want }) => {
    const { plan, trigger } = chooseTrigger(samplePlans(flows.join('')), named)
    expect(`${plan.flow.namespace} ${plan.flow.name} ${trigger.name}`).toBe(want)
  })

  it.each([
    {
      name: 'lists all when it is not clear which',
      flows: [one, two],
      named: undefined,
      want: 'say which trigger with --trigger FLOW/TRIGGER: one/nightly (schedule), two/nightly (schedule), two/often (schedule)',
    },
    {
      name: 'lists those of the flow that was named',
      flows: [one, two],
      named: 'two',
      want: 'say which trigger with --trigger FLOW/TRIGGER: two/nightly (schedule), two/often (schedule)',
    },
    {
      name: 'lists with namespaces where there are several',
      flows: [one, elsewhere],
      named: 'one',
      want: 'say which trigger with --trigger FLOW/TRIGGER: default/one/nightly (schedule), other/one/often (schedule)',
    },
    {
      name: 'suggests a near name',
      flows: [both],
      named: 'both/by-hnad',
      want: 'there is no trigger "both/by-hnad"; did you mean "both/by-hand"? There are: both/nightly (schedule), both/by-hand (manual)',
    },
    {
      name: 'lists all where nothing is near',
      flows: [one],
      named: 'payments',
      want: 'there is no trigger "payments". There are: one/nightly (schedule)',
    },
    {
      name: 'refuses one that never ends',
      flows: [sampleFlow('endless', `[${listening}]`)],
      named: undefined,
      want: 'trigger "endless/feed" listens without an end: run it without --once',
    },
    {
      name: 'refuses a flow of which nothing would run',
      flows: [one.replace('spec:', 'spec:\n  freeze: true')],
      named: undefined,
      want: 'flow "one" is frozen, so nothing of it would run: remove "freeze: true"',
    },
  ])('$name', ({ flows, named, want }) => {
    expect(() => chooseTrigger(samplePlans(flows.join('')), named)).toThrow(new UsageError(want))
  })

  it('fires a suspended flow: whoever fires it by hand means it', () => {
    const suspended = one.replace('spec:', 'spec:\n  suspend: true')
    expect(chooseTrigger(samplePlans(suspended), undefined).trigger.name).toBe('nightly')
  })
})
