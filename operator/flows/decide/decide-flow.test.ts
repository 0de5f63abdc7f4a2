import { describe, expect, it } from 'vitest'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import { decideFlow, isTakenIn, type FlowFacts } from './decide-flow.ts'

const active: FlowState = {
  flow: 'uid',
  namespace: 'a',
  name: 'orders',
  lastRevision: 1,
  active: 1,
  kept: [{ revision: 1, hash: 'one' }],
  living: [],
  retiring: [],
  suspended: false,
  frozen: false,
}
const pending = { revision: 2, hash: 'two', stages: [] }
const facts: FlowFacts = {
  state: active,
  isDeleting: false,
  hasFinalizer: true,
  isNamespaceEnding: false,
  suspend: false,
  freeze: false,
  pinned: undefined,
  hash: 'one',
  isPendingWritten: true,
  isPlanLeft: false,
}
const deletion = { askedAt: 0, deadlineMs: 600_000 }

describe('decideFlow', () => {
  it.each<{ name: string; facts: Partial<FlowFacts>; want: object }>([
    { name: 'leaves what is as it should be', facts: {}, want: { kind: 'nothing' } },
    {
      name: 'makes nothing before the finalizer is there',
      facts: { state: undefined, hasFinalizer: false },
      want: { kind: 'addFinalizer' },
    },
    {
      name: 'adds no finalizer to what is refused',
      facts: { state: undefined, hash: undefined, hasFinalizer: false },
      want: { kind: 'nothing' },
    },
    { name: 'applies the first plan', facts: { state: undefined }, want: { kind: 'apply' } },
    { name: 'applies another plan', facts: { hash: 'two' }, want: { kind: 'apply' } },
    {
      name: 'waits for what is pending',
      facts: { hash: 'two', state: { ...active, pending } },
      want: { kind: 'nothing' },
    },
    {
      name: 'applies again what is pending without a plan',
      facts: { hash: 'two', state: { ...active, pending }, isPendingWritten: false },
      want: { kind: 'apply' },
    },
    {
      name: 'takes back what is pending',
      facts: { hash: 'one', state: { ...active, pending } },
      want: { kind: 'apply' },
    },
    { name: 'suspends with the plan that it applies', facts: { hash: 'two', suspend: true }, want: { kind: 'apply' } },
    { name: 'suspends without a plan', facts: { suspend: true }, want: { kind: 'stand' } },
    { name: 'suspends what is refused', facts: { hash: undefined, suspend: true }, want: { kind: 'stand' } },
    { name: 'thaws', facts: { state: { ...active, frozen: true } }, want: { kind: 'stand' } },
    { name: 'pins', facts: { pinned: 1, hash: 'two' }, want: { kind: 'pin', revision: 1 } },
    {
      name: 'pins where nothing was yet, to be told that there is no such revision',
      facts: { pinned: 7, state: undefined },
      want: { kind: 'pin', revision: 7 },
    },
    {
      name: 'leaves what is pinned',
      facts: { pinned: 1, hash: undefined, state: { ...active, pinned: 1 } },
      want: { kind: 'nothing' },
    },
    {
      name: 'suspends what is pinned',
      facts: { pinned: 1, suspend: true, state: { ...active, pinned: 1 } },
      want: { kind: 'stand' },
    },
    { name: 'goes on when it is pinned no more', facts: { state: { ...active, pinned: 1 } }, want: { kind: 'apply' } },
    { name: 'removes', facts: { isDeleting: true }, want: { kind: 'remove', deadlineMs: 600_000 } },
    { name: 'removes once', facts: { isDeleting: true, state: { ...active, deletion } }, want: { kind: 'nothing' } },
    {
      name: 'has no patience when the namespace goes, too',
      facts: { isDeleting: true, isNamespaceEnding: true, state: { ...active, deletion } },
      want: { kind: 'remove', deadlineMs: 30_000 },
    },
    {
      name: 'says so once',
      facts: {
        isDeleting: true,
        isNamespaceEnding: true,
        state: { ...active, deletion: { askedAt: 0, deadlineMs: 45_000 } },
      },
      want: { kind: 'nothing' },
    },
    {
      name: 'removes what there is a plan of, and no state',
      facts: { isDeleting: true, state: undefined, isPlanLeft: true },
      want: { kind: 'remove', deadlineMs: 600_000 },
    },
    { name: 'lets go of what was nothing', facts: { isDeleting: true, state: undefined }, want: { kind: 'letGo' } },
    {
      name: 'has nothing to do with what it never held',
      facts: { isDeleting: true, state: undefined, hasFinalizer: false },
      want: { kind: 'nothing' },
    },
  ])('$name', ({ facts: given, want }) => {
    expect(decideFlow({ ...facts, ...given })).toEqual(want)
  })
})

describe('isTakenIn', () => {
  it.each<{ name: string; facts: Partial<FlowFacts>; want: boolean }>([
    { name: 'what runs as it is written', facts: {}, want: true },
    { name: 'what was never looked at', facts: { state: undefined }, want: false },
    { name: 'an edit that has not been looked at', facts: { hash: 'two' }, want: false },
    { name: 'an edit that is pending', facts: { hash: 'two', state: { ...active, pending } }, want: true },
    { name: 'another edit since', facts: { hash: 'three', state: { ...active, pending } }, want: false },
    { name: 'what has no plan', facts: { hash: undefined }, want: false },
    { name: 'a revision that is pinned', facts: { pinned: 1, state: { ...active, pinned: 1 } }, want: true },
    { name: 'a revision that is to be pinned', facts: { pinned: 1 }, want: false },
    { name: 'what is pinned no longer', facts: { state: { ...active, pinned: 1 } }, want: false },
  ])('$name: $want', ({ facts: own, want }) => {
    expect(isTakenIn({ ...facts, ...own })).toBe(want)
  })
})
