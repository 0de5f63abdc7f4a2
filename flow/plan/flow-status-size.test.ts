import { randomBytes, randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { FlowState, KeptRevision, StageQueue } from './flow-state.ts'
import { flowStateInStatus, mostStateBytes, stateBytes } from './flow-status.ts'

const uid = '0b6f5c1e-9d43-4a5e-8a53-1f0a7f3a9a10'
const now = 1_790_000_000_000
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A name as long as it may be, which nothing can press together. */
function noise(): string {
  return Array.from({ length: 52 }, () => letters[randomInt(letters.length)]).join('')
}

const steps = Array.from({ length: 128 }, noise)
/** Each step with pods of its own, for a component that no other step has. */
function queues(revision: number): StageQueue[] {
  return steps.map((step) => ({
    queue: `${uid}.${step}.${randomBytes(6).toString('hex')}.${revision}`,
    step,
    pool: `ClusterComponent/${noise()}/${uid}/${step}`,
    singleActiveConsumer: true,
  }))
}

const [retired, before, after] = [queues(1000), queues(1001), queues(1002)] as const
const old = (length: number): KeptRevision[] =>
  Array.from({ length }, (_, at) => ({ revision: 700 + at, hash: 'f'.repeat(32), activeUntil: now + at * 7_654_321 }))
const isActive = { revision: 1001, hash: randomBytes(16).toString('hex') }
const isPending = { revision: 1002, hash: randomBytes(16).toString('hex') }
const pending = { ...isPending, stages: after, declaredAt: now }
const base: FlowState = {
  flow: uid,
  namespace: 'shop',
  name: 'orders',
  lastRevision: 1002,
  active: 1001,
  kept: [...old(254), isActive, isPending],
  living: before.map((one) => ({ ...one, revision: 1001 })),
  retiring: [],
  suspended: true,
  frozen: true,
  stoodSince: now,
  pinned: 999,
  retirer: { by: randomBytes(16).toString('hex'), until: now },
}
const both = [...base.living, ...after.map((one) => ({ ...one, revision: 1002 }))]
const retiring = (all: readonly StageQueue[]) => all.map(({ queue, step }) => ({ queue, step, since: now }))

describe('the state of 128 component steps with the longest names', () => {
  it.each<{ name: string; state: FlowState }>([
    { name: 'is active', state: base },
    { name: 'is edited in every step', state: { ...base, pending } },
    {
      name: 'is edited while the queues of all steps retire',
      state: { ...base, pending, retiring: retiring(retired) },
    },
    { name: 'has declared new queues for all steps', state: { ...base, pending, living: both } },
    {
      name: 'has declared them while those of all steps retire',
      state: { ...base, pending, living: both, retiring: retiring(retired) },
    },
    {
      name: 'retires all of them',
      state: { ...base, living: [], retiring: retiring([...retired, ...before, ...after]) },
    },
  ])('has room in the status when it $name', ({ state }) => {
    expect(stateBytes(flowStateInStatus({ state, version: 1000 }))).toBeLessThan(mostStateBytes)
  })
})
