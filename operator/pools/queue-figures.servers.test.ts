import { pino } from 'pino'
import { expect, it, vi } from 'vitest'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import { openManagementClient } from '../../runtime/broker/management/management-client.ts'
import { queueName } from '../../flow/plan/queue-name.ts'
import { describeOnRabbit, freshVhost } from '../../test/env/servers.ts'
import { message } from '../../runtime/broker/conformance/broker-promise.ts'
import { readQueueFigures } from './queue-figures.ts'

const patience = { timeout: 60_000, interval: 500 }

describeOnRabbit('the figures of queues', (rabbit) => {
  it('count what was acknowledged and what is held, as RabbitMQ has them some seconds later', async () => {
    const vhost = await freshVhost(rabbit)
    const broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 'test', log: pino({ level: 'silent' }) })
    try {
      const name = queueName({ flowUid: crypto.randomUUID(), step: 'store', hash: '0123456789ab', revision: 1 })
      await broker.declareQueues([{ name }])
      for (let count = 0; count < 5; count += 1) await broker.publish({ kind: 'queue', queue: name }, message())
      let taken = 0
      await broker.consume(name, { prefetch: 5 }, (delivery) => {
        taken += 1
        if (taken <= 3) delivery.ack()
      })
      const management = openManagementClient(rabbit.managementUrl)
      const own = vhost.vhost
      await vi.waitFor(async () => {
        const figures = await readQueueFigures(management, own)
        expect(figures?.get(name)).toEqual({ settled: 3, unsettled: 2 })
      }, patience)
      expect(await readQueueFigures(management, `${own}.none`)).toBeUndefined()
    } finally {
      await broker.close()
      await vhost.close()
    }
  })
})
