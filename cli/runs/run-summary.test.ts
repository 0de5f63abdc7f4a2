import { describe, expect, it } from 'vitest'
import { startedAt, stepEvent } from '../../runtime/store/conformance/store-promise.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import { summaryOf } from './run-summary.ts'
import { messagesOf } from './seen-message.ts'

const seen = (messageId: string, parentId: string | undefined, changes: Partial<StepEvent> = {}): StepEvent =>
  stepEvent('uid', 'r1', {
    messageId,
    ...(parentId !== undefined && { parentId }),
    step: parentId === undefined ? 'fetch' : 'store',
    at: startedAt + 10,
    ...changes,
  })
const root = (children: number): StepEvent => seen('r1', undefined, { emitted: children })
const last = { children: 0 }
const dead = { kind: 'dead', emitted: 0, code: 'Busy' } as const

describe('a run', () => {
  it.each<{ name: string; events: StepEvent[]; want: object }>([
    { name: 'is unknown when nothing was seen', events: [], want: { state: 'unknown', messages: 0, underWay: 0 } },
    {
      name: 'is finished when all that was given is at its end',
      events: [root(2), seen('a', 'r1', last), seen('b', 'r1', last)],
      want: { state: 'finished', messages: 3, dead: 0, underWay: 0, lastAt: startedAt + 10 },
    },
    {
      name: 'is running while something that was given was not seen',
      events: [root(3), seen('a', 'r1', last)],
      want: { state: 'running', underWay: 2 },
    },
    {
      name: 'is running while something is to be retried, though something has died',
      events: [root(2), seen('a', 'r1', { kind: 'retried', emitted: 0 }), seen('b', 'r1', dead)],
      want: { state: 'running', underWay: 1, dead: 1 },
    },
    {
      name: 'has failed when all is at its end, and something died',
      events: [root(2), seen('a', 'r1', last), seen('b', 'r1', dead)],
      want: { state: 'failed', dead: 1 },
    },
    {
      name: 'has not failed when what died was replayed at another step',
      events: [root(1), seen('b', 'r1', dead), seen('b', 'r1', { step: 'other', at: startedAt + 90, ...last })],
      want: { state: 'finished', messages: 2, dead: 0 },
    },
    {
      name: 'is running again when what died is replayed and waits',
      events: [root(1), seen('b', 'r1', dead), seen('b', 'r1', { kind: 'waiting', emitted: 0, at: startedAt + 90 })],
      want: { state: 'running', dead: 0, underWay: 1 },
    },
    {
      name: 'does not wait for a dead letter of a built-in, which was given and was seen',
      events: [seen('r1', undefined, { emitted: 0, children: 1 }), seen('letter', 'r1', dead)],
      want: { state: 'failed', dead: 1, underWay: 0 },
    },
    {
      name: 'may have more children than were told of: late ones, and those of an attempt that failed',
      events: [root(1), seen('a', 'r1', last), seen('late', 'r1', last)],
      want: { state: 'finished', messages: 3, underWay: 0 },
    },
    {
      name: 'of an endless trigger begins with what that emitted',
      events: [seen('a', 'r1', last)],
      want: { state: 'finished', messages: 1 },
    },
    {
      name: 'is unknown where nobody wrote down what came of which',
      events: [root(1), seen('a', undefined, { step: 'store' })],
      want: { state: 'unknown', messages: 2 },
    },
  ])('$name', ({ events, want }) => {
    expect(summaryOf({ id: 'r1' }, messagesOf(events))).toMatchObject(want)
  })
})
