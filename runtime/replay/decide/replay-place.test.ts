import { describe, expect, it } from 'vitest'
import type { Carried, Plan } from '../../../flow/plan/plan.ts'
import { headersOf } from '../../store/conformance/store-promise.ts'
import type { MessageHeaders } from '../../wire/message.ts'
import type { ReplayQuestion, ReplayTarget } from './replay-place.ts'
import { decideReplay } from './replay-place.ts'

interface Sample {
  readonly revision: number
  readonly steps?: readonly string[]
  readonly trigger?: string
  readonly carried?: Carried
}

/** As much of a plan as the decision looks at. */
function planOf({ revision, steps = ['fetch', 'store'], trigger = 'by-hand', carried }: Sample): Plan {
  return {
    revision,
    hash: `hash-${revision}`,
    steps: Object.fromEntries(steps.map((name) => [name, { name }])),
    triggers: [{ name: trigger, kind: 'manual', to: 'fetch' }],
    carried: carried ?? { steps: {}, trigger: [] },
    stages: steps.map((name) => ({ queue: `q-${name}-${revision}`, entries: [name] })),
  } as unknown as Plan // the rest is not looked at
}

const reads = (...paths: string[][]): Carried => ({ steps: { fetch: paths }, trigger: [] })
const died: MessageHeaders = { ...headersOf('flow'), notBefore: 5, notAfter: 6, replyTo: 'r', hops: 2, tracked: true }

interface Case extends Partial<Omit<ReplayQuestion, 'named' | 'active' | 'letter' | 'target'>> {
  readonly name: string
  readonly named?: Sample | null
  readonly active?: Sample | null
  readonly to?: ReplayTarget
  readonly headers?: Partial<MessageHeaders>
  readonly want: string
}

function decide({ named = { revision: 1 }, active = { revision: 2 }, to, headers, isEdited = false }: Case) {
  return decideReplay({
    letter: { step: 'store', replay: 3, headers: { ...died, ...headers } },
    named: named === null ? undefined : planOf(named),
    active: active === null ? undefined : planOf(active),
    target: to ?? { kind: 'failedStep' },
    isEdited,
  })
}

const step = (name: string): ReplayTarget => ({ kind: 'step', step: name })

describe('a dead letter is replayed', () => {
  it.each<Case>([
    { name: 'under the active plan, where it failed', want: 'q-store-2' },
    { name: 'at the step that its trigger goes to', to: { kind: 'entry' }, want: 'q-fetch-2' },
    { name: 'at a step by its name', to: step('fetch'), want: 'q-fetch-2' },
    { name: 'under the active plan when its own is gone and nothing is carried', named: null, want: 'q-store-2' },
    {
      name: 'under the active plan when that reads less',
      named: { revision: 1, carried: reads(['data']) },
      active: { revision: 2, carried: reads(['data', 'id']) },
      want: 'q-store-2',
    },
    {
      name: 'under its own plan when the active one reads more',
      active: { revision: 2, carried: reads([]) },
      want: 'q-store-1',
    },
    {
      name: 'under its own plan when the active one lacks the step',
      active: { revision: 2, steps: ['fetch'] },
      want: 'q-store-1',
    },
    {
      name: 'under the active plan, whatever that reads, when it was edited',
      active: { revision: 2, carried: reads([]) },
      isEdited: true,
      want: 'q-store-2',
    },
  ])('$name', (sample) => {
    expect(decide(sample)).toMatchObject({ kind: 'place', queue: sample.want })
  })

  it('with a fresh attempt and the next replay, its run kept, and nothing of its waits or of who waited for it', () => {
    const place = decide({ name: '', want: '' })
    const { copy: _, notBefore: __, notAfter: ___, replyTo: ____, ...kept } = died
    const own = { revision: 2, revisionHash: 'hash-2', at: 'store', attempt: 1, hops: 0, replay: 4 }
    expect(place).toEqual({ kind: 'place', queue: 'q-store-2', headers: { ...kept, ...own } })
  })

  it.each([
    { name: 'behind its step where it died behind it', at: 'store', to: undefined, want: true },
    { name: 'at its step where that is asked for', at: 'store', to: step('store'), want: undefined },
    { name: 'at its step where another was left', at: 'fetch', to: undefined, want: undefined },
  ])('$name', ({ at, to, want }) => {
    const place = decide({ name: '', want: '', headers: { left: true, at }, ...(to && { to }) })
    expect(place.kind === 'place' && place.headers.left).toBe(want)
  })
})

describe('a dead letter is refused', () => {
  it.each<Case & { readonly says: RegExp }>([
    { name: 'when the flow is gone', active: null, want: 'FlowNotFound', says: /only be looked at, or dropped/ },
    {
      name: 'when no plan has the step',
      active: { revision: 2, steps: ['fetch', 'stor'] },
      named: null,
      want: 'StepNotFound',
      says: /did you mean "stor"\?/,
    },
    { name: 'when there is no step of that name', to: step('nope'), want: 'StepNotFound', says: /fetch and store/ },
    {
      name: 'when its trigger is gone and it is to begin there',
      active: { revision: 2, trigger: 'other' },
      to: { kind: 'entry' },
      want: 'TriggerNotFound',
      says: /--to STEP/,
    },
    {
      name: 'when it lacks what the active plan reads, and its own is gone',
      named: null,
      active: { revision: 2, carried: { steps: { fetch: [[]] }, trigger: [['data']] } },
      want: 'CarriedMissing',
      says: /revision 2 reads \$steps\.fetch and \$trigger/,
    },
  ])('$name', (sample) => {
    expect(decide(sample)).toEqual({ kind: 'refused', code: sample.want, message: expect.stringMatching(sample.says) })
  })
})
