import { describe, expect, it } from 'vitest'
import type { Plan } from '../../flow/plan/plan.ts'
import { stepEvent } from '../../runtime/store/conformance/store-promise.ts'
import type { Run, StepEvent } from '../../runtime/store/store.ts'
import { describeRun, span } from './describe-run.ts'
import { runTree } from './run-tree.ts'

const startedAt = Date.parse('2026-03-01T12:00:00Z')
const run: Run = { namespace: 'default', flow: 'uid', id: 'r1', trigger: 'nightly', revision: 3, startedAt }

function step(name: string, kind: 'component' | 'log', next: string[], onError?: string): [string, unknown] {
  const to = onError === undefined ? {} : { to: { step: onError } }
  return [name, { name, kind, next: next.map((target) => ({ to: target })), onError: to }]
}

const plan = {
  triggers: [{ name: 'nightly', to: 'fetch' }],
  steps: Object.fromEntries([
    step('fetch', 'component', ['shape']),
    step('shape', 'log', ['store', 'mail']),
    step('store', 'component', ['say'], 'mail'),
    step('mail', 'component', ['say']),
    step('say', 'log', []),
  ]),
  stages: [{ entries: ['fetch', 'shape'] }, { entries: ['store', 'say'] }, { entries: ['mail', 'say'] }],
} as unknown as Plan // no more of it is looked at

function seen(name: string, afterMs: number, changes: Partial<StepEvent> = {}): StepEvent {
  return stepEvent('uid', 'r1', {
    step: name,
    messageId: `${name}-1`,
    at: startedAt + afterMs,
    durationMs: 10,
    ...changes,
  })
}

const events = [
  seen('fetch', 20, { emitted: 2 }),
  seen('store', 140, { kind: 'retried', emitted: 0, code: 'Busy', error: 'come back' }),
  seen('store', 150, { messageId: 'store-2' }),
  seen('store', 2500, { kind: 'dead', emitted: 0, attempt: 2, code: 'Busy', error: 'come\nback' }),
]

describe('a run', () => {
  it('is shown as the tree of its steps, each with what became of its messages, and its errors', () => {
    const tree = runTree(plan, 'nightly', events)
    const text = describeRun({ run, flow: 'default/contacts', tree, events }, startedAt + 300_000)
    expect(text).toBe(
      `Run:       r1
Flow:      default/contacts
Trigger:   nightly
Revision:  3
Started:   2026-03-01T12:00:00.000Z (5m ago)
Last seen: 2.5s after its start

STEP              MESSAGES   ATTEMPTS   SETTLED   EMITTED   DEAD   DISCARDED   FIRST    LAST    WORKED
fetch             1          1          1         2         0      0           +10ms    +20ms   10ms
└─ shape          (fused)
   ├─ store       2          3          1         1         1      0           +130ms   +2.5s   30ms
   │  ├─ say      (fused)
   │  └─ mail     -
   │     └─ say   (above)
   └─ mail        (above)

Errors:
AT       STEP    MESSAGE   ATTEMPT   THEN      CODE   ERROR
+140ms   store   store-1   1         retried   Busy   come back
+2.5s    store   store-1   2         dead      Busy   come back
`,
    )
  })

  it('is shown by what was seen of it when its plan is gone', () => {
    const tree = runTree(undefined, 'nightly', events)
    expect(tree.map((node) => node.step)).toEqual(['fetch', 'store'])
    expect(tree.every(({ next, isFused }) => next.length === 0 && !isFused)).toBe(true)
  })

  it('ends where the plan goes round in a circle', () => {
    const circle = {
      ...plan,
      steps: Object.fromEntries([step('fetch', 'component', ['store']), step('store', 'component', ['fetch'])]),
    } as unknown as Plan // likewise
    const [root] = runTree(circle, 'nightly', events)
    expect(root?.next[0]?.next[0]).toMatchObject({ step: 'fetch', isRepeated: true, next: [] })
  })

  it('says when nothing has been seen, and shows only the last of many errors', () => {
    expect(describeRun({ run, flow: 'f', tree: runTree(plan, 'nightly', []), events: [] }, startedAt)).toContain(
      'Last seen: nothing has been observed yet\n',
    )
    const many = Array.from({ length: 60 }, (_, at) => seen('store', at, { code: 'Busy', messageId: `m${at}` }))
    const text = describeRun({ run, flow: 'f', tree: [], events: many }, startedAt)
    expect(text).toContain('Errors, the last 50 of 60:')
    expect(text).not.toContain('m9 ')
    expect(text).toContain('m10 ')
  })
})

it.each([
  { ms: 0.4, want: '0ms' },
  { ms: 999, want: '999ms' },
  { ms: 2500, want: '2.5s' },
  { ms: 120_000, want: '2m' },
])('$ms ms are $want', ({ ms, want }) => {
  expect(span(ms)).toBe(want)
})
