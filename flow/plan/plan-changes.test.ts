import { describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/flow.ts'
import { compile } from './compile.ts'
import type { Plan } from './plan.ts'
import { describeChanges, planChanges } from './plan-changes.ts'
import { livingQueuesOf } from './queue-name.ts'
import { flowWith, sampleIndex } from '../../test/samples/sample-flows.ts'

const store: Step = { name: 'store', component: 'shop', function: 'upsertContact', next: [] }
const vip: Step = { name: 'vip', component: 'shop', function: 'upsertVip', next: [] }
const check: Step = { name: 'check', filter: 'data.a', next: [{ to: 'store' }, { to: 'vip' }] }
const first = compile(flowWith([check, vip, store]), { contracts: sampleIndex, revision: 1 })

function edit(steps: readonly Step[], spec: Parameters<typeof flowWith>[1] = {}): Plan {
  return compile(flowWith(steps, spec), { contracts: sampleIndex, revision: 2, livingQueues: livingQueuesOf(first) })
}

describe('planChanges', () => {
  it.each([
    {
      name: 'says nothing of an edit that means the same',
      after: edit([check, vip, store], { suspend: true }),
      want: [],
    },
    {
      name: 'names the fields of a changed step, and keeps its queue',
      after: edit([check, vip, { ...store, timeoutSeconds: 5, config: { a: 1 } }]),
      want: ['step store: changed (config, timeoutSeconds)'],
    },
    {
      name: 'tells of a step that is gone and of its queue',
      after: edit([{ ...check, next: [{ to: 'store' }] }, store]),
      want: [
        'step check: changed (next)',
        'step vip: removed',
        expect.stringMatching(/^queue of vip: retired \(uid-1\.vip\.\w+\.1\)$/),
      ],
    },
    {
      name: 'tells of a new step and its queue',
      after: edit([
        { ...check, next: [...(check.next ?? []), { to: 'more' }] },
        vip,
        store,
        { ...store, name: 'more' },
      ]),
      want: [
        'step check: changed (next)',
        'step more: added',
        expect.stringMatching(/^queue of more: new \(uid-1\.more\.\w+\.2\)$/),
      ],
    },
    {
      name: 'tells of a queue that is exchanged',
      after: edit([check, vip, { ...store, order: {} }]),
      want: [
        'step store: changed (ordered)',
        expect.stringMatching(/^queue of store: new .*\.2\)$/),
        expect.stringMatching(/^queue of store: retired .*\.1\)$/),
      ],
    },
    {
      name: 'tells of triggers and settings',
      after: edit([check, vip, store], {
        triggers: [
          { name: 'by-hand', manual: {}, to: 'vip' },
          { name: 'daily', schedule: { cron: '@daily' } },
        ],
        update: { pending: 'follow' },
      }),
      want: ['flow: pending changed', 'trigger by-hand: changed (to)', 'trigger daily: added'],
    },
    {
      name: 'tells of a trigger that is gone',
      after: edit([check, vip, store], { triggers: [{ name: 'daily', schedule: { cron: '@daily' } }] }),
      want: ['trigger daily: added', 'trigger by-hand: removed'],
    },
  ])('$name', ({ after, want }) => {
    expect(describeChanges(planChanges(first, after))).toEqual(want)
  })

  it('is empty exactly when the hash is the same', () => {
    const after = [edit([check, vip, store], { suspend: true }), edit([check, vip, { ...store, credential: 'x' }])]
    for (const plan of after)
      expect(describeChanges(planChanges(first, plan)).length === 0).toBe(plan.hash === first.hash)
  })

  it('takes all for added where there was nothing', () => {
    const changes = planChanges(undefined, first)
    expect(changes.steps.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'added check',
      'added vip',
      'added store',
    ])
    expect(changes.queues.every(({ kind }) => kind === 'new')).toBe(true)
    expect(changes.settings).toEqual([])
  })

  it('lists the queues that are kept', () => {
    const { queues } = planChanges(first, edit([check, vip, store]))
    expect(queues.map(({ kind }) => kind)).toEqual(['kept', 'kept', 'kept'])
  })
})
