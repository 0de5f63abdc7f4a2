import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { SimulatedClock } from '../clock.ts'
import { simulatedClock, sleep } from '../clock.ts'
import { TransientError } from '../error.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import type { RateBudgetStore } from '../store/rate-budget-store.ts'
import type { Entry, RateGate } from './rate-gate.ts'
import { openRateGate } from './rate-gate.ts'

const budget: BudgetInUse = { app: 'crm', requests: 10, perSeconds: 1, burst: 1 }
const place = { namespace: 'shop', budget }
const log = pino({ level: 'silent' })
const never = new AbortController().signal

/** Of a store over a network: nothing is answered at once. */
function slow(budgets: RateBudgetStore, clock: SimulatedClock, byMs: number): RateBudgetStore {
  return { ...budgets, take: (key, ask) => sleep(clock, byMs).then(() => budgets.take(key, ask)) }
}

function openWorld({ answerMs = 2 }: { answerMs?: number } = {}) {
  const clock = simulatedClock(1_800_000_000_000)
  const store = openMemoryStore({ clock })
  const asks: string[] = []
  const waits: string[] = []
  const unknown: string[] = []
  let isDown = false
  const budgets: RateBudgetStore = {
    pause: store.rateBudgets.pause,
    take: async (key, ask) => {
      asks.push(key)
      if (isDown) throw new TransientError('StoreUnreachable', 'no')
      return store.rateBudgets.take(key, ask)
    },
  }
  const openGate = (): RateGate =>
    openRateGate({
      budgets: slow(budgets, clock, answerMs),
      clock,
      log,
      observer: {
        onBudgetWait: (namespace, app, end) => waits.push(`${namespace}/${app} ${end}`),
        onBudgetUnknown: (namespace, app) => unknown.push(`${namespace}/${app}`),
      },
    })
  /** When each of these requests was let through, in milliseconds from now on. */
  const enter = (
    gate: RateGate,
    count: number,
    wish: { holdMs?: number; at?: typeof place; signal?: AbortSignal } = {},
  ) => {
    const from = clock.now()
    const entries: { readonly atMs: number; readonly entry: Entry }[] = []
    const note = (entry: Entry): void => void entries.push({ atMs: clock.now() - from, entry })
    for (let nth = 0; nth < count; nth += 1) {
      const { holdMs = 1e9, at = place, signal = never } = wish
      const entering = gate.enter(at, { holdMs, signal })
      if (entering === undefined) note({ kind: 'entered' })
      else void entering.then(note)
    }
    return entries
  }
  return { clock, store, asks, waits, unknown, openGate, enter, down: (is: boolean) => (isDown = is) }
}

const entered = (entries: readonly { readonly entry: Entry }[]) =>
  entries.filter(({ entry }) => entry.kind === 'entered')

describe('a rate gate', () => {
  it('lets requests through as fast as their budget says, in their order, and no faster', async () => {
    const { clock, openGate, enter } = openWorld()
    const entries = enter(openGate(), 25)
    await clock.advance(3000)
    expect(entered(entries)).toHaveLength(25)
    entries.forEach(({ atMs }, nth) => expect(atMs).toBeGreaterThanOrEqual(nth * 100))
    expect(entries.at(-1)?.atMs).toBeLessThan(2700)
  })

  it('keeps several processes together within it, and uses it up', async () => {
    const { clock, openGate, enter } = openWorld()
    const all = [enter(openGate(), 100), enter(openGate(), 100), enter(openGate(), 100)]
    await clock.advance(20_000)
    const count = entered(all.flat()).length
    expect(count).toBeLessThanOrEqual(201)
    expect(count).toBeGreaterThan(185)
    // Chance has a say, but nobody starves.
    for (const own of all) expect(entered(own).length).toBeGreaterThan(20)
  })

  it('asks the store a few times a second, however fast the requests are', async () => {
    const { clock, asks, openGate, enter } = openWorld()
    const fast = { namespace: 'shop', budget: { app: 'fast', requests: 1000, perSeconds: 1, burst: 100 } }
    const entries = enter(openGate(), 3000, { at: fast })
    await clock.advance(3200)
    expect(entered(entries).length).toBeGreaterThan(2900)
    expect(asks.length).toBeLessThan(3.2 * 90)
  })

  it('takes permits to spare where nobody has to wait for them, so that not each request asks', async () => {
    const { clock, asks, openGate, enter } = openWorld()
    const gate = openGate()
    const roomy = { namespace: 'shop', budget: { app: 'roomy', requests: 1000, perSeconds: 1, burst: 100 } }
    for (let nth = 0; nth < 200; nth += 1) {
      enter(gate, 1, { at: roomy })
      await clock.advance(10)
    }
    expect(asks.length).toBeLessThan(80)
  })

  it('lets nothing of another budget wait', async () => {
    const { clock, openGate, enter } = openWorld()
    const gate = openGate()
    const blocked = enter(gate, 50)
    const other = { namespace: 'shop', budget: { ...budget, app: 'other' } }
    const sameName = { namespace: 'another', budget }
    const free = [enter(gate, 1, { at: other }), enter(gate, 1, { at: sameName })]
    await clock.advance(10)
    expect(entered(free.flat())).toHaveLength(2)
    expect(entered(blocked)).toHaveLength(1)
  })

  it('sends away what would wait too long, behind each other, and not more than are bearable', async () => {
    const { clock, waits, openGate, enter } = openWorld()
    const entries = enter(openGate(), 400, { holdMs: 2000 })
    await clock.advance(1000)
    const later = entries.flatMap(({ entry }) => (entry.kind === 'later' ? [entry.afterMs] : []))
    expect(later.length).toBeGreaterThan(150)
    expect(later.length).toBeLessThanOrEqual(200)
    expect(Math.min(...later)).toBeGreaterThan(1500)
    expect(new Set(later).size).toBeGreaterThan(later.length / 2)
    expect(waits.filter((wait) => wait === 'shop/crm parked')).toHaveLength(later.length)
  })

  it('never holds for long what waits in its place', async () => {
    const { clock, openGate, enter } = openWorld()
    const gate = openGate()
    enter(gate, 400, { holdMs: 2000 })
    await clock.advance(1000)
    const ordered = gate.enter(place, { holdMs: 2000, waitsInPlace: true, signal: never })
    await clock.advance(2000)
    expect(await ordered).toMatchObject({ kind: 'later' })
  })

  it('follows a budget that is changed at the next request', async () => {
    const { clock, openGate, enter } = openWorld()
    const gate = openGate()
    const rare = { namespace: 'shop', budget: { ...budget, requests: 1, perSeconds: 3600 } }
    const waiting = enter(gate, 3, { at: rare })
    await clock.advance(5000)
    expect(entered(waiting)).toHaveLength(1)
    enter(gate, 1, { at: place })
    await clock.advance(1000)
    expect(entered(waiting)).toHaveLength(3)
  })

  it('stands still while the App wants a pause, in every process', async () => {
    const { clock, openGate, enter } = openWorld()
    const [gate, other] = [openGate(), openGate()]
    gate.pause(place, 5000)
    await clock.advance(1)
    const entries = [enter(gate, 1), enter(other, 1)]
    await clock.advance(4900)
    expect(entered(entries.flat())).toHaveLength(0)
    await clock.advance(1000)
    expect(entered(entries.flat())).toHaveLength(2)
  })

  it('lets nothing through while the store is silent, says so, and goes on when it speaks', async () => {
    const { clock, unknown, openGate, enter, down } = openWorld()
    down(true)
    const gate = openGate()
    const entries = enter(gate, 3)
    const impatient = enter(gate, 1, { holdMs: 5000 })
    await clock.advance(20_000)
    expect(entered(entries)).toHaveLength(0)
    expect(impatient).toMatchObject([{ entry: { kind: 'later' } }])
    expect(unknown.length).toBeGreaterThan(5)
    expect(unknown.length).toBeLessThan(15)
    down(false)
    await clock.advance(5000)
    expect(entered(entries)).toHaveLength(3)
  })

  it('gives up who is given up, or when it is closed, and wastes no permit on them', async () => {
    const { clock, openGate, enter } = openWorld()
    const gate = openGate()
    const leaving = new AbortController()
    enter(gate, 1)
    const left = enter(gate, 2, { signal: leaving.signal })
    const stays = enter(gate, 1)
    leaving.abort()
    await clock.advance(110)
    expect(left.map(({ entry }) => entry.kind)).toEqual(['givenUp', 'givenUp'])
    expect(entered(stays)).toHaveLength(1)
    const last = enter(gate, 5)
    gate.close()
    gate.close()
    await clock.advance(1000)
    expect(last.map(({ entry }) => entry.kind)).toEqual(Array.from({ length: 5 }, () => 'givenUp'))
    expect(enter(gate, 1, { signal: AbortSignal.abort() })).toEqual([])
    expect(clock.nextAt()).toBeUndefined()
  })
})
