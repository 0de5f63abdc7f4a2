import { describe, expect, it } from 'vitest'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { parseQueueName } from '../../flow/plan/queue-name.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { defaultWaits, mostLivingQueues } from './change-waits.ts'
import type { ChangePlan } from '../../test/samples/change-plan.ts'
import { decideEdit, decideRollback, stateOfPlan } from './decide-edit.ts'
import { numberPlan, stageQueuesOf } from './number-plan.ts'
import { decideStep, withDeclared, withDeletion } from './decide-step.ts'

const facts = { waits: defaultWaits, isDrained: false, arePoolsReady: true }

function edited(state: FlowState | undefined, wanted: ChangePlan, now = 0) {
  return decideEdit(state, { plan: changePlan(wanted) }, { now }).state
}

/** As far as it goes at the instant, or up to its activation. */
function settled(state: FlowState, now: number): FlowState {
  const step = decideStep(state, { ...facts, now })
  if (step.kind === 'declare') return settled(withDeclared(state, now), now)
  if (step.kind === 'write' || step.kind === 'activate') return settled(step.state, now)
  return state
}

const active = (wanted: ChangePlan): FlowState => settled(settled(edited(undefined, wanted), 0), 3000)
const living = (state: FlowState): string[] => state.living.map(short)
const retiring = (state: FlowState): string[] => state.retiring.map(short)
/** Step and the revision that introduced it. */
const short = ({ queue }: { readonly queue: string }): string => {
  const { step, revision } = parseQueueName(queue)!
  return `${step}.${revision}`
}

describe('an edit', () => {
  it('of a flow that is new is revision 1, pending, and owns no living queue before it is declared', () => {
    const { state, plan } = decideEdit(undefined, { plan: changePlan({ steps: { a: 'f' } }) }, { now: 5 })
    expect(state).toMatchObject({
      flow: 'uid',
      namespace: 'default',
      lastRevision: 1,
      living: [],
      pending: { revision: 1 },
    })
    expect(state.active).toBeUndefined()
    expect(plan).toMatchObject({ revision: 1, stages: [{ queue: state.pending!.stages[0]!.queue }] })
    expect(state.kept).toEqual([{ revision: 1, hash: plan!.hash }])
  })

  it('begins behind the highest number of a plan whose state is gone', () => {
    const { state } = decideEdit(undefined, { plan: changePlan({ steps: { a: 'f' } }) }, { now: 5, lastKnown: 7 })
    expect([state.lastRevision, short(state.pending!.stages[0]!)]).toEqual([8, 'a.8'])
  })

  it('goes on from a plan without a state as from a pending one, whose queues may be there', () => {
    const plan = numberPlan(changePlan({ steps: { a: 'f' }, suspend: true }), 3, [])
    const state = stateOfPlan(plan, 5)
    expect(state).toMatchObject({
      lastRevision: 3,
      suspended: true,
      stoodSince: 5,
      kept: [{ revision: 3 }],
      living: [],
    })
    expect(state.pending).toEqual({ revision: 3, hash: plan.hash, stages: stageQueuesOf(plan) })
    expect(decideEdit(state, { plan: changePlan({ steps: { a: 'g' } }) }, { now: 9 }).state.retiring).toEqual([
      { queue: plan.stages[0]!.queue, step: 'a', since: 9 },
    ])
  })

  it('that does not change the plan is no revision', () => {
    const before = active({ steps: { a: 'f' } })
    expect(decideEdit(before, { plan: changePlan({ steps: { a: 'f' } }) }, { now: 9000 })).toEqual({ state: before })
    const pending = edited(before, { steps: { a: 'g' } })
    const again = decideEdit(pending, { plan: changePlan({ steps: { a: 'g' } }) }, { now: 9000 })
    expect(again.state).toBe(pending)
    expect(again.plan).toMatchObject({ revision: 2, stages: [{ queue: pending.pending!.stages[0]!.queue }] })
  })

  it('that changes no queue is active at once, under the same queues', () => {
    const before = active({ steps: { a: 'f', b: 'f' } })
    const after = settled(edited(before, { steps: { a: 'f', b: 'f' }, tuning: 'x' }), 9000)
    expect(after).toMatchObject({ active: 2, lastRevision: 2, retiring: [] })
    expect(living(after)).toEqual(['a.1', 'b.1'])
    expect(after.living.map(({ revision }) => revision)).toEqual([2, 2])
    expect(after.kept).toMatchObject([{ revision: 1, activeUntil: 9000 }, { revision: 2 }])
  })

  it('waits 3 s after the declaration of its last new queue', () => {
    const before = active({ steps: { a: 'f' } })
    const declared = settled(edited(before, { steps: { a: 'f', b: 'f' } }), 10_000)
    expect([declared.active, declared.pending!.declaredAt, living(declared)]).toEqual([1, 10_000, ['a.1', 'b.2']])
    expect(decideStep(declared, { ...facts, now: 12_999 })).toEqual({ kind: 'wait', until: 13_000 })
    expect(decideStep(declared, { ...facts, now: 13_000 })).toMatchObject({ kind: 'activate', revision: 2 })
  })

  it('keeps the queue of the step that it changes alive, with what is under way to it', () => {
    const after = settled(settled(edited(active({ steps: { a: 'f' } }), { steps: { a: 'g' } }), 9000), 12_000)
    expect([after.active, living(after), retiring(after)]).toEqual([2, ['a.1', 'a.2'], []])
    expect(after.living.map(({ revision }) => revision)).toEqual([1, 2])
  })

  it('gives a step that comes back the queue that it had, as long as that lives', () => {
    let state = active({ steps: { a: 'f', b: 'f' } })
    for (const [at, steps] of [{ a: 'f' }, { a: 'f', b: 'f' }].entries()) {
      state = settled(edited(state, { steps }, 9000 * (at + 1)), 9000 * (at + 1))
    }
    expect([state.active, living(state)]).toEqual([3, ['a.1', 'b.1']])
  })

  it('waits for the pools of its new queues when it is asked to', () => {
    const pending = settled(edited(undefined, { steps: { a: 'f' } }), 0)
    expect(decideStep(pending, { ...facts, now: 3000, arePoolsReady: false })).toEqual({ kind: 'wait', for: 'pools' })
  })

  it('takes the place of one that is pending: of several only the highest is activated', () => {
    const first = settled(edited(active({ steps: { a: 'f' } }), { steps: { a: 'f', b: 'f' } }), 9000)
    const second = edited(first, { steps: { a: 'f', c: 'f' } }, 9500)
    expect(second).toMatchObject({ lastRevision: 3, pending: { revision: 3 } })
    expect([living(second), retiring(second)]).toEqual([['a.1'], ['b.2']])
    expect(second.kept.map(({ revision }) => revision)).toEqual([1, 3])
    expect(settled(settled(second, 9500), 12_500).active).toBe(3)
  })

  it('takes over the new queues of the one whose place it takes, with the wait of the younger', () => {
    const first = settled(edited(active({ steps: { a: 'f' } }), { steps: { a: 'f', b: 'f' } }), 9000)
    const second = edited(first, { steps: { a: 'f', b: 'f' }, tuning: 'x' }, 9500)
    expect(second.pending).toMatchObject({ revision: 3, declaredAt: 9000 })
    expect(second.living).toMatchObject([{ revision: 1 }, { revision: 3 }])
    expect(retiring(second)).toEqual([])
    expect(settled(second, 11_999).active).toBe(1)
    expect(settled(second, 12_000).active).toBe(3)
  })

  it('retires what a pending one may have declared before its driver died', () => {
    const died = edited(active({ steps: { a: 'f' } }), { steps: { a: 'f', b: 'f' } }, 9000)
    expect(retiring(edited(died, { steps: { a: 'f', b: 'f' }, tuning: 'x' }, 9500))).toEqual(['b.2'])
  })

  it('back to what is active drops what is pending, and makes no revision', () => {
    const first = settled(edited(active({ steps: { a: 'f' } }), { steps: { a: 'f', b: 'f' } }), 9000)
    const back = edited(first, { steps: { a: 'f' } }, 9500)
    expect(back).toMatchObject({ active: 1, lastRevision: 2 })
    expect([back.pending, living(back), retiring(back)]).toEqual([undefined, ['a.1'], ['b.2']])
    expect(back.kept.map(({ revision }) => revision)).toEqual([1])
  })

  it('that would give the flow too many living queues stays pending, owns none of them, and goes on when there is room', () => {
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`s${at}`, 'f']))
    const before = active({ steps: many })
    const others = Object.fromEntries(Array.from({ length: mostLivingQueues - 129 }, (_, at) => [`t${at}`, 'f']))
    const blocked = edited(before, { steps: others }, 9000)
    expect(blocked.pending).toMatchObject({ revision: 2, blocked: 'TooManyQueues' })
    expect(settled(blocked, 9_999_999)).toBe(blocked)
    const roomy = settled({ ...blocked, living: blocked.living.slice(1) }, 20_000)
    expect(roomy.pending).toMatchObject({ declaredAt: 20_000 })
    expect(roomy.living).toHaveLength(256)
    expect(retiring(edited(blocked, { steps: many }, 9500))).toEqual([])
  })

  it('of a suspended flow that was never active owns no queue, until it is resumed', () => {
    const suspended = edited(undefined, { steps: { a: 'f' }, suspend: true })
    expect(settled(suspended, 9000)).toBe(suspended)
    expect(suspended).toMatchObject({ suspended: true, pending: { blocked: 'Suspended' }, living: [] })
    const resumed = settled(settled(edited(suspended, { steps: { a: 'f' } }, 9000), 9000), 12_000)
    expect(resumed).toMatchObject({ active: 1, lastRevision: 1, suspended: false })
  })

  it('that is blocked leaves nothing behind of what it had taken over', () => {
    const first = settled(edited(undefined, { steps: { a: 'f', b: 'f' } }), 0)
    const blocked = edited(first, { steps: { a: 'f', c: 'f' }, suspend: true }, 100)
    expect([living(blocked), retiring(blocked), blocked.pending?.blocked]).toEqual([['a.1'], ['b.1'], 'Suspended'])
    const deleting = withDeletion(blocked, 1000, 200)
    expect([living(deleting), retiring(deleting)]).toEqual([[], ['b.1', 'a.1']])
  })

  it('of a suspended flow that was active becomes active, its queues stay', () => {
    const suspended = edited(active({ steps: { a: 'f' } }), { steps: { a: 'f' }, tuning: 'x', suspend: true }, 9000)
    expect(settled(suspended, 9000)).toMatchObject({ active: 2, suspended: true, living: [{ revision: 2 }] })
  })

  it('of a flow that is being deleted brings it back to life, under the number it had while its queues live', () => {
    const deleting = withDeletion(active({ steps: { a: 'f' } }), 1000, 9000)
    expect(edited(deleting, { steps: { a: 'f' } }, 9500)).toEqual(active({ steps: { a: 'f' } }))
    const gone = settled(deleting, 10_000)
    expect([living(gone), retiring(gone)]).toEqual([[], ['a.1']])
    const back = settled(settled(edited(gone, { steps: { a: 'f' } }, 10_000), 10_000), 13_000)
    expect([back.active, living(back), retiring(back)]).toEqual([2, ['a.2'], ['a.1']])
  })

  it('begins its wait anew when the clock is set back', () => {
    const declared = settled(edited(undefined, { steps: { a: 'f' } }), 1_000_000)
    const back = settled(declared, 500)
    expect(back.pending!.declaredAt).toBe(500)
    expect(settled(back, 3500).active).toBe(1)
  })
})

describe('a rollback', () => {
  const plan = { ...changePlan({ steps: { a: 'f' } }), revision: 1 }

  it('is a copy of the older plan under the next number, pinned, until the flow is applied again', () => {
    const before = settled(edited(active({ steps: { a: 'f' } }), { steps: { a: 'f' }, tuning: 'x' }), 9000)
    const back = settled(decideEdit(before, decideRollback(before, plan)!, { now: 9500 }).state, 9500)
    expect(back).toMatchObject({ active: 3, pinned: 1, living: [{ revision: 3 }] })
    const applied = edited(back, { steps: { a: 'f' }, tuning: 'x' }, 9900)
    expect([applied.pinned, applied.pending?.revision]).toEqual([undefined, 4])
  })

  it('keeps the marks of the flow as they are', () => {
    const suspended = edited(active({ steps: { a: 'f' } }), { steps: { a: 'f' }, tuning: 'x', suspend: true }, 9000)
    expect(decideRollback(suspended, plan)?.plan.flow).toMatchObject({ suspend: true, freeze: false })
  })

  it('is none of a flow that goes, or to a plan that is gone', () => {
    const state = active({ steps: { a: 'f' } })
    expect(decideRollback(state, undefined)).toBeUndefined()
    expect(decideRollback(undefined, plan)).toBeUndefined()
    expect(decideRollback(withDeletion(state, 1000, 0), plan)).toBeUndefined()
  })
})
