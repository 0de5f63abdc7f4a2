import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Broker } from './broker.ts'
import type { BrokerBench } from './conformance/broker-promise.ts'
import { delayPromises } from './conformance/delay-promises.ts'
import { deliveryPromises } from './conformance/delivery-promises.ts'
import { queuePromises } from './conformance/queue-promises.ts'
import { sharingPromises } from './conformance/sharing-promises.ts'

/** An adapter with its queues, to which connections can be opened. */
export interface BrokerUnderTest {
  readonly connect: () => Promise<Broker>
  readonly close: () => Promise<void>
}

/** Registers the tests that every broker adapter passes. Opened once; each test has queues of its own. */
export function brokerConformance(name: string, open: () => Promise<BrokerUnderTest>): void {
  describe(`the broker port, by ${name}`, () => {
    let underTest: BrokerUnderTest
    beforeAll(async () => {
      underTest = await open()
    })
    afterAll(() => underTest.close())

    const promises = [...deliveryPromises, ...sharingPromises, ...delayPromises, ...queuePromises]
    it.each(promises)('$name', ({ check }) => withBench(underTest, check))
  })
}

async function withBench(underTest: BrokerUnderTest, check: (bench: BrokerBench) => Promise<void>): Promise<void> {
  const connections: Broker[] = []
  const queues: string[] = []
  const connect = async (): Promise<Broker> => {
    const connection = await underTest.connect()
    connections.push(connection)
    return connection
  }
  const broker = await connect()
  try {
    await check({
      broker,
      connect,
      declare: async (properties) => {
        const queue = `conformance.${randomUUID()}`
        queues.push(queue)
        await broker.declareQueues([{ name: queue, ...properties }])
        return queue
      },
    })
  } finally {
    for (const queue of queues) await broker.deleteQueue(queue)
    for (const connection of connections.toReversed()) await connection.close()
  }
}
