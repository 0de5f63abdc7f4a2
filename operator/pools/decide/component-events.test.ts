import { expect, it } from 'vitest'
import { componentEvent } from './component-events.ts'

const ready = [{ type: 'Ready', status: 'True' as const, reason: 'Available', message: 'fine' }]
const stalled = (message: string) => [
  { type: 'Ready', status: 'False' as const, reason: 'ImagePullBackOff', message },
  { type: 'Stalled', status: 'True' as const, reason: 'ImagePullBackOff', message },
]

it.each([
  { name: 'nothing has changed', before: ready, after: ready, want: undefined },
  { name: 'it is ready for the first time', before: [], after: ready, want: undefined },
  { name: 'pods fail', before: ready, after: stalled('no'), want: 'Warning ImagePullBackOff no' },
  { name: 'they fail as before', before: stalled('no'), after: stalled('no'), want: undefined },
  {
    name: 'they fail otherwise',
    before: stalled('no'),
    after: stalled('never'),
    want: 'Warning ImagePullBackOff never',
  },
  { name: 'it is right again', before: stalled('no'), after: ready, want: 'Normal Available fine' },
])('who watches hears: $name', ({ before, after, want }) => {
  const event = componentEvent(before, after)
  expect(event && `${event.type} ${event.reason} ${event.note}`).toBe(want)
})
