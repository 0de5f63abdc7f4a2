import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type Channel, type ChannelModel } from 'amqplib'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queueName } from '../../../flow/plan/queue-name.ts'
import { openCutter } from '../../../test/env/cutter.ts'
import { openRabbit, type RabbitServer } from '../../../test/env/rabbit.ts'
import { callManagement, describeOnRabbit, describeOnRabbit4 } from '../../../test/env/servers.ts'
import type { RabbitUrls } from '../../../test/env/shared-servers.ts'
import { sampleHeaders } from '../../../test/samples/sample-message.ts'
import { bindTopology, declareTopology } from '../amqp/enact-topology.ts'
import { queueTopology, rungTopology, type Topology } from '../amqp/decide/plan-topology.ts'
import { openAmqpBroker } from '../amqp/open-amqp-broker.ts'
import type { Broker } from '../broker.ts'
import { brokerRoles, planVhost, type BrokerRole } from './decide/plan-vhost.ts'
import { openManagementClient } from './management-client.ts'
import { provisionVhost, removeVhost } from './provision-vhost.ts'

const log = pino({ level: 'silent' })
const uid = crypto.randomUUID()
const passwordsOf = (word: string) =>
  Object.fromEntries(brokerRoles.map((role) => [role, `${word}/of:${role}?`])) as Record<BrokerRole, string>
const stage = queueName({ flowUid: crypto.randomUUID(), step: 'store', hash: '0123456789ab', revision: 1 })
const work = queueName({ flowUid: crypto.randomUUID(), step: '_core', hash: '0123456789ab', revision: 3 })
const other = queueName({ flowUid: crypto.randomUUID(), step: 'store', hash: '0123456789ab', revision: 2 })

async function standTopology(channel: Channel, topology: Topology): Promise<void> {
  await declareTopology(channel, topology)
  await bindTopology(channel, topology)
}

function promises(rabbitOf: () => RabbitUrls): void {
  const plan = planVhost({ namespace: 'weir-test', uid, passwords: passwordsOf('secret') })
  const client = () => openManagementClient(rabbitOf().managementUrl)
  let operator: Broker

  function urlAs(role: BrokerRole, password = passwordsOf('secret')[role]): string {
    const url = new URL(rabbitOf().amqpUrl)
    url.username = encodeURIComponent(`${plan.vhost}.${role}`)
    url.password = encodeURIComponent(password)
    url.pathname = `/${plan.vhost}`
    return url.href
  }

  beforeAll(async () => {
    const changes = await provisionVhost(client(), plan)
    expect(changes).toHaveLength(1 + 2 * plan.users.length + plan.policies.length)
    operator = await openAmqpBroker({ url: urlAs('operator'), connectionName: 'operator', log })
    await operator.declareQueues([stage, other, work].map((name) => ({ name })))
  })
  afterAll(async () => {
    await operator?.close()
    await removeVhost(client(), plan)
    await removeVhost(client(), plan)
    expect(await callManagement(rabbitOf().managementUrl, 'GET', `/api/vhosts/${plan.vhost}`)).toBeUndefined()
  })

  it('changes nothing the second time', async () => {
    expect(await provisionVhost(client(), plan)).toEqual([])
  })

  it('puts back what was changed, and that alone', async () => {
    const { managementUrl } = rabbitOf()
    const user = `${plan.vhost}.scheduler`
    const everything = { configure: '.*', write: '.*', read: '.*' }
    await callManagement(managementUrl, 'PUT', `/api/permissions/${plan.vhost}/${user}`, everything)
    await callManagement(managementUrl, 'PUT', `/api/users/${plan.vhost}.gateway`, {
      password: 'x',
      tags: 'management',
    })
    await callManagement(managementUrl, 'DELETE', `/api/policies/${plan.vhost}/weir-rungs`)
    const changes = await provisionVhost(client(), plan)
    expect(changes.map(({ kind }) => kind)).toEqual(['putUser', 'putPermissions', 'putPolicy'])
    expect(await provisionVhost(client(), plan)).toEqual([])
  })

  it('can be done by several at once', async () => {
    const twice = planVhost({ namespace: 'weir-test-twice', uid, passwords: passwordsOf('secret') })
    for (let times = 0; times < 5; times += 1) {
      try {
        await Promise.all([provisionVhost(client(), twice), provisionVhost(client(), twice)])
        expect(await provisionVhost(client(), twice)).toEqual([])
      } finally {
        await removeVhost(client(), twice)
      }
    }
  })

  it('gives a new password from then on', async () => {
    await provisionVhost(client(), { ...plan, users: plan.users.map((user) => ({ ...user, password: 'new' })) })
    await expect(connect(urlAs('runner'))).rejects.toThrow('403')
    await (await connect(urlAs('runner', 'new'))).close()
    await provisionVhost(client(), plan)
    await (await connect(urlAs('runner'))).close()
  })

  it('lets no role into another vhost, nor into the management', async () => {
    for (const role of brokerRoles) {
      const url = new URL(urlAs(role))
      url.pathname = '/%2F'
      const elsewhere = openAmqpBroker({ url: url.href, connectionName: role, log })
      await expect(elsewhere).rejects.toMatchObject({ code: 'VhostRefused' })
      const management = new URL(rabbitOf().managementUrl)
      management.username = url.username
      management.password = url.password
      await expect(provisionVhost(openManagementClient(management.href), plan)).rejects.toMatchObject({
        code: 'ManagementAccessRefused',
        message: expect.stringContaining(`set_user_tags ${plan.vhost}.${role} administrator`),
      })
    }
  })

  // What a channel does, and who may.
  const body = Buffer.from('{}')
  const consume = (queue: string) => async (channel: Channel) => {
    const { consumerTag } = await channel.consume(queue, () => {})
    await channel.cancel(consumerTag)
  }
  const publish = (exchange: string, key: string) => async (channel: Channel) => {
    channel.publish(exchange, key, body)
    // Answered after the publish was: a refusal closes the channel before.
    await channel.checkQueue('dead')
  }
  const reply = { exclusive: true, durable: false, arguments: { 'x-queue-type': 'classic' } }
  const deeds: { name: string; may: BrokerRole[]; deed: (channel: Channel) => Promise<unknown> }[] = [
    { name: 'publish to steps', may: [...brokerRoles], deed: publish('steps', stage) },
    { name: 'publish past the exchanges', may: ['operator'], deed: publish('', stage) },
    { name: 'publish into a rung', may: ['operator', 'runner'], deed: publish('delay.v1.100', stage) },
    { name: 'publish as if from a rung', may: ['operator', 'runner'], deed: publish('retry', stage) },
    {
      name: 'declare a rung',
      may: ['operator', 'runner'],
      deed: (channel) => standTopology(channel, rungTopology(125)),
    },
    {
      name: 'declare a stage',
      may: ['operator'],
      deed: (channel) => standTopology(channel, queueTopology({ name: other })),
    },
    { name: 'consume a stage', may: ['operator', 'runner'], deed: consume(stage) },
    { name: 'consume dead letters', may: ['operator', 'recorder'], deed: consume('dead') },
    { name: 'consume observations', may: ['operator', 'recorder'], deed: consume('events') },
    { name: 'consume what is unrouted', may: ['operator', 'recorder'], deed: consume('unrouted') },
    {
      name: 'get replies',
      may: ['operator', 'gateway'],
      deed: async (channel) => {
        const { queue } = await channel.assertQueue(`reply.${crypto.randomUUID()}`, reply)
        await channel.bindQueue(queue, 'steps', queue)
        await consume(queue)(channel)
        await channel.deleteQueue(queue)
      },
    },
    {
      name: 'listen to a stage of others',
      may: ['operator'],
      deed: (channel) =>
        channel.bindQueue('dead', 'steps', stage).then(() => channel.unbindQueue('dead', 'steps', stage)),
    },
    { name: 'unbind a stage', may: ['operator'], deed: (channel) => channel.unbindQueue(other, 'steps', other) },
    { name: 'purge dead letters', may: ['operator', 'recorder'], deed: (channel) => channel.purgeQueue('dead') },
    { name: 'delete a stage', may: ['operator'], deed: (channel) => channel.deleteQueue(other) },
    // To RabbitMQ, to delete is what to declare is.
    { name: 'delete a rung', may: ['operator', 'runner'], deed: (channel) => channel.deleteQueue('delay.v1.125') },
    { name: 'delete an exchange', may: ['operator'], deed: (channel) => channel.deleteExchange('of nobody') },
    { name: 'ask how many wait', may: [...brokerRoles], deed: (channel) => channel.checkQueue(stage) },
  ]

  describe.each(brokerRoles)('a %s', (role) => {
    let model: ChannelModel
    beforeAll(async () => {
      model = await connect(urlAs(role))
      const declaring = await connect(urlAs('operator'))
      await standTopology(await declaring.createChannel(), rungTopology(100))
      await declaring.close()
    })
    afterAll(() => model.close())

    it.each(deeds)('may or may not $name', async ({ may, deed }) => {
      const channel = await model.createChannel()
      const refused = new Promise<unknown>((resolve) => channel.once('error', resolve))
      if (may.includes(role)) {
        await deed(channel)
        await channel.close()
      } else {
        await expect(deed(channel)).rejects.toThrow()
        expect(await refused).toMatchObject({ code: 403 })
      }
    })
  })

  it('lets a runner, a recorder and a gateway do their work through the broker port', async () => {
    const open = (role: BrokerRole) => openAmqpBroker({ url: urlAs(role), connectionName: role, log })
    const [runner, recorder, gateway] = [await open('runner'), await open('recorder'), await open('gateway')]
    try {
      const message = (id: string) => ({
        id,
        headers: sampleHeaders({ copy: id }),
        body: Buffer.from('{}'),
      })
      const seen: string[] = []
      const take = (broker: Broker, queue: string) =>
        broker.consume(queue, { prefetch: 10 }, (delivery) => {
          seen.push(`${queue === work ? 'stage' : queue}: ${delivery.message.id}`)
          delivery.ack()
        })
      await take(runner, work)
      await take(recorder, 'dead')
      const replies = `reply.${crypto.randomUUID()}`
      await gateway.declareQueues([{ name: replies, temporary: true }])
      await take(gateway, replies)
      expect(await gateway.publish({ kind: 'queue', queue: work }, message('entry'))).toBe('confirmed')
      expect(await runner.publish({ kind: 'delay', queue: work, delayMs: 100 }, message('again'))).toBe('confirmed')
      expect(await runner.publish({ kind: 'queue', queue: 'dead' }, message('letter'))).toBe('confirmed')
      expect(await runner.publish({ kind: 'queue', queue: replies }, message('answer'))).toBe('confirmed')
      const all = ['stage: entry', 'stage: again', 'dead: letter', `${replies}: answer`]
      await expect.poll(() => seen.toSorted(), { timeout: 10_000 }).toEqual(all.toSorted())
    } finally {
      for (const broker of [runner, recorder, gateway]) await broker.close()
    }
  })
}

describeOnRabbit('a vhost of RabbitMQ', (rabbit) => {
  promises(() => rabbit)
})

await describeOnRabbit4('a vhost of RabbitMQ 4', () => {
  let server: RabbitServer
  beforeAll(async () => {
    server = await openRabbit({ version: 4 })
  })
  afterAll(() => server?.close())
  promises(() => server)
})

describeOnRabbit('what cannot be provisioned', (rabbit) => {
  const plan = planVhost({ namespace: 'weir-test-none', uid, passwords: passwordsOf('x') })
  const provision = (url: string, timeoutMs = 5_000) => provisionVhost(openManagementClient(url, { timeoutMs }), plan)
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(rabbit.managementUrl)
    change(url)
    return url.href
  }

  it('says that the password is wrong', async () => {
    const url = changed((url) => {
      url.password = 's3cret'
    })
    const error: unknown = await provision(url).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'ManagementLoginRefused', message: expect.stringContaining(new URL(url).host) })
    expect(String(error)).not.toContain('s3cret')
  })

  it('says that nobody is there', async () => {
    const url = changed((url) => {
      url.port = '1'
    })
    await expect(provision(url)).rejects.toMatchObject({ code: 'ManagementUnreachable' })
  })

  it('says that it is the port of AMQP', async () => {
    const url = changed((url) => {
      url.port = new URL(rabbit.amqpUrl).port
    })
    await expect(provision(url)).rejects.toMatchObject({ code: 'ManagementNotFound' })
  })

  it('says that the server does not answer, or has hung up', async () => {
    const cutter = await openCutter(rabbit.managementUrl)
    try {
      cutter.pause()
      await expect(provision(cutter.url, 200)).rejects.toMatchObject({ code: 'ManagementTimeout' })
      cutter.resume()
      cutter.refuse()
      await expect(provision(cutter.url)).rejects.toMatchObject({ code: 'ManagementUnreachable' })
    } finally {
      await cutter.close()
    }
  })

  it.each([
    { name: 'is another’s', status: 200, body: '<html>', code: 'ManagementNotFound' },
    { name: 'is another’s JSON', status: 200, body: '{"hello": 1}', code: 'ManagementNotFound' },
    { name: 'knows no such page', status: 404, body: '<html>', code: 'ManagementNotFound' },
    { name: 'leads elsewhere', status: 302, body: '', code: 'ManagementUnreachable' },
    { name: 'fails', status: 503, body: 'later', code: 'ManagementFailed' },
    {
      name: 'is too old',
      status: 200,
      body: '{"tags": "administrator", "rabbitmq_version": "3.9.29"}',
      code: 'BrokerTooOld',
    },
  ])('says that the server $name', async ({ status, body, code }) => {
    const server = createServer((_, response) => response.writeHead(status, { location: '/elsewhere' }).end(body))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://weir:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}`
      await expect(provision(url)).rejects.toMatchObject({ code })
    } finally {
      server.close()
    }
  })

  it.each(['', 'rabbit', 'amqp://a:b@c:1', 'http://c:1', 'http://a:s3cret%@c:1'])('refuses the URL "%s"', (url) => {
    expect(() => openManagementClient(url)).toThrow(expect.objectContaining({ code: 'ManagementUrlInvalid' }))
    expect(() => openManagementClient(url)).not.toThrow('s3cret')
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const client = openManagementClient(rabbit.managementUrl, { signal: stop.signal })
    await expect(provisionVhost(client, plan)).rejects.toThrow('enough')
  })
})
