import { describe, expect, it } from 'vitest'
import { Solitude } from './solitude.ts'

const never = (): AbortSignal => new AbortController().signal

describe('what runs alone', () => {
  it('waits for what runs, keeps what comes waiting, and lets it in afterwards', async () => {
    const solitude = new Solitude()
    const told: string[] = []
    expect(solitude.enter(never)).toBe(undefined)
    const alone = solitude.enterAlone(never()).then(() => told.push('alone'))
    const later = solitude.enter(never)?.then(() => told.push('later'))
    expect({ isWanted: solitude.isWanted, told: [...told] }).toEqual({ isWanted: true, told: [] })
    solitude.leave()
    await alone
    expect({ isWanted: solitude.isWanted, told: [...told] }).toEqual({ isWanted: false, told: ['alone'] })
    solitude.leaveAlone()
    await later
    expect(told).toEqual(['alone', 'later'])
    solitude.leave()
    expect(solitude.enter(never)).toBe(undefined)
  })

  it('is one at a time, before all that is ordinary', async () => {
    const solitude = new Solitude()
    const told: string[] = []
    const first = solitude.enterAlone(never())
    const second = solitude.enterAlone(never()).then(() => told.push('second'))
    const ordinary = solitude.enter(never)?.then(() => told.push('ordinary'))
    expect(await first).toBe(true)
    expect(told).toEqual([])
    solitude.leaveAlone()
    await second
    expect(told).toEqual(['second'])
    solitude.leaveAlone()
    await ordinary
    expect(told).toEqual(['second', 'ordinary'])
  })

  it('that is given up lets the others in', async () => {
    const solitude = new Solitude()
    const patience = new AbortController()
    expect(solitude.enter(never)).toBe(undefined)
    const alone = solitude.enterAlone(patience.signal)
    const ordinary = solitude.enter(never)
    patience.abort()
    expect([await alone, await ordinary]).toEqual([false, true])
    expect(await solitude.enterAlone(patience.signal)).toBe(false)
  })

  it('keeps nobody waiting who has given up', async () => {
    const solitude = new Solitude()
    const patience = new AbortController()
    await solitude.enterAlone(never())
    const ordinary = solitude.enter(() => patience.signal)
    patience.abort()
    expect(await ordinary).toBe(false)
    solitude.leaveAlone()
    // Nothing was let in: the next one is alone at once.
    expect(await solitude.enterAlone(never())).toBe(true)
  })
})
