import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { expect, it, vi } from 'vitest'
import { openMongo } from '../../test/env/mongo.ts'
import { describeOnMongo } from '../../test/env/servers.ts'
import { deadQueue } from '../broker/broker.ts'
import { message } from '../broker/conformance/broker-promise.ts'
import { openMemoryBroker } from '../broker/memory-broker.ts'
import { systemClock } from '../clock.ts'
import { openMongoStore } from '../store/mongo/open-mongo-store.ts'
import { encodeBody, payloadOf } from '../wire/body.ts'
import { withClaimCheck } from './claim-check.ts'

const log = pino({ level: 'silent' })
const queue = 'flow.step.hash.1'

describeOnMongo('a claim check in GridFS', () => {
  it('delivers every large message whole, once, while MongoDB is killed and started', async () => {
    const server = await openMongo()
    const store = await openMongoStore({ url: server.url, log })
    const memory = openMemoryBroker()
    const broker = withClaimCheck(memory.connect(), store, { clock: systemClock, log })
    try {
      await broker.declareQueues([{ name: queue }, { name: deadQueue }])
      const bodies = Array.from({ length: 30 }, (_, at) => randomBytes(at % 3 === 0 ? 1000 : 1_500_000))
      const sendAll = bodies.map(async (body, at) => {
        if (at === 10) await server.kill()
        if (at === 10) await server.start()
        return broker.publish({ kind: 'queue', queue }, message(`m${at}`, encodeBody({}, body)))
      })
      const got = new Map<string, boolean>()
      await broker.consume(queue, { prefetch: 20 }, ({ message, ack }) => {
        const at = Number(message.id.slice(1))
        got.set(message.id, !got.has(message.id) && payloadOf(message.body).equals(bodies[at]!))
        ack()
      })
      expect(new Set(await Promise.all(sendAll))).toEqual(new Set(['confirmed']))
      await server.kill()
      await server.start()
      await vi.waitFor(() => expect(got.size).toBe(bodies.length), { timeout: 60_000 })
      expect([...got.values()]).toEqual(bodies.map(() => true))
      expect(await broker.depth(queue)).toMatchObject({ ready: 0, unacknowledged: 0 })
      expect(await broker.depth(deadQueue)).toMatchObject({ ready: 0 })
    } finally {
      await memory.close()
      await store.close()
      await server.close()
    }
  })
})
