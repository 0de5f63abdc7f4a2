import { describe, expect, it } from 'vitest'
import type { PlaceClaim } from './assign-places.ts'
import { assignPlaces } from './assign-places.ts'

const claim = (key: string, rest: Partial<PlaceClaim> = {}): PlaceClaim => ({
  key,
  child: 'none',
  keepsPlace: false,
  usedAtMs: 0,
  placedAtMs: 0,
  ...rest,
})
const wants = (key: string, waitingSince: number): PlaceClaim => claim(key, { waitingSince })
const idle = (key: string, usedAtMs: number): PlaceClaim => claim(key, { child: 'idle', usedAtMs, placedAtMs: 990 })
const busy = (key: string, placedAtMs: number): PlaceClaim => claim(key, { child: 'busy', placedAtMs, waitingSince: 1 })

const cases = [
  {
    name: 'starts nothing for nobody',
    claims: [claim('a'), idle('b', 1)],
    want: { start: [], leave: [], isContested: false },
  },
  {
    name: 'starts whoever waits while there is room',
    claims: [wants('a', 2), wants('b', 1)],
    want: { start: ['b', 'a'], leave: [] },
  },
  {
    name: 'gives the last place to the oldest message',
    claims: [idle('x', 1), busy('y', 995), wants('new', 9), wants('old', 3)],
    want: { start: ['old'] },
  },
  {
    name: 'takes the place of the least recently used idle child, however young',
    claims: [idle('x', 5), idle('y', 2), busy('z', 0), wants('a', 1)],
    want: { start: [], leave: ['y'], isContested: true },
  },
  {
    name: 'else of the one that has had it longest',
    claims: [busy('x', 20), busy('y', 10), busy('z', 30), wants('a', 1)],
    want: { leave: ['y'] },
  },
  {
    name: 'asks only as many to leave as are missing',
    claims: [idle('x', 5), claim('y', { child: 'leaving' }), busy('z', 10), wants('a', 1), wants('b', 2)],
    want: { leave: ['x'] },
  },
  {
    name: 'asks nobody while enough are leaving',
    claims: [claim('x', { child: 'leaving' }), busy('y', 1), busy('z', 2), wants('a', 1)],
    want: { start: [], leave: [], isContested: true },
  },
  {
    name: 'leaves a busy child its place for a while, and says how long',
    claims: [busy('x', 960), busy('y', 950), busy('z', 970), wants('a', 1)],
    want: { leave: [], againAfterMs: 50 },
  },
  {
    name: 'does not end a child that is being started',
    claims: [
      claim('x', { child: 'starting' }),
      claim('y', { child: 'starting' }),
      claim('z', { child: 'starting' }),
      wants('a', 1),
    ],
    want: { start: [], leave: [] },
  },
  {
    name: 'starts an endless trigger beside the others, and never ends it',
    claims: [
      claim('x', { child: 'idle', keepsPlace: true }),
      busy('y', 1),
      busy('z', 2),
      { ...wants('e', 5), keepsPlace: true },
    ],
    want: { start: ['e'], leave: [] },
  },
  {
    name: 'leaves one place beside any number of endless triggers',
    claims: [...['x', 'y', 'z', 'w'].map((key) => claim(key, { child: 'idle', keepsPlace: true })), wants('a', 1)],
    want: { start: ['a'], leave: [], isContested: false },
  },
] satisfies { name: string; claims: PlaceClaim[]; want: Partial<ReturnType<typeof assignPlaces>> }[]

describe('assignPlaces', () => {
  it.each(cases)('$name', ({ claims, want }) => {
    expect(assignPlaces(claims, { maxProcesses: 3, minTenureMs: 100 }, 1000)).toMatchObject(want)
  })
})
