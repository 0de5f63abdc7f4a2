import { randomUUID } from 'node:crypto'
import type { Plan } from '../../../flow/plan/plan.ts'
import type { MessageHeaders } from '../../wire/message.ts'
import type { DeadLetter, Run, StepEvent, Store } from '../store.ts'

/** One promise of the port, and how to see that it is kept. */
export interface StorePromise {
  readonly name: string
  readonly check: (bench: StoreBench) => Promise<void>
}

export interface StoreBench {
  readonly store: Store
  /** A second opener of the same state. */
  readonly other: Store
  /** A flow uid that no other check uses. */
  readonly flow: string
}

/** What JSON can say and adapters are tempted to change. */
export const awkwardValues: readonly unknown[] = [
  undefined,
  null,
  false,
  0,
  '',
  [],
  {},
  [null, [[]], { a: [] }],
  { '': 1, 'a.b': 2, $set: 3, __proto: 4, 'mit ü': '✓ 👩‍👩‍👧 \u0000 \u2028 \ud800' },
  [9_007_199_254_740_991, -1e308, 5e-324, 0.1 + 0.2, 1e21],
  { at: '2024-01-01T00:00:00.000Z', id: '65f0c0ffee65f0c0ffee65f0' },
  'x'.repeat(300_000),
]

/** Recent: stores forget what is long past. */
export const startedAt = Date.now()

export function headersOf(flow: string): MessageHeaders {
  return {
    flow,
    revision: 1,
    revisionHash: 'h',
    run: `run-of-${flow}`,
    runStartedAt: startedAt,
    trigger: 'by-hand',
    at: 'store',
    attempt: 5,
    copy: 'copy-1',
    hops: 0,
  }
}

export function deadLetter(flow: string, changes: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: randomUUID(),
    namespace: 'default',
    flow,
    step: 'store',
    run: `run-of-${flow}`,
    revision: 1,
    code: 'ComponentFailed',
    message: 'the shop said "no" ✓',
    attempts: 5,
    failures: [{ step: 'store', attempt: 5, code: 'ComponentFailed', message: 'no', at: '2024-01-01T00:00:00.000Z' }],
    headers: headersOf(flow),
    body: Buffer.from('{"data":{}}'),
    diedAt: startedAt,
    replay: 0,
    state: 'dead',
    ...changes,
  }
}

export function run(flow: string, at: number, id: string = randomUUID()): Run {
  return { namespace: 'default', flow, id, trigger: 'nightly', revision: 2, startedAt: startedAt + at }
}

export function stepEvent(flow: string, runId: string, changes: Partial<StepEvent> = {}): StepEvent {
  return {
    namespace: 'default',
    flow,
    run: runId,
    step: 'store',
    messageId: randomUUID(),
    attempt: 1,
    kind: 'settled',
    emitted: 1,
    at: startedAt,
    durationMs: 12.5,
    ...changes,
  }
}

export function plan(flow: string, revision: number, hash = `hash-${revision}`): Plan {
  return {
    format: 1,
    flow: {
      namespace: 'default',
      name: 'contacts',
      uid: flow,
      labels: { 'app.kubernetes.io/name': 'contacts' },
      suspend: false,
      freeze: false,
      pending: 'finish',
    },
    revision,
    hash,
    triggers: [],
    steps: {},
    stages: [],
    carried: { steps: { check: [['data', 'id']] }, trigger: [] },
  }
}

/** How many of the outcomes are the given one. */
export function count<Outcome>(outcomes: readonly Outcome[], wanted: Outcome): number {
  return outcomes.filter((outcome) => outcome === wanted).length
}

/** Asks both openers so many times each, all at once. */
export async function race<Outcome>(
  { store, other }: StoreBench,
  times: number,
  ask: (store: Store, at: number) => Promise<Outcome>,
): Promise<Outcome[]> {
  return Promise.all(Array.from({ length: 2 * times }, (_, at) => ask(at % 2 === 0 ? store : other, at)))
}
