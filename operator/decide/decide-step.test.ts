import { describe, expect, it } from 'vitest'
import type { FlowState, KeptRevision } from '../../flow/plan/flow-state.ts'
import { defaultWaits, keptAfterMs, mostKept } from './change-waits.ts'
import { decideStanding } from './decide-standing.ts'
import { decideStep, withDeletion } from './decide-step.ts'

const day = 86_400_000
const facts = { waits: defaultWaits, isDrained: false, arePoolsReady: true }

function stateOf(part: Partial<FlowState>): FlowState {
  return {
    flow: 'uid',
    namespace: 'default',
    name: 'flow',
    lastRevision: 20,
    active: 20,
    kept: [{ revision: 20, hash: 'h20' }],
    living: [],
    retiring: [],
    suspended: false,
    frozen: false,
    ...part,
  }
}

const livingOf = (queue: string, revision: number) => ({
  queue,
  step: queue,
  pool: 'core',
  singleActiveConsumer: false,
  revision,
})

/** Revisions up to 20, of which 20 is active and the others ended at these instants. */
function keptUntil(...ends: readonly number[]): KeptRevision[] {
  const first = 20 - ends.length
  return [
    ...ends.map((activeUntil, at) => ({ revision: first + at, hash: `h${first + at}`, activeUntil })),
    { revision: 20, hash: 'h20' },
  ]
}

const everyTen = Array.from({ length: 11 }, (_, at) => at * day) // 9 to 19 ended on the days 0 to 10

describe('a plan is kept', () => {
  it.each([
    { name: 'until 30 days after it was last active', now: 30 * day - 1, want: [9, 10, 11, 12] },
    { name: 'no longer', now: 30 * day, want: [10, 11, 12, 13] },
    { name: 'among the newest ten, however old', now: 900 * day, want: [11, 12, 13, 14] },
  ])('$name', ({ now, want }) => {
    let state = stateOf({ kept: keptUntil(...everyTen) })
    for (let step = decideStep(state, { ...facts, now }); step.kind === 'write';) {
      state = step.state
      step = decideStep(state, { ...facts, now })
    }
    expect(state.kept.slice(0, 4).map(({ revision }) => revision)).toEqual(want)
  })

  it('and with the last plan that has it a queue is retired, but for those that the pending one has', () => {
    const queues = [livingOf('a', 9), livingOf('b', 10), livingOf('c', 20), livingOf('d', 9)]
    const pending = { revision: 21, hash: 'h21', stages: [livingOf('d', 21)] }
    const state = stateOf({ kept: keptUntil(...everyTen), living: queues, pending })
    const step = decideStep(state, { ...facts, now: 30 * day })
    expect(step).toMatchObject({ kind: 'write', state: { retiring: [{ queue: 'a', since: 30 * day }] } })
    expect(step.kind === 'write' && step.state.living.map(({ queue }) => queue)).toEqual(['b', 'c', 'd'])
  })

  it.each<{ name: string; part: Partial<FlowState> }>([
    { name: 'runs', part: {} },
    { name: 'is suspended', part: { suspended: true, stoodSince: 0 } },
  ])('of more than can be named in a status the oldest goes, while the flow $name', ({ part }) => {
    const old = Array.from({ length: mostKept }, (_, at) => ({ revision: at + 1, hash: '', activeUntil: day }))
    const kept = [...old, { revision: mostKept + 1, hash: 'h' }]
    const living = [livingOf('a', 1), livingOf('b', 2)]
    const step = decideStep(stateOf({ kept, living, active: mostKept + 1, ...part }), { ...facts, now: day })
    expect(step).toMatchObject({ kind: 'write', state: { retiring: [{ queue: 'a' }], living: [{ queue: 'b' }] } })
    expect(step.kind === 'write' && step.state.kept).toEqual(kept.slice(1))
  })

  it('waits for the next one to expire', () => {
    const state = stateOf({ kept: keptUntil(...everyTen) })
    expect(decideStep(state, { ...facts, now: 20 * day })).toEqual({ kind: 'wait', until: keptAfterMs })
    expect(decideStep(stateOf({ kept: keptUntil(0) }), { ...facts, now: 20 * day })).toEqual({ kind: 'wait' })
  })

  it.each([
    { name: 'suspended', marks: { suspended: true, frozen: false } },
    { name: 'frozen', marks: { suspended: false, frozen: true } },
  ])('and grows no older while the flow is $name', ({ marks }) => {
    const standing = decideStanding(stateOf({ kept: keptUntil(...everyTen) }), marks, 20 * day)
    expect(decideStep(standing, { ...facts, now: 400 * day })).toEqual({ kind: 'wait' })
    const resumed = decideStanding(standing, { suspended: false, frozen: false }, 400 * day)
    expect(resumed.stoodSince).toBeUndefined()
    // 20 of its 30 days had passed.
    expect(decideStep(resumed, { ...facts, now: 410 * day - 1 })).toEqual({ kind: 'wait', until: 410 * day })
    expect(decideStep(resumed, { ...facts, now: 410 * day }).kind).toBe('write')
  })
})

describe('suspending', () => {
  it('a flow that is frozen as well lets no clock go on before both are over', () => {
    let state = decideStanding(stateOf({}), { suspended: true, frozen: false }, 10)
    state = decideStanding(state, { suspended: true, frozen: true }, 20)
    state = decideStanding(state, { suspended: false, frozen: true }, 30)
    expect(state.stoodSince).toBe(10)
  })

  it('counts for a plan that was replaced meanwhile from its replacement on', () => {
    const kept = [{ revision: 19, hash: 'h', activeUntil: 50 }]
    const state = stateOf({ kept, suspended: true, stoodSince: 10 })
    expect(decideStanding(state, { suspended: false, frozen: false }, 70).kept[0]?.activeUntil).toBe(70)
  })

  it('again changes nothing', () => {
    const state = stateOf({ suspended: true, stoodSince: 10 })
    expect(decideStanding(state, { suspended: true, frozen: false }, 20)).toBe(state)
  })
})

describe('a deletion', () => {
  const living = [livingOf('a', 20), livingOf('b', 20)]
  const deleting = withDeletion(stateOf({ living }), 600_000, 1000)

  it('goes on consuming until the queues stay empty, or the deadline', () => {
    expect(decideStep(deleting, { ...facts, now: 2000 })).toEqual({ kind: 'wait', for: 'drained', until: 601_000 })
    expect(decideStep(deleting, { ...facts, now: 2000, isDrained: true })).toMatchObject({ kind: 'write' })
    expect(decideStep(deleting, { ...facts, now: 601_000 })).toMatchObject({ kind: 'write' })
  })

  it('then retires all queues, and knows no plan any more', () => {
    const step = decideStep(deleting, { ...facts, now: 2000, isDrained: true })
    const state = step.kind === 'write' ? step.state : deleting
    expect(state).toMatchObject({ kept: [], living: [], retiring: [{ queue: 'a', since: 2000 }, { queue: 'b' }] })
    expect(state.active).toBeUndefined()
    expect(decideStep(state, { ...facts, now: 3000 })).toEqual({ kind: 'wait' })
    expect(decideStep({ ...state, retiring: [] }, { ...facts, now: 3000 })).toEqual({ kind: 'forget' })
  })

  it('takes with it what is pending', () => {
    const pending = { revision: 21, hash: 'h21', stages: [livingOf('c', 21)] }
    const kept = [
      { revision: 20, hash: 'h20' },
      { revision: 21, hash: 'h21' },
    ]
    const state = withDeletion(stateOf({ living, pending, kept }), 600_000, 1000)
    expect([state.pending, state.retiring.map(({ queue }) => queue)]).toEqual([undefined, ['c']])
  })

  it.each([
    { name: 'the same again', deadlineMs: 600_000, now: 1000, want: 600_000 },
    { name: 'a later deadline', deadlineMs: 600_000, now: 9000, want: 600_000 },
    { name: 'an earlier deadline', deadlineMs: 30_000, now: 9000, want: 38_000 },
  ])('asked for twice goes by the earlier deadline: $name', ({ deadlineMs, now, want }) => {
    expect(withDeletion(deleting, deadlineMs, now).deletion).toEqual({ askedAt: 1000, deadlineMs: want })
  })

  it('waits no longer than its deadline when the clock is set back', () => {
    const step = decideStep(deleting, { ...facts, now: 10 })
    expect(step).toMatchObject({ kind: 'write', state: { deletion: { askedAt: 10 } } })
  })
})
