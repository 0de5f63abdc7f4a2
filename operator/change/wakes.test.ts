import { pino } from 'pino'
import { expect, it } from 'vitest'
import { simulatedClock } from '../../runtime/clock.ts'
import { openWakes } from './wakes.ts'

it('lets one who changes a flow come between a thousand that are due', async () => {
  const clock = simulatedClock(0)
  const waiting: (() => void)[] = []
  let isSlow = false
  const parts = { clock, log: pino({ level: 'silent' }), signal: new AbortController().signal }
  const wakes = openWakes(parts, async (flow) => {
    if (flow === 'new' || !isSlow) return { at: clock.now() + 1_000 }
    await new Promise<void>((resolve) => waiting.push(resolve))
    return undefined
  })
  const flows = Array.from({ length: 1_000 }, (_, at) => `flow-${at}`)
  for (const flow of flows) await wakes.now(flow)
  isSlow = true
  await clock.advance(1_000)
  expect(waiting.length).toBeLessThan(50)
  await wakes.now('new')
  let looks = 0
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    looks += 1
    next()
    await clock.advance(0)
  }
  expect(looks).toBe(1_000)
  await wakes.close()
})
