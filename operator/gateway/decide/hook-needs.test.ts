import { describe, expect, it } from 'vitest'
import type { Trigger } from '../../../crds/v1alpha1/trigger.ts'
import { samplePlan } from '../../../test/samples/sample-plan.ts'
import { hookNeeds, plannedCredentials, type HookFacts } from './hook-needs.ts'

const triggers: readonly Trigger[] = [
  { name: 'a', webhook: { path: '/a', auth: { basic: { credential: 'login' } } } },
  { name: 'b', webhook: { path: '/b', auth: { hmac: { credential: 'signing' } } } },
  { name: 'c', webhook: { path: '/c', auth: { apiKey: { credential: 'login' } } } },
  { name: 'd', webhook: { path: '/d', auth: { none: {} } } },
  { name: 'e', schedule: { cron: '* * * * *' } },
]
const ready = { type: 'Ready', status: 'True', reason: 'RevisionActive', message: '', lastTransitionTime: '' } as const
const pending = { revision: 3, hash: 'h', stages: [] }
const facts: HookFacts = {
  generation: 4,
  isDeleting: false,
  spec: { triggers },
  status: { observedGeneration: 4, conditions: [ready] },
  state: { flow: 'u', active: 2 },
}
const written = ['login', 'signing']

describe('what the webhooks of a flow need', () => {
  it.each<{ name: string; facts: HookFacts; needs: object }>([
    { name: 'what is written, when that runs', facts, needs: { credentials: written, revisions: [], written: 2 } },
    {
      name: 'what is written, when it is about to run for the first time',
      facts: { ...facts, status: undefined, state: { flow: 'u', pending } },
      needs: { credentials: written, revisions: [] },
    },
    {
      name: 'what runs and what is about to',
      facts: { ...facts, generation: 5, state: { flow: 'u', active: 2, pending } },
      needs: { credentials: written, revisions: [2] },
    },
    {
      name: 'what runs, when an edit is refused',
      facts: { ...facts, generation: 5 },
      needs: { credentials: [], revisions: [2] },
    },
    {
      name: 'what runs, when the flow is pinned',
      facts: {
        ...facts,
        spec: { triggers, revision: 1 },
        status: { observedGeneration: 4, conditions: [{ ...ready, reason: 'Pinned' }] },
        state: { flow: 'u', active: 2, pending },
      },
      needs: { credentials: [], revisions: [2, 3] },
    },
    {
      name: 'nothing before it runs',
      facts: { ...facts, state: { flow: 'u' } },
      needs: { credentials: [], revisions: [] },
    },
    { name: 'nothing when it goes', facts: { ...facts, isDeleting: true }, needs: { credentials: [], revisions: [] } },
    {
      name: 'nothing when its deletion was asked for',
      facts: { ...facts, state: { flow: 'u', active: 2, deletion: { askedAt: 0, deadlineMs: 1 } } },
      needs: { credentials: [], revisions: [] },
    },
  ])('is $name', ({ facts: given, needs }) => expect(hookNeeds(given)).toEqual({ flow: 'u', ...needs }))

  it('stands in a plan as it is written', () => expect(plannedCredentials(samplePlan({ triggers }))).toEqual(written))
})
