import { pino } from 'pino'
import { describe } from 'vitest'
import { describeOnRabbit, freshVhost } from '../../../test/env/servers.ts'
import { brokerConformance } from '../broker-conformance.ts'
import { linkKinds } from './link-kinds.ts'
import { openAmqpBroker } from './open-amqp-broker.ts'

const log = pino({ level: 'silent' })

describeOnRabbit('on RabbitMQ', (rabbit) => {
  describe.each(linkKinds)('with the links of $name', ({ name, links }) => {
    brokerConformance(`RabbitMQ, ${name}`, async () => {
      const { amqpUrl: url, close } = await freshVhost(rabbit)
      return { connect: () => openAmqpBroker({ url, connectionName: 'conformance', log, links }), close }
    })
  })
})
