import { expect, it } from 'vitest'
import type { Clock, SimulatedClock } from '../../clock.ts'
import { simulatedClock } from '../../clock.ts'
import type { Retention } from '../retention.ts'
import type { Store } from '../store.ts'
import { run, startedAt, stepEvent } from './store-promise.ts'

type Open = (options: { readonly clock: Clock; readonly retention?: Partial<Retention> }) => Store

/** Registers the tests of what the local adapters forget; MongoDB forgets by indexes of its own. */
export function retentionChecks(open: Open): void {
  const opened = (retention: Partial<Retention>): { readonly store: Store; readonly clock: SimulatedClock } => {
    const clock = simulatedClock(startedAt)
    return { clock, store: open({ clock, retention }) }
  }

  it('keeps a bounded number of runs and events, the newest', async () => {
    const { store } = opened({ runs: 10, events: 100 })
    for (let at = 0; at < 30; at += 1) {
      await store.runs.addRuns([run('f', at, `run-${at}`)])
      await store.runs.addEvents(Array.from({ length: 10 }, () => stepEvent('f', `run-${at}`, { at: startedAt + at })))
    }
    expect((await store.runs.list({})).map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, at) => `run-${29 - at}`),
    )
    expect(await store.runs.events('run-19')).toHaveLength(0)
    expect(await store.runs.events('run-20')).toHaveLength(10)
    await store.close()
  })

  it('forgets runs and events that are too old', async () => {
    const { store, clock } = opened({ observedMs: 1000 })
    await store.runs.addRuns([run('f', 0, 'old')])
    await store.runs.addEvents([stepEvent('f', 'old')])
    await clock.advance(1001)
    await store.runs.addRuns([run('f', 1001, 'new')])
    await store.runs.addEvents([stepEvent('f', 'new', { at: startedAt + 1001 })])
    expect((await store.runs.list({})).map(({ id }) => id)).toEqual(['new'])
    expect(await store.runs.events('old')).toHaveLength(0)
    expect(await store.runs.events('new')).toHaveLength(1)
    await store.close()
  })

  it('forgets old fires, but none that is due, nor the latest of a trigger', async () => {
    const { store, clock } = opened({ firesMs: 1000 })
    const fire = (at: number, trigger = 'nightly') => ({ flow: 'f', trigger, at: startedAt + at, revision: 1 })
    for (const one of [fire(0), fire(10), fire(0, 'rare')]) {
      await store.fires.insert(one)
      await store.fires.markPublished(one)
    }
    await store.fires.insert(fire(20))
    await clock.advance(5000)
    await store.fires.insert(fire(5000))
    await store.fires.markPublished(fire(5000))
    expect(await store.fires.due(startedAt + 9999)).toEqual([fire(20)])
    expect(await store.fires.latest('f', 'nightly')).toBe(startedAt + 5000)
    expect(await store.fires.latest('f', 'rare')).toBe(startedAt)
    expect(await store.fires.insert(fire(0, 'rare'))).toBe(false)
    expect(await store.fires.insert(fire(5000))).toBe(false)
    // Forgotten: it would be new.
    expect(await store.fires.insert(fire(0))).toBe(true)
    await store.close()
  })
}
