import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../flow/finding/finding.ts'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import { findingsText, flowConditions, type ConditionFacts } from './flow-conditions.ts'

const state: FlowState = {
  flow: 'uid',
  namespace: 'a',
  name: 'orders',
  lastRevision: 2,
  active: 1,
  kept: [],
  living: [{ queue: 'q', step: 's', pool: 'core', singleActiveConsumer: false, revision: 1 }],
  retiring: [],
  suspended: false,
  frozen: false,
}
const pending = { revision: 2, hash: 'two', stages: [] }
const finding: Finding = {
  code: 'UnknownStep',
  severity: 'error',
  message: 'no step is named "x"',
  path: 'spec.steps[0].next',
}
const facts: ConditionFacts = {
  generation: 7,
  state,
  isTakenIn: true,
  isDeleting: false,
  suspend: false,
  freeze: false,
  pinned: undefined,
  errors: [],
  warnings: [],
  unknownComponents: [],
  hindrance: undefined,
  brokerTrouble: undefined,
  storeTrouble: undefined,
  usersTrouble: undefined,
  poolTrouble: undefined,
}
const trouble = 'RabbitMQ is down'
const { active: _, ...never } = state

describe('flowConditions', () => {
  it.each<{ name: string; facts: Partial<ConditionFacts>; want: readonly string[] }>([
    { name: 'an active flow is ready', facts: {}, want: ['Ready=True/RevisionActive', 'Active=True/RevisionActive'] },
    {
      name: 'one that was edited since its state was written',
      facts: { isTakenIn: false },
      want: ['Ready=False/Preparing', 'Reconciling=True/Preparing', 'Active=True/RevisionActive'],
    },
    {
      name: 'one whose pods do not work',
      facts: { poolTrouble: { reason: 'ImagePullBackOff', message: 'the pool core: its image cannot be pulled' } },
      want: [
        'Ready=False/ImagePullBackOff',
        'Stalled=True/ImagePullBackOff',
        'Active=True/RevisionActive',
        'PoolsAvailable=False/ImagePullBackOff',
      ],
    },
    {
      name: 'one whose pods do not work, and need not',
      facts: {
        suspend: true,
        state: { ...state, suspended: true },
        poolTrouble: { reason: 'CrashLoopBackOff', message: 'x' },
      },
      want: ['Ready=True/Suspended', 'Active=False/Stands', 'PoolsAvailable=False/CrashLoopBackOff'],
    },
    {
      name: 'one that is suspended as it should be is ready, too',
      facts: { suspend: true, state: { ...state, suspended: true } },
      want: ['Ready=True/Suspended', 'Active=False/Stands'],
    },
    {
      name: 'one that was never active and is suspended as well',
      facts: { suspend: true, state: { ...never, suspended: true, pending: { ...pending, blocked: 'Suspended' } } },
      want: ['Ready=True/Suspended', 'Active=False/NoRevision'],
    },
    {
      name: 'one that is not suspended yet is not',
      facts: { suspend: true },
      want: ['Ready=False/Preparing', 'Reconciling=True/Preparing', 'Active=True/RevisionActive'],
    },
    {
      name: 'a frozen one is',
      facts: { freeze: true, state: { ...state, frozen: true } },
      want: ['Ready=True/Frozen', 'Active=False/Stands'],
    },
    {
      name: 'a pinned one says so',
      facts: { pinned: 1, state: { ...state, pinned: 1 } },
      want: ['Ready=True/Pinned', 'Active=True/RevisionActive'],
    },
    {
      name: 'a refused edit is stalled while the revision before it runs',
      facts: { errors: [finding] },
      want: ['Ready=False/UnknownStep', 'Stalled=True/UnknownStep', 'Active=True/RevisionActive'],
    },
    {
      name: 'several findings have no code of their own',
      facts: { errors: [finding, { ...finding, code: 'UnknownComponent' }] },
      want: ['Ready=False/Findings', 'Stalled=True/Findings', 'Active=True/RevisionActive'],
    },
    {
      name: 'a warning keeps nothing from being ready',
      facts: { warnings: [finding] },
      want: ['Ready=True/RevisionActive', 'Active=True/RevisionActive', 'Warnings=True/UnknownStep'],
    },
    {
      name: 'a pending revision is being worked on',
      facts: { state: { ...state, pending } },
      want: ['Ready=False/RevisionPending', 'Reconciling=True/RevisionPending', 'Active=True/RevisionActive'],
    },
    {
      name: 'one that has no room is stalled',
      facts: { state: { ...state, pending: { ...pending, blocked: 'TooManyQueues' } } },
      want: ['Ready=False/TooManyQueues', 'Stalled=True/TooManyQueues', 'Active=True/RevisionActive'],
    },
    {
      name: 'without its broker it goes on by itself when that is back',
      facts: { brokerTrouble: trouble },
      want: [
        'Ready=False/BrokerUnavailable',
        'Reconciling=True/BrokerUnavailable',
        'Active=True/RevisionActive',
        'BrokerAvailable=False/BrokerUnavailable',
      ],
    },
    {
      name: 'a component that is not known yet is waited for',
      facts: { state: undefined, unknownComponents: ['Component/shop'] },
      want: ['Ready=False/ComponentNotReady', 'Reconciling=True/ComponentNotReady', 'Active=False/NoRevision'],
    },
    {
      name: 'a flow that goes is told of before anything that is wrong with it',
      facts: {
        isDeleting: true,
        errors: [finding],
        state: { ...state, deletion: { askedAt: 0, deadlineMs: 600_000 } },
      },
      want: ['Ready=False/Deleting', 'Reconciling=True/Deleting', 'Active=False/Deleting'],
    },
    {
      name: 'what keeps it from going is said',
      facts: { isDeleting: true, storeTrouble: 'MongoDB is down' },
      want: [
        'Ready=False/DeletionBlocked',
        'Reconciling=True/DeletionBlocked',
        'Active=False/Deleting',
        'StoreAvailable=False/StoreUnavailable',
      ],
    },
    {
      name: 'one whose pods can have no users at MongoDB goes on with what it has',
      facts: { usersTrouble: { reason: 'StoreUsersRefused', message: 'MongoDB does not let users be made' } },
      want: ['Ready=True/RevisionActive', 'Active=True/RevisionActive', 'StoreAvailable=False/StoreUsersRefused'],
    },
    {
      name: 'one whose users cannot be made for another reason says that',
      facts: { usersTrouble: { reason: 'StoreAccessRefused', message: 'MongoDB lets no index be made' } },
      want: ['Ready=True/RevisionActive', 'Active=True/RevisionActive', 'StoreAvailable=False/StoreAccessRefused'],
    },
    {
      name: 'a server that is down is told before what it refused',
      facts: {
        isDeleting: true,
        storeTrouble: 'MongoDB is down',
        usersTrouble: { reason: 'StoreUsersRefused', message: 'MongoDB does not let users be made' },
      },
      want: [
        'Ready=False/DeletionBlocked',
        'Reconciling=True/DeletionBlocked',
        'Active=False/Deleting',
        'StoreAvailable=False/StoreUnavailable',
      ],
    },
  ])('$name', ({ facts: given, want }) => {
    const conditions = flowConditions({ ...facts, ...given })
    expect(conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`)).toEqual(want)
    expect(new Set(conditions.map(({ observedGeneration }) => observedGeneration))).toEqual(new Set([7]))
  })

  it('says until when a flow that goes may take', () => {
    const deletion = { askedAt: Date.parse('2026-01-01T00:00:00Z'), deadlineMs: 600_000 }
    const [ready] = flowConditions({ ...facts, isDeleting: true, state: { ...state, deletion } })
    expect(ready?.message).toContain('2026-01-01T00:10:00.000Z')
  })
})

describe('findingsText', () => {
  it('has a line for each of ten, and says how many there are beyond', () => {
    const lines = findingsText(Array.from({ length: 12 }, () => finding)).split('\n')
    expect(lines).toHaveLength(11)
    expect(lines[0]).toBe('spec.steps[0].next: no step is named "x" (UnknownStep)')
    expect(lines[10]).toBe('and 2 more: see weir lint')
  })

  it('cuts what is long: all of it stays far below the limit of a status', () => {
    const long = Array.from({ length: 100 }, () => ({ ...finding, message: 'x'.repeat(10_000) }))
    expect(findingsText(long).length).toBeLessThan(6_000)
  })
})
