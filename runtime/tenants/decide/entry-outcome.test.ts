import { expect, it } from 'vitest'
import { entryOutcome } from './entry-outcome.ts'

const event = (kind: string, emitted = 0, messageId = 'run') => ({ messageId, kind, emitted })

it.each([
  { name: 'nothing is recorded yet', events: [], outcome: undefined },
  { name: 'it will be tried again', events: [event('retried'), event('waiting')], outcome: undefined },
  { name: 'another message of the run has ended', events: [event('settled', 0, 'other')], outcome: undefined },
  { name: 'it gave something', events: [event('retried'), event('settled', 3)], outcome: 3 },
  { name: 'it gave nothing', events: [event('settled', 0)], outcome: 0 },
  { name: 'it died', events: [event('dead')], outcome: 0 },
  { name: 'it was discarded', events: [event('discarded')], outcome: 0 },
])('what became of a fire: $name', ({ events, outcome }) => {
  expect(entryOutcome('run', events)).toBe(outcome)
})
