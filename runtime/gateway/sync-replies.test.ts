import { pino } from 'pino'
import { expect, it } from 'vitest'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { simulatedClock } from '../clock.ts'
import { openSyncReplies } from './sync-replies.ts'

it('leaves no queue behind when its process ends without a word', async () => {
  const clock = simulatedClock(0)
  const broker = openMemoryBroker({ clock })
  const connection = broker.connect()
  const replies = openSyncReplies({ broker: connection, clock, log: pino({ level: 'silent' }) })
  const name = await replies.queue()
  expect(await broker.depth(name)).toMatchObject({ consumers: 1 })
  await connection.close()
  expect(await broker.depth(name)).toBeUndefined()
  await broker.close()
})
