import { describe, expect, it } from 'vitest'
import type { Carried, Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import { choosePlan, queueAt } from './choose-plan.ts'

interface Sample {
  readonly revision: number
  readonly steps?: readonly string[]
  readonly pending?: 'finish' | 'follow'
  readonly trigger?: PlanTrigger['kind']
  readonly carried?: Carried
}

/** As much of a plan as the choice looks at. */
function planOf({ revision, steps = ['a', 'b'], pending = 'finish', trigger, carried }: Sample): Plan {
  return {
    revision,
    flow: { pending },
    steps: Object.fromEntries(steps.map((name) => [name, { name }])),
    triggers: trigger === undefined ? [] : [{ name: 't', kind: trigger, to: 'b' }],
    carried: carried ?? { steps: {}, trigger: [] },
    stages: [
      { queue: 'q1', entries: ['a', 'c'] },
      { queue: 'q2', entries: ['b', 'c'] },
    ],
  } as unknown as Plan // the rest is not looked at
}

const reads = (...paths: string[][]): Carried => ({ steps: { x: paths }, trigger: [] })
const follow = (rest: Omit<Sample, 'revision'> = {}): Sample => ({ revision: 2, pending: 'follow', ...rest })

describe('choosePlan', () => {
  it.each([
    { name: 'the named one', named: { revision: 1 }, active: { revision: 2 }, want: 'named' },
    { name: 'the named one where nothing is active', named: { revision: 1 }, want: 'named' },
    { name: 'none when the named one is gone', active: { revision: 2 }, want: 'mismatch' },
    { name: 'none when it has no such step', named: { revision: 1, steps: ['z'] }, want: 'mismatch' },
    { name: 'the active one with follow', named: { revision: 1 }, active: follow(), want: 'active' },
    { name: 'never an older one', named: { revision: 3 }, active: follow(), want: 'named' },
    {
      name: 'the named one when the active lacks the step',
      named: { revision: 1 },
      active: follow({ steps: ['z'] }),
      want: 'named',
    },
    {
      name: 'the active one when it reads less',
      named: { revision: 1, carried: reads(['data']) },
      active: follow({ carried: reads(['data', 'id']) }),
      want: 'active',
    },
    {
      name: 'the named one when the active reads more',
      named: { revision: 1, carried: reads(['data', 'id']) },
      active: follow({ carried: reads(['data']) }),
      want: 'named',
    },
    {
      name: 'the named one when the active reads another step',
      named: { revision: 1 },
      active: follow({ carried: reads(['data']) }),
      want: 'named',
    },
    {
      name: 'the active one when the named carries every step',
      named: { revision: 1, carried: { steps: { '*': [[]] }, trigger: [] } },
      active: follow({ carried: reads(['data']) }),
      want: 'active',
    },
    {
      name: 'the named one when the active reads of the trigger what is not carried',
      named: { revision: 1 },
      active: follow({ carried: { steps: {}, trigger: [['data']] } }),
      want: 'named',
    },
    {
      name: 'the active one for the fire of a poll',
      isEntry: true,
      named: { revision: 1, trigger: 'poll' as const },
      active: { revision: 2, trigger: 'poll' as const },
      want: 'active',
    },
    {
      name: 'the active one for the fire of a poll whose plan is gone',
      isEntry: true,
      active: { revision: 2, trigger: 'listen' as const },
      want: 'active',
    },
    {
      name: 'none for the fire of a poll that is gone',
      isEntry: true,
      named: { revision: 1, trigger: 'poll' as const },
      active: { revision: 2 },
      want: 'triggerGone',
    },
    {
      name: 'none for the fire of a poll that is a schedule now',
      isEntry: true,
      named: { revision: 1, trigger: 'poll' as const },
      active: { revision: 2, trigger: 'schedule' as const },
      want: 'triggerGone',
    },
    {
      name: 'the named one for the fire of a schedule',
      isEntry: true,
      named: { revision: 1, trigger: 'schedule' as const },
      active: { revision: 2, trigger: 'schedule' as const },
      want: 'named',
    },
    {
      name: 'the named one behind the fire of a poll',
      named: { revision: 1, trigger: 'poll' as const },
      active: { revision: 2 },
      want: 'named',
    },
  ])(
    'gives $name',
    ({
      named,
      active,
      isEntry = false,
      want,
    }: {
      named?: Sample
      active?: Sample
      isEntry?: boolean
      want: string
    }) => {
      const headers = { revision: named?.revision ?? 1, trigger: 't', at: 'a' }
      const choice = choosePlan({ named: named && planOf(named), active: active && planOf(active), headers, isEntry })
      expect(choice.kind).toBe(want)
    },
  )

  it('lets the fire of a poll enter where the active plan has its trigger', () => {
    const named = planOf({ revision: 1, trigger: 'poll' })
    const active = planOf({ revision: 2, trigger: 'poll' })
    const headers = { revision: 1, trigger: 't', at: 'a' }
    expect(choosePlan({ named, active, headers, isEntry: true })).toMatchObject({ kind: 'active', at: 'b' })
  })
})

describe('queueAt', () => {
  const plan = planOf({ revision: 1 })
  it.each([
    { name: 'the only one', at: 'b', current: 'q1', want: 'q2' },
    { name: 'the current one where several have the step', at: 'c', current: 'q2', want: 'q2' },
    { name: 'the first without a current one', at: 'c', want: 'q1' },
    { name: 'none for a step that is nowhere', at: 'z', want: undefined },
  ])('gives $name', ({ at, current, want }) => {
    expect(queueAt(plan, at, current)).toBe(want)
  })
})
