import { expect, it, vi } from 'vitest'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import type { Versioned } from './flow-views.ts'
import { flowViews } from './flow-views.ts'

const plan = changePlan({ steps: { a: 'f' } })

function stateOf(active: number | undefined): FlowState {
  return {
    flow: 'uid',
    namespace: 'default',
    name: 'flow',
    lastRevision: 1,
    ...(active !== undefined && { active }),
    kept: [{ revision: 1, hash: plan.hash }],
    living: [],
    retiring: [],
    suspended: false,
    frozen: false,
  }
}

it('tells of a change once, however many reads find it at a time', async () => {
  const shelf = openShelf({ state: stateOf(1), version: 1 })
  const views = flowViews(shelf)
  const onChange = vi.fn()
  views.onChange(onChange)
  const reads = [views.read('uid'), views.readAll(), views.refresh('uid')]
  await vi.waitFor(() => expect(shelf.waiting()).toBe(3))
  shelf.giveAll()
  await Promise.all(reads)
  expect(onChange).toHaveBeenCalledTimes(1)
  expect(views.active('uid')).toBe(plan)
})

it('keeps what the read found that began later, whichever ends first', async () => {
  const shelf = openShelf({ state: stateOf(1), version: 1 })
  const views = flowViews(shelf)
  const earlier = views.read('uid')
  await vi.waitFor(() => expect(shelf.waiting()).toBe(1))
  shelf.put({ state: stateOf(undefined), version: 2 })
  // Nothing is active, so it needs no plan.
  await views.read('uid')
  expect(views.flows()).toEqual([])
  shelf.giveAll()
  await earlier
  expect(views.flows()).toEqual([])
})

/** Plans are given when the test says so. */
function openShelf(versioned: Versioned) {
  let current = versioned
  const waiting: (() => void)[] = []
  return {
    state: async () => current,
    states: async () => [current],
    plan: () => new Promise<typeof plan>((resolve) => void waiting.push(() => resolve(plan))),
    put: (next: Versioned) => void (current = next),
    waiting: () => waiting.length,
    giveAll: () => {
      for (const give of waiting) give()
    },
  }
}
