import { pino } from 'pino'
import { expect, it } from 'vitest'
import { sampleMessage } from '../../test/samples/sample-message.ts'
import type { Broker, PublishOutcome } from '../broker/broker.ts'
import { deadQueue, unroutedQueue } from '../broker/broker.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock, sleep } from '../clock.ts'
import { TransientError } from '../error.ts'
import { openMemoryStore } from '../store/memory-store.ts'
import { openReInjector } from './re-inject.ts'

const nobody = async () => undefined
const plans = { active: () => undefined, get: nobody, refresh: nobody, flows: () => [] }
const log = pino({ level: 'silent' })
const messageOf = (id: string) => sampleMessage(id, { flow: 'gone' })

it.each<{ name: string; refusal: () => Promise<PublishOutcome> }>([
  { name: 'confirmed', refusal: () => Promise.reject(new TransientError('BrokerUnavailable', 'no answer')) },
  { name: 'anywhere', refusal: async () => 'unroutable' },
])('takes nothing off its queue while the dead letter is not $name', async ({ refusal }) => {
  const clock = simulatedClock()
  const memory = openMemoryBroker({ clock })
  await memory.declareQueues([{ name: deadQueue }])
  let refusals = 2
  const publish: Broker['publish'] = async (target, message) => {
    await sleep(clock, 100)
    refusals -= 1
    return refusals < 0 ? memory.publish(target, message) : refusal()
  }
  const store = openMemoryStore({ clock })
  const reInjector = await openReInjector({ broker: { ...memory, publish }, plans, store, clock, log })
  await memory.publish({ kind: 'queue', queue: unroutedQueue }, messageOf('m'))
  for (const want of [0, 0, 1]) {
    await clock.advance(50)
    expect(await memory.depth(unroutedQueue)).toMatchObject({ ready: 0, unacknowledged: 1 })
    await clock.advance(1050)
    expect(await memory.depth(deadQueue)).toMatchObject({ ready: want })
  }
  expect(await memory.depth(unroutedQueue)).toMatchObject({ ready: 0, unacknowledged: 0 })
  await reInjector.close()
  await memory.close()
})

it('declares its queue when it is not there, at first and when somebody has deleted it', async () => {
  const clock = simulatedClock()
  const memory = openMemoryBroker({ clock })
  // The broker in memory has `unrouted` for good, and this one not.
  const named = (queue: string): string => (queue === unroutedQueue ? 'lost' : queue)
  const broker: Broker = {
    ...memory,
    declareQueues: (queues) => memory.declareQueues(queues.map((queue) => ({ ...queue, name: named(queue.name) }))),
    consume: (queue, options, onDelivery) => memory.consume(named(queue), options, onDelivery),
  }
  const store = openMemoryStore({ clock })
  await memory.declareQueues([{ name: deadQueue }])
  const reInjector = await openReInjector({ broker, plans, store, clock, log })
  for (const id of ['first', 'second']) {
    expect(await memory.publish({ kind: 'queue', queue: 'lost' }, messageOf(id))).toBe('confirmed')
    await clock.advance(0)
    await memory.deleteQueue('lost')
    await clock.advance(5000)
  }
  expect(await memory.depth(deadQueue)).toMatchObject({ ready: 2 })
  await reInjector.close()
  expect(await memory.depth('lost')).toMatchObject({ consumers: 0 })
  await memory.close()
})
