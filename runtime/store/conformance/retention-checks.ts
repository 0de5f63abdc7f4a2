import { expect, it } from 'vitest'
import type { Clock, SimulatedClock } from '../../clock.ts'
import { simulatedClock } from '../../clock.ts'
import type { Retention } from '../retention.ts'
import type { Store } from '../store.ts'
import { run, startedAt, stepEvent } from './store-promise.ts'

type Open = (options: { readonly clock: Clock; readonly retention?: Partial<Retention> }) => Store

/** Registers the tests of what the local adapters forget; MongoDB forgets by indexes of its own. */
export function retentionChecks(open: Open): void {
  const opened = opening(open)

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

  keyedRetentionChecks(opened)
}

function opening(open: Open): Opened {
  return (retention) => {
    const clock = simulatedClock(startedAt)
    return { clock, store: open({ clock, retention }) }
  }
}

type Opened = (retention: Partial<Retention>) => { readonly store: Store; readonly clock: SimulatedClock }

function keyedRetentionChecks(opened: Opened): void {
  it('takes a tracked run for ended when nothing was added to it for long', async () => {
    const { store, clock } = opened({ trackedMs: 1000 })
    for (const run of ['old', 'refreshed']) await store.trackedRuns.add('f', run, ['m1'])
    await clock.advance(600)
    await store.trackedRuns.add('f', 'refreshed', ['m2'])
    await store.trackedRuns.remove('f', 'refreshed', 'm2')
    await clock.advance(600)
    expect(await store.trackedRuns.active('f')).toEqual(['refreshed'])
    // What was forgotten does not come back with its run.
    await store.trackedRuns.add('f', 'old', ['m2'])
    await store.trackedRuns.remove('f', 'old', 'm2')
    expect(await store.trackedRuns.active('f')).toEqual(['refreshed'])
    await store.close()
  })

  it('forgets a claim that nobody finished, and none before its time, nor one that is done', async () => {
    const { store } = opened({ claimsMs: 1000 })
    const owner = { replay: 0, attempt: 1, copy: 'a' }
    const take = async (key: string, nowMs: number, copy = 'b', attempt = 1) =>
      (await store.claims.take(key, { replay: 0, attempt, copy }, { nowMs, windowMs: 9000 })).kind
    for (const key of ['abandoned', 'renewed', 'done', 'freed'])
      await store.claims.take(key, owner, { nowMs: 1, windowMs: 9000 })
    await store.claims.release('freed', owner)
    expect(await take('renewed', 500, 'a', 2)).toBe('taken')
    await store.claims.done('done', owner, 600)
    expect(await take('freed', 700)).toBe('taken')
    expect(await take('abandoned', 1000)).toBe('held')
    expect(await take('abandoned', 1001)).toBe('taken')
    for (const key of ['renewed', 'done', 'freed']) expect(await take(key, 1499, 'c')).toBe('held')
    expect(await take('renewed', 1500)).toBe('taken')
    expect(await take('done', 9599)).toBe('held')
    await store.close()
  })

  it('forgets blobs after the last instant that was promised, and trials that nobody ended', async () => {
    const { store, clock } = opened({ trialsMs: 1000 })
    const bytes = Buffer.from('x')
    await store.blobs.put('short', bytes, startedAt + 1000)
    await store.blobs.put('extended', bytes, startedAt + 1000)
    await store.blobs.put('extended', bytes, startedAt + 3000)
    await store.trials.begin('t')
    await clock.advance(1001)
    await store.blobs.put('another', bytes, startedAt + 9000)
    expect(await store.blobs.get('short')).toBeUndefined()
    expect(await store.blobs.get('extended')).toEqual(bytes)
    expect(await store.trials.begin('t')).toBe(1)
    await clock.advance(2000)
    expect(await store.blobs.get('extended')).toBeUndefined()
    await store.close()
  })
}
