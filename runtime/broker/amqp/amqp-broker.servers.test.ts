import { pino } from 'pino'
import { afterAll, beforeAll, describe } from 'vitest'
import type { RabbitServer } from '../../../test/env/rabbit.ts'
import { openRabbit } from '../../../test/env/rabbit.ts'
import { describeOnRabbit, describeOnRabbit4, freshVhost } from '../../../test/env/servers.ts'
import type { RabbitUrls } from '../../../test/env/shared-servers.ts'
import { brokerConformance } from '../broker-conformance.ts'
import { linkKinds } from './link-kinds.ts'
import { openAmqpBroker } from './open-amqp-broker.ts'

const log = pino({ level: 'silent' })

function conformance(rabbitOf: () => RabbitUrls): void {
  describe.each(linkKinds)('with the links of $name', ({ name, links }) => {
    brokerConformance(`RabbitMQ, ${name}`, async () => {
      const { amqpUrl: url, close } = await freshVhost(rabbitOf())
      return { connect: () => openAmqpBroker({ url, connectionName: 'conformance', log, links }), close }
    })
  })
}

describeOnRabbit('on RabbitMQ', (rabbit) => conformance(() => rabbit))

await describeOnRabbit4('on RabbitMQ 4', () => {
  let server: RabbitServer
  beforeAll(async () => {
    server = await openRabbit({ version: 4 })
  })
  afterAll(() => server?.close())
  conformance(() => server)
})
