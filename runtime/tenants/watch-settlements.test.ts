import { pino } from 'pino'
import { expect, it } from 'vitest'
import { simulatedClock } from '../clock.ts'
import type { Run, StepEvent } from '../store/store.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { watchSettlements } from './watch-settlements.ts'

const log = pino({ level: 'silent' })
const run: Run = { namespace: 'n', flow: 'f', id: 'r1', trigger: 'often', revision: 1, startedAt: 0 }
const ended: StepEvent = {
  namespace: 'n',
  flow: 'f',
  run: 'r1',
  step: 's',
  messageId: 'r1',
  attempt: 1,
  kind: 'settled',
  emitted: 2,
  at: 1,
  durationMs: 1,
}

function opened() {
  const clock = simulatedClock()
  const { runs } = openMemoryStore({ clock })
  const told: [string, number][] = []
  const settlements = watchSettlements({ runs, clock, log })
  settlements.tell(({ id }, emitted) => told.push([id, emitted]))
  return { clock, runs, told, settlements }
}

it('tells of a poll that has ended, once, soon after it was recorded', async () => {
  const { clock, runs, told, settlements } = opened()
  settlements.watch(run)
  await clock.advance(2_000)
  expect(told).toEqual([])
  await runs.addEvents([ended])
  await clock.advance(3_000)
  expect(told).toEqual([['r1', 2]])
  expect(clock.nextAt()).toBeUndefined()
})

it('follows the last fire of a trigger alone', async () => {
  const { clock, runs, told, settlements } = opened()
  settlements.watch(run)
  settlements.watch({ ...run, id: 'r2' })
  await runs.addEvents([ended, { ...ended, run: 'r2', messageId: 'r2', emitted: 0 }])
  await clock.advance(10_000)
  expect(told).toEqual([['r2', 0]])
})

it('asks less and less often for what is never recorded, and no longer after ten minutes, or when it is closed', async () => {
  const { clock, told, settlements } = opened()
  settlements.watch(run)
  expect(await clock.runUntilIdle()).toBeLessThan(30)
  settlements.watch(run)
  settlements.close()
  expect(clock.nextAt()).toBeUndefined()
  settlements.watch(run)
  expect(clock.nextAt()).toBeUndefined()
  expect(told).toEqual([])
})
