import { describe, expect, it } from 'vitest'
import type { Plan } from '../../flow/plan/plan.ts'
import { stepEvent } from '../../runtime/store/conformance/store-promise.ts'
import type { Run, StepEvent } from '../../runtime/store/store.ts'
import { describeRun } from './describe-run.ts'
import { summaryOf } from './run-summary.ts'
import { runTree } from './run-tree.ts'
import { messagesOf } from './seen-message.ts'
import { span } from './tree-lines.ts'

const startedAt = Date.parse('2026-03-01T12:00:00Z')
const run: Run = { namespace: 'default', flow: 'uid', id: 'r1', trigger: 'nightly', revision: 3, startedAt }

type Edge = string | { readonly to: string; readonly when: string }

function step(name: string, kind: string, next: Edge[], onError?: string): [string, unknown] {
  const edges = next.map((edge) => (typeof edge === 'string' ? { to: edge } : edge))
  return [name, { name, kind, next: edges, onError: onError === undefined ? {} : { to: { step: onError } } }]
}

const plan = {
  triggers: [{ name: 'nightly', to: 'fetch' }],
  steps: Object.fromEntries([
    step('fetch', 'component', ['each']),
    step('each', 'split', ['pause']),
    step('pause', 'wait', ['shape']),
    step('shape', 'transform', ['store', { to: 'note', when: 'data.odd' }]),
    step('note', 'log', []),
    step('store', 'component', ['say'], 'mail'),
    step('say', 'log', []),
    step('mail', 'component', []),
  ]),
} as unknown as Plan // no more of it is looked at

function seen(name: string, afterMs: number, changes: Partial<StepEvent> = {}): StepEvent {
  return stepEvent('uid', 'r1', { step: name, at: startedAt + afterMs, durationMs: 10, ...changes })
}

const root = (emitted: number): StepEvent => seen('fetch', 20, { messageId: 'r1', emitted })
const paused = (id: string): StepEvent => seen('pause', 1030, { messageId: `p${id}`, parentId: 'r1' })
const stored = (id: string, afterMs: number, changes: Partial<StepEvent> = {}): StepEvent =>
  seen('store', afterMs, { messageId: `s${id}`, parentId: `p${id}`, children: 0, ...changes })
const busy = { code: 'Busy', error: 'come\nback', emitted: 0 } as const

function shown(events: readonly StepEvent[], given: { plan?: Plan | undefined; missing?: number } = { plan }): string {
  const messages = messagesOf(events.toSorted((left, right) => left.at - right.at))
  const { missing = 0 } = given
  const tree = runTree(run, given.plan, messages)
  return describeRun(
    { run, flow: 'default/contacts', summary: summaryOf(run, messages), tree, missing },
    startedAt + 300_000,
  )
}

describe('a run', () => {
  it('is shown as the tree of its messages, alike ones together, with their times, attempts, ends and errors', () => {
    const text = shown([
      root(5),
      ...['1', '2', '3', '4'].map(paused),
      stored('1', 1050),
      stored('2', 1060, { kind: 'retried', ...busy }),
      stored('2', 1570, { attempt: 2 }),
      stored('3', 1080, { kind: 'retried', ...busy }),
      stored('3', 2600, { kind: 'dead', attempt: 2, ...busy }),
      stored('4', 1080, { kind: 'diverted', ...busy, code: 'Gone', emitted: 1, children: 1 }),
      seen('mail', 1200, { messageId: 'm4', parentId: 's4', children: 0, durationMs: 70 }),
    ])
    expect(text).toMatchInlineSnapshot(`
      "Run:       r1
      Flow:      default/contacts
      Trigger:   nightly
      Revision:  3
      State:     running, with dead letters
      Started:   2026-03-01T12:00:00.000Z (5m ago)
      Last seen: 2.6s after its start
      Messages:  10 seen, 1 dead, 1 under way

      STEP                  MESSAGES   FATE            ATTEMPTS   FIRST   LAST    WAITED           TOOK
      fetch                 1          settled         1          +10ms   +20ms   10ms             10ms
      └─ each                          fused
         ├─ pause           4          settled         4          +1.0s   +1.0s   1.0s             10ms
         │  └─ shape                   fused
         │     ├─ store     2          settled         3          +1.0s   +1.6s   10ms, max 20ms   10ms
         │     │  │  attempt 1, again after 500ms: Busy: come back
         │     │  └─ say               fused
         │     ├─ store     1          dead Busy       2          +1.1s   +2.6s   40ms             10ms
         │     │     attempt 1, again after 1.5s: Busy: come back
         │     │     attempt 2: Busy: come back (dead letter s3/store)
         │     └─ store     1          diverted Gone   1          +1.1s   +1.1s   40ms             10ms
         │        │  attempt 1 diverted: Gone: come back
         │        └─ mail   1          settled         1          +1.1s   +1.2s   50ms             70ms
         └─ pause           1          under way
      "
    `)
  })

  it('is shown by what was seen of it when its plan is gone', () => {
    const text = shown([root(1), paused('1'), stored('1', 1050)], { plan: undefined })
    expect(text).toMatch(/^fetch +1 +settled .*\n└─ pause +1 +settled .*\n {3}└─ store +1 +settled .*\n$/m)
  })

  it('says what is under way, and that it may only not have been observed', () => {
    expect(shown([root(3), paused('1')])).toMatch(
      /^└─ each +fused\n {3}├─ pause +1 +settled .*\n {3}│ .*shape +fused\n {3}│ .*store +1 +under way\n {3}└─ pause +2 +under way$/m,
    )
    expect(shown([root(3)], { plan, missing: 7 })).toMatch(/^ {3}└─ pause +3 +under way, or not observed$/m)
    expect(shown([])).toContain('Last seen: nothing has been observed yet\n')
  })

  it('says what went on at another step after its death, what was worked on twice, and what was dropped', () => {
    const dead = stored('1', 1050, { kind: 'dead', ...busy })
    const replayed = seen('mail', 9000, { messageId: 's1', parentId: 'p1', children: 0 })
    const twice = [
      stored('2', 1050),
      stored('2', 1060),
      stored('2', 1070, { kind: 'discarded', ...busy, code: 'Duplicate' }),
    ]
    const text = shown([root(2), paused('1'), paused('2'), dead, replayed, ...twice])
    expect(text).toContain('State:     finished\n')
    expect(text).toMatch(/store +1 +dead Busy .*\n.*\n.*1 of them replayed at another step since\n/)
    expect(text).toMatch(/mail +1 +settled +1 +\+9\.0s/)
    expect(text).toMatch(/store +1 +settled +2 .*\n.*worked on again 1 time after the end.*\n.*1 duplicate dropped\n/)
  })

  it('shows what came of messages that were not observed, and what was written before messages named their parents', () => {
    const text = shown([root(1), stored('1', 1050), seen('mail', 2000, { messageId: 'old' })])
    expect(text).toMatch(
      /\nWhat came of messages that were not observed:\nSTEP .*\nstore +1 +settled .*\n(?:.*say .*\n)?mail +1 /,
    )
    expect(text).toContain('State:     unknown\n')
  })

  it('ends where it goes round in a circle, and where there is too much of it', () => {
    const circle = Array.from({ length: 20_000 }, (_, at) =>
      seen('fetch', at, {
        messageId: at === 0 ? 'r1' : `c${at}`,
        ...(at > 0 && { parentId: at === 1 ? 'r1' : `c${at - 1}` }),
      }),
    )
    expect(shown(circle)).toMatch(/… +19940 +deeper than is shown$/m)
    const many = Array.from({ length: 2000 }, (_, at) =>
      seen('store', 50, { messageId: `m${at}`, parentId: 'r1', kind: 'dead', emitted: 0, code: `E${at}` }),
    )
    const text = shown([root(2000), ...many])
    expect(text.split('\n').length).toBeLessThan(420)
    expect(text).toMatch(/^… and \d+ more lines: -o json has all of it$/m)
    const alike = many.map((event, at) => ({ ...event, code: 'Busy', error: `no article ${at}` }))
    expect(shown([root(2000), ...alike])).toMatch(/^ +1995 more failures: -o json has them$/m)
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
