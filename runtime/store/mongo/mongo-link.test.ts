import { MongoClient, MongoNetworkError } from 'mongodb'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { simulatedClock } from '../../clock.ts'
import { mongoLink } from './mongo-link.ts'

it('repeats what nobody waits for any more no further, with a clock that was set back as well', async () => {
  const time = simulatedClock(36_000_000)
  let shiftMs = 0
  const clock = { now: () => time.now() + shiftMs, setTimer: time.setTimer }
  const client = new MongoClient('mongodb://127.0.0.1:1')
  const place = { hosts: ['127.0.0.1:1'], database: 'weir', secrets: [] }
  const link = mongoLink({ client, place, release: () => client.close(), clock, log: pino({ level: 'silent' }) })
  let tries = 0
  const working = link.run(() => {
    tries += 1
    return Promise.reject(new MongoNetworkError('connection reset'))
  })
  const refused = working.catch((error: unknown) => error)
  shiftMs = -3_600_000
  await time.advance(30_000)
  expect(await refused).toMatchObject({ code: 'StoreTimeout' })
  await time.advance(2000)
  const triesInTime = tries
  expect(triesInTime).toBeGreaterThan(5)
  await time.advance(600_000)
  expect(tries).toBe(triesInTime)
  const closing = link.close()
  await time.advance(5000)
  await closing
})
