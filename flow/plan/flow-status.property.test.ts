import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FlowState } from './flow-state.ts'
import { flowStateInStatus, readFlowState } from './flow-status.ts'

const uid = '0b6f5c1e-9d43-4a5e-8a53-1f0a7f3a9a10'
const metadata = { uid, namespace: 'shop', name: 'orders' }

const instant = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true }))
const count = fc.integer({ min: 1, max: 2 ** 40 })
const marks = ['fetch', '_core', '', '-', '#0', '~', '%', '%0041', 'single', ' ', uid]
/** What no lint would let through, too: whoever writes it down is no judge. */
const name = fc.oneof(fc.constantFrom(...marks), fc.string(), fc.string({ unit: 'binary' }))
const hash = fc.stringMatching(/^[0-9a-f]{12}$/)
const queue = fc.oneof(
  fc.tuple(name, hash, count).map(([step, traits, at]) => ({ step, queue: `${uid}.${step}.${traits}.${at}` })),
  fc.record({ step: name, queue: name }),
)
const pool = fc.oneof(
  name,
  name.map((one) => `Component/${one}/${uid}/${one}`),
)
const stage = fc
  .tuple(queue, pool, fc.boolean())
  .map(([one, its, singleActiveConsumer]) => ({ ...one, pool: its, singleActiveConsumer }))
const living = fc.array(
  fc.tuple(stage, count).map(([one, revision]) => ({ ...one, revision })),
  { maxLength: 200 },
)
const always = {
  flow: fc.constant(uid),
  namespace: fc.constant('shop'),
  name: fc.constant('orders'),
  lastRevision: fc.nat(),
  kept: fc.array(fc.record({ revision: count, hash: fc.constant(''), activeUntil: instant })),
  living,
  retiring: fc.array(fc.tuple(queue, instant).map(([one, since]) => ({ ...one, since }))),
  suspended: fc.boolean(),
  frozen: fc.boolean(),
}
const perhaps = {
  stoodSince: instant,
  pinned: count,
  deletion: fc.record({ askedAt: instant, deadlineMs: instant }),
  retirer: fc.record({ by: name, until: instant }),
}
const pending = fc.record(
  {
    revision: count,
    hash: name,
    stages: fc.array(stage),
    declaredAt: instant,
    blocked: fc.constantFrom('TooManyQueues' as const, 'Suspended' as const),
  },
  { requiredKeys: ['revision', 'hash', 'stages'] },
)

const states = fc
  .record({
    base: fc.record({ ...always, ...perhaps }, { requiredKeys: Object.keys(always) as (keyof typeof always)[] }),
    next: fc.option(pending),
    active: fc.option(fc.tuple(fc.integer({ min: 2 ** 41, max: 2 ** 42 }), name)),
  })
  .map(({ base, next, active }): FlowState => {
    const shared = base.living.map(({ revision: _revision, ...one }) => one)
    return {
      ...base,
      ...(next !== null && { pending: { ...next, stages: [...next.stages, ...shared] } }),
      ...(active !== null && { active: active[0], kept: [...base.kept, { revision: active[0], hash: active[1] }] }),
    }
  })

it('a state comes back from the status of its flow as it was, whatever it is', () => {
  const property = fc.property(states, fc.integer({ min: 1 }), (state, version) => {
    const written = JSON.stringify({ state: flowStateInStatus({ state, version }) })
    const wanted: unknown = JSON.parse(JSON.stringify(state))
    expect(readFlowState({ metadata, status: JSON.parse(written) })).toEqual({ kind: 'read', state: wanted, version })
  })
  fc.assert(property, { numRuns: 300 })
})
