import { describe, expect, it } from 'vitest'
import { run, startedAt, stepEvent } from '../store/conformance/store-promise.ts'
import type { StepEvent } from '../store/store.ts'
import { encodeObservations } from './batch-writer.ts'
import type { Observation } from './observation-batch.ts'
import { readBatch, readObservations, runKey } from './observation-batch.ts'

const place = { id: 'b1', at: startedAt + 1000, publisher: 'p', from: 40 }
const event = (changes: Partial<StepEvent>): Observation => ({ kind: 'event', event: stepEvent('flow', 'r1', changes) })
const begun = (flow: string, at: number, id: string): Observation => ({ kind: 'run', run: run(flow, at, id) })
const hexId = (n: number): string => n.toString(16).padStart(32, '0')

const observations: readonly Observation[] = [
  begun('flow', 5, 'r1'),
  event({}),
  event({ parentId: 'p1' }),
  event({ code: 'Boom' }),
  event({ error: 'only a text: "✓"\n' }),
  event({ parentId: 'p1', code: 'Boom', error: '' }),
  event({ children: 0 }),
  event({ parentId: 'p1', emitted: 3, children: 2 }),
  event({ parentId: 'p1', code: 'Boom', error: 'diverted', children: 0 }),
  event({ run: 'r2', kind: 'filtered', emitted: 0, durationMs: 0, at: place.at }),
  ...(['settled', 'diverted', 'retried', 'dead', 'discarded', 'waiting', 'filtered'] as const).map((kind) =>
    event({ kind }),
  ),
  begun('other', 900, 'r3'),
]

describe('a batch of observations', () => {
  it('gives back what it is made of, in the order of each kind', () => {
    const batch = encodeObservations(observations, place)
    expect(readObservations(batch)).toEqual({
      runs: observations.flatMap((one) => (one.kind === 'run' ? [one.run] : [])),
      events: observations.flatMap((one) => (one.kind === 'event' ? [one.event] : [])),
    })
  })

  it('says what an index needs without being opened', () => {
    const batch = encodeObservations(observations, place)
    expect(readBatch(batch.bytes)).toEqual(batch)
    expect(batch).toMatchObject({
      ...place,
      count: observations.length,
      flows: ['flow', 'other'],
      lastStartedAt: startedAt + 900,
    })
    expect(new Set(batch.runKeys)).toEqual(new Set(['r1', 'r2', 'r3'].map(runKey)))
  })

  it('may be empty: its place alone says what was dropped before it', () => {
    const batch = encodeObservations([], place)
    expect(readBatch(batch.bytes)).toEqual({ ...place, count: 0, runKeys: [], flows: [], bytes: batch.bytes })
    expect(readObservations(batch)).toEqual({ runs: [], events: [] })
  })

  it.each([
    { name: 'all of 32 hexadecimal digits', ids: [1, 2, 3].map(hexId) },
    { name: 'one with a capital', ids: [hexId(1), hexId(10).toUpperCase(), hexId(3)] },
    { name: 'one that is shorter', ids: [hexId(1), hexId(2), 'a1'] },
    { name: 'one of 32 other characters', ids: [hexId(1), 'é'.repeat(32), '0'.repeat(31) + 'g'] },
    { name: 'one that is empty', ids: [hexId(1), '', hexId(3)] },
  ])('gives back ids: $name', ({ ids }) => {
    const all = ids.map((messageId, at) => event({ run: ids[(at + 1) % 3] ?? '', messageId, parentId: ids[0] ?? '' }))
    expect(
      readObservations(encodeObservations(all, place)).events.map((one) => ({ kind: 'event', event: one })),
    ).toEqual(all)
  })

  it('gives back numbers of any size', () => {
    const numbers = [0, -1, 9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 45, 0.5]
    const all = numbers.map((n) => event({ at: n, durationMs: n, emitted: n, attempt: n }))
    expect(
      readObservations(encodeObservations(all, place)).events.map((one) => ({ kind: 'event', event: one })),
    ).toEqual(all)
  })

  it('knows ids that are damaged', () => {
    const { bytes } = encodeObservations([event({ run: hexId(1), messageId: hexId(2) })], place)
    expect(() => readObservations({ at: place.at, bytes: bytes.subarray(0, -1) })).toThrow('cannot be read')
  })

  it('takes less than 80 bytes for an event', () => {
    const many = Array.from({ length: 500 }, (_, at) =>
      event({ run: hexId(at % 100), messageId: hexId(at), parentId: hexId(at + 1), children: at % 2 }),
    )
    expect(encodeObservations(many, place).bytes.length / 500).toBeLessThan(80)
  })

  it('is read where it was written before there were parents and children', () => {
    const head = [0, 0, 1, 2, 'm1', 1, 0, 1, 1000, 12]
    const rows = { texts: ['default', 'r1', 'store', 'Boom'], runs: [], events: [head, [...head, 0, 3, 'no']] }
    const { events } = readObservations({ at: place.at, bytes: Buffer.from(`{}\n${JSON.stringify(rows)}`) })
    expect(events.map(({ parentId, children, code, error }) => ({ parentId, children, code, error }))).toEqual([
      {},
      { code: 'Boom', error: 'no' },
    ])
  })

  it.each([
    { name: 'nothing', bytes: '' },
    { name: 'no JSON', bytes: 'rubbish\n{}' },
    {
      name: 'another version',
      bytes: '{"v":3,"id":"a","publisher":"p","from":0,"count":0,"at":0,"runKeys":[],"flows":[]}\n{}',
    },
    { name: 'a header without a place', bytes: '{"v":1,"id":"a","publisher":"p"}\n{}' },
    { name: 'null', bytes: 'null\n' },
  ])('is none when the bytes are $name', ({ bytes }) => {
    expect(readBatch(Buffer.from(bytes))).toBeUndefined()
  })

  it('gives a run the same key everywhere, in 32 bits', () => {
    expect(runKey('')).toBe(-2128831035)
    expect(runKey('r1')).toBe(runKey('r1'))
    const keys = new Set(Array.from({ length: 10_000 }, (_, at) => runKey(at.toString(16).padStart(32, '0'))))
    expect(keys.size).toBeGreaterThan(9990)
  })
})
