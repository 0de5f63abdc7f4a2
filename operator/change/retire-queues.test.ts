import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import type { Broker } from '../../runtime/broker/broker.ts'
import { deadQueue } from '../../runtime/broker/broker.ts'
import { openMemoryBroker } from '../../runtime/broker/memory-broker.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { openFlowChanges } from './flow-changes.ts'

it('a retiring queue is not deleted on one look at which it seems empty', async () => {
  const clock = simulatedClock(Date.parse('2026-01-01T00:00:00Z'))
  const broker = openMemoryBroker({ clock })
  const store = openMemoryStore({ clock })
  await broker.declareQueues([{ name: deadQueue }])
  let looks = 0
  let isUnsure = true
  const depth: Broker['depth'] = async (name) => {
    const seen = await broker.depth(name)
    if (!isUnsure || seen?.consumers !== 1) return seen
    looks += 1
    return looks % 2 === 0 ? seen : { ...seen, ready: 1 }
  }
  const log = pino({ level: 'silent' })
  const changes = await openFlowChanges({ broker: { ...broker, depth }, store, clock, log })
  onTestFinished(changes.close)
  const narrow = changePlan({ steps: { a: 'f' } })
  await changes.apply(narrow)
  await clock.advance(3000)
  await changes.apply(changePlan({ steps: { a: 'f', b: 'f' } }))
  const queue = (await store.flows.get('uid'))?.state.living[1]?.queue ?? ''
  await changes.apply(narrow)
  await clock.advance(120_000)
  expect(await broker.depth(queue)).toMatchObject({ ready: 0, consumers: 1 })
  isUnsure = false
  await clock.advance(15_000)
  expect(await broker.depth(queue)).toBeUndefined()
})
