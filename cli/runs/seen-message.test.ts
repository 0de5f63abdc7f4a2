import { describe, expect, it } from 'vitest'
import { startedAt, stepEvent } from '../../runtime/store/conformance/store-promise.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import { messagesOf } from './seen-message.ts'

const seen = (afterMs: number, changes: Partial<StepEvent> = {}): StepEvent =>
  stepEvent('uid', 'r1', { messageId: 'm1', parentId: 'p1', at: startedAt + afterMs, durationMs: 10, ...changes })
const retried = { kind: 'retried', emitted: 0, code: 'Busy', error: 'come back' } as const
const dead = { kind: 'dead', emitted: 0, code: 'Busy', error: 'no more' } as const

describe('what became of a message', () => {
  it.each<{ name: string; events: StepEvent[]; want: object }>([
    { name: 'is what was seen of it', events: [seen(10)], want: { kind: 'settled' } },
    {
      name: 'is open while it is to be retried',
      events: [seen(10, retried)],
      want: { kind: 'retrying', code: 'Busy' },
    },
    { name: 'is its last attempt', events: [seen(10, retried), seen(50, { attempt: 2 })], want: { kind: 'settled' } },
    {
      name: 'is its last attempt, whatever the clock of the runner before it says',
      events: [seen(10, { attempt: 2 }), seen(50, retried)],
      want: { kind: 'settled' },
    },
    {
      name: 'is open again after a replay',
      events: [seen(10, { ...dead, attempt: 5 }), seen(90, retried)],
      want: { kind: 'retrying', code: 'Busy' },
    },
    {
      name: 'is death',
      events: [seen(10, retried), seen(50, { ...dead, attempt: 2 })],
      want: { kind: 'dead', code: 'Busy' },
    },
    {
      name: 'is not what became of its duplicate',
      events: [seen(10), seen(50, { kind: 'discarded', emitted: 0, code: 'Duplicate' })],
      want: { kind: 'settled' },
    },
    {
      name: 'is a wait when nothing was tried since',
      events: [seen(10, retried), seen(50, { kind: 'waiting', emitted: 0, code: 'NoPlan' })],
      want: { kind: 'waiting', code: 'NoPlan' },
    },
  ])('$name', ({ events, want }) => {
    expect(messagesOf(events).map(({ fate }) => fate)).toEqual([want])
  })

  it('counts once what a message gave twice', () => {
    const [message] = messagesOf([seen(10, { emitted: 3 }), seen(90, { emitted: 3, children: 2 })])
    expect(message).toMatchObject({ children: 3, startedAt, endedAt: startedAt + 90, durationMs: 10 })
  })

  it('is that of its parts when nothing of it is left, else theirs is told beside it', () => {
    const filtered = seen(9, { kind: 'filtered', parentId: 'm1', emitted: 0, durationMs: 0 })
    const whole = seen(10, { emitted: 0 })
    expect(messagesOf([filtered, whole])).toMatchObject([{ fate: { kind: 'filtered' }, isPart: false, children: 0 }])
    expect(messagesOf([filtered, seen(10)])).toMatchObject([
      { fate: { kind: 'filtered' }, isPart: true },
      { fate: { kind: 'settled' }, isPart: false },
    ])
    expect(messagesOf([{ ...filtered, step: 'behind' }, whole])).toHaveLength(2)
  })

  it('is told of each step where it was', () => {
    const messages = messagesOf([seen(10, dead), seen(90, { step: 'other' })])
    expect(messages.map(({ step, fate }) => `${step} ${fate.kind}`)).toEqual(['store dead', 'other settled'])
  })
})
