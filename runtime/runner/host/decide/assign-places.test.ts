import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlaceClaim, PlaceMoves, PlaceRules } from './assign-places.ts'
import { assignPlaces } from './assign-places.ts'

const claim = (key: string, rest: Partial<PlaceClaim> = {}): PlaceClaim => ({
  key,
  child: 'none',
  keepsPlace: false,
  usedAtMs: 0,
  placedAtMs: 0,
  limitMb: rest.child === undefined || rest.child === 'none' ? 0 : 512,
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
    want: {
      start: [
        { key: 'b', limitMb: 512 },
        { key: 'a', limitMb: 512 },
      ],
      leave: [],
    },
  },
  {
    name: 'gives the last place to the oldest message',
    claims: [idle('x', 1), busy('y', 995), wants('new', 9), wants('old', 3)],
    want: { start: [{ key: 'old', limitMb: 512 }] },
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
    want: { start: [{ key: 'e', limitMb: 512 }], leave: [] },
  },
  {
    name: 'leaves one place beside any number of endless triggers',
    claims: [...['x', 'y', 'z', 'w'].map((key) => claim(key, { child: 'idle', keepsPlace: true })), wants('a', 1)],
    want: { start: [{ key: 'a', limitMb: 512 }], leave: [], isContested: false },
  },
] satisfies { name: string; claims: PlaceClaim[]; want: Partial<ReturnType<typeof assignPlaces>> }[]

const unbounded: PlaceRules = {
  maxProcesses: 3,
  minTenureMs: 100,
  memory: { totalMb: undefined, usualMb: 512, leastMb: 128 },
  recent: 0,
}

describe('assignPlaces', () => {
  it.each(cases)('$name', ({ claims, want }) => {
    expect(assignPlaces(claims, unbounded, 1000)).toMatchObject(want)
  })
})

const endless = (key: string, limitMb: number): PlaceClaim => claim(key, { child: 'idle', keepsPlace: true, limitMb })

const shares = [
  {
    name: 'a container without a limit gives each the usual',
    totalMb: undefined,
    claims: [wants('a', 1), wants('b', 2)],
    want: { start: placed({ a: 512, b: 512 }) },
  },
  {
    name: 'so does one that is large enough',
    totalMb: 1100,
    claims: [wants('a', 1), wants('b', 2)],
    want: { start: placed({ a: 512, b: 512 }) },
  },
  {
    name: 'in a small one who is alone gets all of it',
    totalMb: 409,
    claims: [wants('a', 1)],
    want: { start: placed({ a: 409 }) },
  },
  {
    name: 'and several get even shares, as many as can run in theirs',
    totalMb: 409,
    claims: [wants('a', 1), wants('b', 2), wants('c', 3), wants('d', 4)],
    want: { start: placed({ a: 136, b: 136, c: 136 }), leave: [], isContested: true },
  },
  {
    name: 'an idle one that has all of it goes first, and comes back smaller',
    totalMb: 409,
    claims: [{ ...idle('x', 1), limitMb: 409 }, wants('a', 1)],
    want: { start: [], leave: ['x'], isContested: true },
  },
  {
    name: 'of busy ones the one that has had its place longest, at the end of its message',
    totalMb: 409,
    claims: [{ ...busy('x', 20), limitMb: 204 }, { ...busy('y', 10), limitMb: 204 }, wants('a', 1)],
    want: { start: [], leave: ['y'] },
  },
  {
    name: 'as many go as it takes',
    totalMb: 409,
    claims: [...['x', 'y', 'z'].map((key) => ({ ...idle(key, 1), limitMb: 136 })), { ...wants('a', 1), wantedMb: 250 }],
    want: { start: [], leave: ['x', 'y'] },
  },
  {
    name: 'nobody is asked while what leaves is enough',
    totalMb: 409,
    claims: [claim('x', { child: 'leaving', limitMb: 204 }), { ...idle('y', 1), limitMb: 204 }, wants('a', 1)],
    want: { start: [], leave: [], isContested: true },
  },
  {
    name: 'who needs little does not pass who has waited longer',
    totalMb: 500,
    claims: [
      { ...busy('x', 950), limitMb: 200 },
      { ...wants('a', 1), wantedMb: 400 },
      { ...wants('b', 2), wantedMb: 130 },
    ],
    want: { start: [], leave: [], againAfterMs: 50 },
  },
  {
    name: 'an endless trigger leaves as much to the others',
    totalMb: 800,
    claims: [{ ...wants('e', 1), keepsPlace: true }, wants('a', 2)],
    want: { start: placed({ e: 400, a: 400 }) },
  },
  {
    name: 'and waits for memory like anybody',
    totalMb: 400,
    claims: [
      { ...idle('x', 1), limitMb: 400 },
      { ...wants('e', 1), keepsPlace: true },
    ],
    want: { start: [], leave: ['x'] },
  },
  {
    name: 'what is too large for the container is refused, and holds up nobody',
    totalMb: 400,
    claims: [{ ...wants('a', 1), wantedMb: 600 }, wants('b', 2)],
    want: { start: placed({ b: 200 }), refuse: [{ key: 'a', neededMb: 600, leftMb: 400 }], isContested: false },
  },
  {
    name: 'so is everything where not even the least has room',
    totalMb: 100,
    claims: [wants('a', 1), { ...wants('e', 2), keepsPlace: true }],
    want: {
      start: [],
      refuse: [
        { key: 'e', neededMb: 128, leftMb: 100 },
        { key: 'a', neededMb: 128, leftMb: 100 },
      ],
    },
  },
  {
    name: 'and what has none beside endless triggers',
    totalMb: 200,
    claims: [endless('e', 128), wants('a', 1)],
    want: { start: [], refuse: [{ key: 'a', neededMb: 128, leftMb: 72 }] },
  },
] satisfies { name: string; totalMb: number | undefined; claims: PlaceClaim[]; want: Partial<PlaceMoves> }[]

function placed(limits: Readonly<Record<string, number>>): PlaceMoves['start'] {
  return Object.entries(limits).map(([key, limitMb]) => ({ key, limitMb }))
}

describe('assignPlaces, by memory', () => {
  it.each(shares)('$name', ({ totalMb, claims, want }) => {
    const rules = { maxProcesses: 16, minTenureMs: 100, memory: { totalMb, usualMb: 512, leastMb: 128 }, recent: 0 }
    expect(assignPlaces(claims, rules, 1000)).toMatchObject(want)
  })

  it('keeps room for who has just been here', () => {
    const memory = { totalMb: 409, usualMb: 512, leastMb: 128 }
    const rules = { maxProcesses: 16, minTenureMs: 100, memory, recent: 1 }
    expect(assignPlaces([wants('a', 1)], rules, 1000)).toMatchObject({ start: placed({ a: 204 }) })
  })

  it('never gives out more than there is, whoever comes and goes, and everybody gets his turn', () => {
    const world = fc.record({
      totalMb: fc.integer({ min: 128, max: 3000 }),
      maxProcesses: fc.integer({ min: 1, max: 8 }),
      keys: fc.integer({ min: 1, max: 10 }),
      endless: fc.integer({ min: 0, max: 2 }),
    })
    fc.assert(
      fc.property(world, (options) => {
        const { mostMb, served, refused } = runFor(200, options)
        expect(mostMb).toBeLessThanOrEqual(options.totalMb)
        expect(new Set([...served, ...refused]).size).toBe(options.keys)
      }),
    )
  })
})

interface World {
  readonly totalMb: number
  readonly maxProcesses: number
  readonly keys: number
  readonly endless: number
}

/** Every key always has a message; each turn who was asked to leave is gone. */
function runFor(turns: number, { totalMb, maxProcesses, keys, endless: endlessKeys }: World) {
  const rules = { maxProcesses, minTenureMs: 2, memory: { totalMb, usualMb: 512, leastMb: 128 }, recent: 0 }
  const claims = new Map<string, PlaceClaim>()
  for (let at = 0; at < keys; at += 1)
    claims.set(`k${at}`, claim(`k${at}`, { waitingSince: at, keepsPlace: at < endlessKeys }))
  const [served, refused] = [new Set<string>(), new Set<string>()]
  let mostMb = 0
  for (let turn = 0; turn < turns; turn += 1) {
    const moves = assignPlaces([...claims.values()], rules, turn)
    for (const { key, limitMb } of moves.start) {
      served.add(key)
      claims.set(key, { ...claims.get(key)!, child: 'busy', placedAtMs: turn, limitMb })
    }
    for (const { key } of moves.refuse) refused.add(key)
    mostMb = Math.max(
      mostMb,
      [...claims.values()].reduce((sum, { limitMb }) => sum + limitMb, 0),
    )
    for (const key of moves.leave)
      claims.set(key, { ...claims.get(key)!, child: 'none', limitMb: 0, waitingSince: keys + turn })
  }
  return { mostMb, served, refused }
}
