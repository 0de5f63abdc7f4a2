import { pino } from 'pino'
import { expect, it } from 'vitest'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { PermanentError } from '../error.ts'
import { openLastingSubscription } from './lasting-subscription.ts'

it('says once that a deleted queue is missing and may not be declared, and consumes it when another has declared it', async () => {
  const clock = simulatedClock()
  const memory = openMemoryBroker({ clock })
  const queue = { name: 'dead' }
  await memory.declareQueues([queue])
  const lines: { readonly msg: string; readonly err?: { readonly message: string } }[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  // As a server does for a user who may not declare.
  const declareQueues = async (): Promise<void> => {
    if ((await memory.depth('dead')) === undefined)
      throw new PermanentError('BrokerAccessRefused', 'there is no "dead"')
  }
  const broker = { declareQueues, consume: memory.consume }
  const subscription = await openLastingSubscription({ broker, clock, log }, { queue, prefetch: 1 }, ({ ack }) => ack())
  for (let times = 1; times <= 2; times += 1) {
    await memory.deleteQueue('dead')
    await clock.advance(20_000)
    expect(lines.filter(({ err }) => err?.message === 'there is no "dead"')).toHaveLength(times)
    await memory.declareQueues([queue])
    await clock.advance(30_000)
    expect(await memory.depth('dead')).toMatchObject({ consumers: 1 })
  }
  await subscription.close()
  expect(await memory.depth('dead')).toMatchObject({ consumers: 0 })
  await memory.close()
})
