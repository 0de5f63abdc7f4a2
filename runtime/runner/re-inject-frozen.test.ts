import { pino } from 'pino'
import { expect, it } from 'vitest'
import { changePlan } from '../../test/samples/change-plan.ts'
import { sampleMessage } from '../../test/samples/sample-message.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { openStorePlanSource } from '../plans/store-plan-source.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { openReInjector } from './re-inject.ts'

const log = pino({ level: 'silent' })

it('takes what a frozen flow has lost back to its queue, where it waits: nobody consumes that, and it is not dead', async () => {
  const clock = simulatedClock()
  const [broker, store] = [openMemoryBroker({ clock }), openMemoryStore({ clock })]
  const plan = changePlan({ steps: { a: 'find' }, timeoutSeconds: 60 })
  const [stage] = plan.stages
  if (stage === undefined) throw new Error('the sample has no such stage')
  const { queue, pool, name: step, singleActiveConsumer } = stage
  await store.plans.put(plan)
  await store.flows.put(
    {
      flow: 'uid',
      namespace: 'default',
      name: 'orders',
      lastRevision: 1,
      active: 1,
      kept: [{ revision: 1, hash: plan.hash }],
      living: [{ queue, step, pool, singleActiveConsumer, revision: 1 }],
      retiring: [],
      suspended: false,
      frozen: true,
    },
    0,
  )
  const plans = await openStorePlanSource({ store, clock, log })
  expect(plans.living()).toEqual([])
  await broker.declareQueues([{ name: deadQueue }, { name: queue }])
  const reInjector = await openReInjector({ broker, plans, store, clock, log })
  const message = sampleMessage('m', { revisionHash: plan.hash, at: step })
  await broker.publish({ kind: 'queue', queue: unroutedQueue }, message)
  await clock.advance(10_000)
  expect(await broker.depth(queue)).toMatchObject({ ready: 1 })
  expect(await broker.depth(deadQueue)).toMatchObject({ ready: 0 })
  await reInjector.close()
  await plans.close()
  await broker.close()
})
