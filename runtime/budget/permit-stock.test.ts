import { describe, expect, it } from 'vitest'
import { openPermitStock } from './permit-stock.ts'

const batch = { count: 3, from: 1000, intervalMs: 100, takenAt: 1050, goodForMs: 200 }

describe('a stock of permits', () => {
  it('gives each at its time, and once', () => {
    const stock = openPermitStock()
    stock.add(batch)
    expect([
      stock.use(1050),
      stock.use(1050),
      stock.use(1100),
      stock.use(1150),
      stock.use(1200),
      stock.use(1201),
    ]).toEqual([true, false, true, false, true, false])
    expect(stock.nextAt()).toBeUndefined()
  })

  it('lets them go when their time is over', () => {
    const stock = openPermitStock()
    stock.add(batch)
    expect(stock.count(1250)).toBe(3)
    expect(stock.count(1251)).toBe(2)
    expect(stock.count(1400)).toBe(1)
    expect(stock.use(1401)).toBe(false)
  })

  it('lets them go when the clock was set back: their time would be far away', () => {
    const stock = openPermitStock()
    stock.add(batch)
    expect(stock.count(900)).toBe(3)
    expect(stock.count(800)).toBe(0)
  })
})
