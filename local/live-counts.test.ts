import { describe, expect, it } from 'vitest'
import type { StepEvent } from '../runtime/store/store.ts'
import { liveCounts } from './live-counts.ts'
import { sampleFlow, samplePlans } from '../test/samples/local-plans.ts'

const plans = samplePlans(
  sampleFlow('first', '[{name: by-hand, manual: {}}]') + sampleFlow('second', '[{name: by-hand, manual: {}}]'),
)
const [first] = plans

function happened(kind: StepEvent['kind']): StepEvent {
  const { uid, namespace } = first!.flow
  return {
    namespace,
    flow: uid,
    run: 'r',
    step: 'say',
    messageId: 'm',
    attempt: 1,
    kind,
    emitted: 0,
    at: 0,
    durationMs: 0,
  }
}

const none = { received: 0, retried: 0, dead: 0, discarded: 0 }

describe('liveCounts', () => {
  it('has every step from the beginning, in the order of the flows', () => {
    expect(liveCounts(plans).steps()).toEqual([
      { flow: 'first', step: 'say', ...none },
      { flow: 'second', step: 'say', ...none },
    ])
  })

  it('counts by step what comes and what becomes of it', () => {
    const counts = liveCounts(plans)
    counts.observe.onReceived('first', 'say')
    counts.observe.onReceived('first', 'say')
    for (const kind of ['retried', 'dead', 'discarded', 'settled', 'filtered'] as const)
      counts.observe.onEvent(happened(kind))
    expect(counts.steps()[0]).toEqual({ flow: 'first', step: 'say', received: 2, retried: 1, dead: 1, discarded: 1 })
    expect(counts.steps()[1]).toMatchObject(none)
  })

  it('counts what leaves the flows, and what dies', () => {
    const counts = liveCounts(plans)
    counts.observe.onFinished({ flow: 'first', namespace: 'default', step: 'say', run: 'r', message: () => ({}) })
    counts.observe.onDeadLetter()
    expect([counts.finished(), counts.deadLetters()]).toEqual([1, 1])
  })

  it('takes no notice of a step of an older plan', () => {
    const counts = liveCounts(plans)
    counts.observe.onReceived('first', 'gone')
    counts.observe.onEvent({ ...happened('dead'), step: 'gone' })
    expect(counts.steps()).toHaveLength(2)
  })

  it('gives the state of the moment, not one that changes', () => {
    const counts = liveCounts(plans)
    const before = counts.steps()
    counts.observe.onReceived('first', 'say')
    expect(before[0]).toMatchObject(none)
  })
})
