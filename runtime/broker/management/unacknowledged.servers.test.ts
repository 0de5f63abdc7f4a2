import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import { describeOnRabbit, freshVhost } from '../../../test/env/servers.ts'
import { message } from '../conformance/broker-promise.ts'
import { openAmqpBroker } from '../amqp/open-amqp-broker.ts'
import type { Delivery } from '../broker.ts'
import { openManagementClient } from './management-client.ts'
import { openUnacknowledged } from './unacknowledged.ts'

const log = pino({ level: 'silent' })
const patience = { timeout: 40_000, interval: 200 }

describeOnRabbit('what of a queue is worked on', (rabbit) => {
  it('is told by the management, until it is settled; not of a queue that is not there, nor by a server that does not answer', async () => {
    const { amqpUrl, vhost, close } = await freshVhost(rabbit)
    onTestFinished(close)
    const broker = await openAmqpBroker({ url: amqpUrl, connectionName: 'test', log })
    onTestFinished(broker.close)
    const unacknowledged = openUnacknowledged(openManagementClient(rabbit.managementUrl), vhost, log)
    await broker.declareQueues([{ name: 'q' }])
    const taken: Delivery[] = []
    await broker.consume('q', { prefetch: 5 }, (delivery) => taken.push(delivery))
    for (const id of ['m1', 'm2']) await broker.publish({ kind: 'queue', queue: 'q' }, message(id))
    await vi.waitFor(async () => expect(await unacknowledged('q')).toBe(2), patience)
    for (const delivery of taken) delivery.ack()
    await vi.waitFor(async () => expect(await unacknowledged('q')).toBe(0), patience)
    expect(await unacknowledged('nobody')).toBeUndefined()
    const silent = openUnacknowledged(openManagementClient('http://guest:guest@127.0.0.1:1'), vhost, log)
    expect(await silent('q')).toBeUndefined()
  })
})
