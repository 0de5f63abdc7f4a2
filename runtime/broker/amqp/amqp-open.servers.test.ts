import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import type { FreshVhost } from '../../../test/env/servers.ts'
import { callManagement, describeOnRabbit, freshVhost } from '../../../test/env/servers.ts'
import type { BrokerHealth } from '../broker.ts'
import { eventually, message, publishAll } from '../conformance/broker-promise.ts'
import { linkKinds } from './link-kinds.ts'
import type { AmqpBrokerOptions } from './open-amqp-broker.ts'
import { openAmqpBroker } from './open-amqp-broker.ts'

const log = pino({ level: 'silent' })
const password = 'open-sesame'

describeOnRabbit('opening a broker on RabbitMQ', (rabbit) => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })
  const openVhost = async (): Promise<FreshVhost> => {
    const vhost = await freshVhost(rabbit)
    closing.push(vhost.close)
    return vhost
  }
  const api = (method: 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown> =>
    callManagement(rabbit.managementUrl, method, `/api${path}`, body)
  /** A user who may do so much in the vhost; nothing without permissions. */
  const addUser = async (
    vhost: string,
    permissions?: Readonly<Record<'configure' | 'write' | 'read', string>>,
  ): Promise<string> => {
    const name = `user-of-${vhost}`
    await api('PUT', `/users/${name}`, { password, tags: '' })
    closing.push(() => api('DELETE', `/users/${name}`))
    if (permissions) await api('PUT', `/permissions/${encodeURIComponent(vhost)}/${name}`, permissions)
    return name
  }
  const urlOf = (vhost: FreshVhost, user: string, secret = password): string => {
    const url = new URL(vhost.amqpUrl)
    url.username = user
    url.password = secret
    return url.href
  }
  const open = (options: Partial<AmqpBrokerOptions> & { readonly url: string }): ReturnType<typeof openAmqpBroker> =>
    openAmqpBroker({ connectionName: 'opening', log, ...options })
  const errorOf = async (options: Parameters<typeof open>[0]): Promise<Error & { readonly code: string }> => {
    const opened = await open(options).catch((error: unknown) => error)
    if (opened instanceof Error) return opened as Error & { readonly code: string }
    throw new Error('it was opened')
  }

  it('says at once that the login is refused', async () => {
    const vhost = await openVhost()
    const user = await addUser(vhost.vhost)
    const error = await errorOf({ url: urlOf(vhost, user, 'wrong-sesame') })
    expect(error).toMatchObject({ name: 'PermanentError', code: 'BrokerLoginRefused' })
    expect(error.message).toMatch(/^RabbitMQ at 127\.0\.0\.1:\d+, vhost "test\..*check user and password/)
    expect(error.message).not.toContain('sesame')
  })

  it.each([
    { name: 'is not there', vhostName: 'nowhere', user: undefined },
    { name: 'is not the user’s', vhostName: undefined, user: 'stranger' },
  ])('says at once that the vhost $name', async ({ vhostName, user }) => {
    const vhost = await openVhost()
    const url = user === undefined ? vhost.amqpUrl : urlOf(vhost, await addUser(vhost.vhost))
    const error = await errorOf({ url, ...(vhostName !== undefined && { vhost: vhostName }) })
    expect(error).toMatchObject({ name: 'PermanentError', code: expect.stringMatching(/^Vhost(NotFound|Refused)$/) })
    expect(error.message).toContain(vhostName ?? vhost.vhost)
  })

  it('says at once what is missing and may not be declared', async () => {
    const vhost = await openVhost()
    const user = await addUser(vhost.vhost, { configure: '^$', write: '.*', read: '.*' })
    const error = await errorOf({ url: urlOf(vhost, user) })
    expect(error).toMatchObject({ name: 'PermanentError', code: 'BrokerAccessRefused' })
    expect(error.message).toMatch(
      new RegExp(`^RabbitMQ at 127.0.0.1:.* has no exchange "unrouted", and the user "${user}" may not declare it; `),
    )
    expect(error.message).not.toContain('sesame')
    const owner = await open({ url: vhost.amqpUrl })
    closing.push(owner.close)
    await api('DELETE', `/queues/${encodeURIComponent(vhost.vhost)}/dead`)
    expect((await errorOf({ url: urlOf(vhost, user) })).message).toContain(' has no queue "dead", and ')
  })

  it('says at once what may be declared and not bound', async () => {
    const vhost = await openVhost()
    const user = await addUser(vhost.vhost, { configure: '.*', write: 'unrouted|retry', read: '.*' })
    const error = await errorOf({ url: urlOf(vhost, user) })
    expect(error).toMatchObject({ name: 'PermanentError', code: 'BrokerAccessRefused' })
    expect(error.message).toMatch(/403 ACCESS_REFUSED .* 'dead' .*; check the permissions of the user "user-of-.*"$/)
  })

  it('waits with `patience: wait` for whoever may declare what is missing', async () => {
    const vhost = await openVhost()
    const user = await addUser(vhost.vhost, { configure: '^$', write: '.*', read: '.*' })
    const told: string[] = []
    const onHealth = (health: BrokerHealth): void =>
      void told.push(health.kind === 'connecting' ? health.reason : health.kind)
    const opening = open({ url: urlOf(vhost, user), patience: 'wait', onHealth })
    await eventually(() => expect(told.at(-1)).toContain('may not declare it'))
    closing.push((await open({ url: vhost.amqpUrl })).close)
    closing.push((await opening).close)
    expect(told.at(-1)).toBe('ready')
  })

  it('is content with what another user has declared', async () => {
    const vhost = await openVhost()
    const owner = await open({ url: vhost.amqpUrl })
    closing.push(owner.close)
    await owner.declareQueues([{ name: 'q' }])
    const user = await addUser(vhost.vhost, { configure: '^delay\\.v1\\.', write: '.*', read: '.*' })
    const worker = await open({ url: urlOf(vhost, user) })
    closing.push(worker.close)
    await publishAll(worker, 'q', ['m1'])
    expect(await worker.publish({ kind: 'delay', queue: 'q', delayMs: 100 }, message('m2'))).toBe('confirmed')
    await eventually(async () => expect((await worker.depth('q'))?.ready).toBe(2))
    await worker.declareQueues([{ name: 'q' }])
    await expect(worker.declareQueues([{ name: 'q' }, { name: 'mine' }])).rejects.toMatchObject({
      code: 'BrokerAccessRefused',
      message: expect.stringContaining('has no queue "mine", and '),
    })
  })

  it('goes on trying with `patience: wait`, and opens when the vhost is there', async () => {
    const name = `late.${Date.now()}`
    const told: BrokerHealth[] = []
    const url = rabbit.amqpUrl
    const opening = open({ url, vhost: name, patience: 'wait', onHealth: (health) => void told.push(health) })
    await eventually(() =>
      expect(told.at(-1)).toMatchObject({ kind: 'connecting', reason: expect.stringContaining(name) }),
    )
    const vhost = await freshVhost(rabbit, name)
    closing.push(vhost.close)
    const broker = await opening
    closing.push(broker.close)
    expect(broker.health()).toEqual({ kind: 'ready' })
  })

  it('goes on trying a server that is not there, until it is told to stop', async () => {
    const told: BrokerHealth[] = []
    const stop = new AbortController()
    const onHealth = (health: BrokerHealth): void => void told.push(health)
    const opening = open({ url: 'amqp://guest:guest@127.0.0.1:1', signal: stop.signal, onHealth })
    await eventually(() => expect(told.length).toBeGreaterThanOrEqual(3))
    const since = new Set(told.map((health) => health.kind === 'connecting' && health.since))
    expect(since.size).toBe(1)
    expect(told.at(-1)).toMatchObject({ kind: 'connecting', reason: expect.stringContaining('127.0.0.1:1,') })
    stop.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })

  it.each([{ name: 'speaks no TLS', protocol: 'amqps:', code: 'BrokerTlsError' }])(
    'says at once that the server $name',
    async ({ protocol, code }) => {
      const vhost = await openVhost()
      expect(await errorOf({ url: vhost.amqpUrl.replace('amqp:', protocol) })).toMatchObject({ code })
    },
  )

  it.each([
    { name: 'says nothing', answer: undefined },
    { name: 'speaks HTTP', answer: 'HTTP/1.1 400 Bad Request\r\n\r\n' },
  ])('goes on trying a server that $name, and names it', async ({ answer }) => {
    const stranger = createServer((socket) => {
      socket.on('error', () => {})
      if (answer !== undefined) socket.end(answer)
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    closing.push(async () => stranger.close())
    const { port } = stranger.address() as AddressInfo
    const told: BrokerHealth[] = []
    const stop = new AbortController()
    const url = `amqp://guest:guest@127.0.0.1:${port}`
    const onHealth = (health: BrokerHealth): void => void told.push(health)
    const opening = open({ url, signal: stop.signal, onHealth, limits: { connectMs: 200 } })
    await eventually(() => expect(told).not.toHaveLength(0))
    expect(told[0]).toMatchObject({ kind: 'connecting', reason: expect.stringContaining(`127.0.0.1:${port}`) })
    stop.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })

  describe.each(linkKinds)('with the links of $name', ({ links }) => {
    it('gives its connections names, opens them when they are needed, and leaves none behind', async () => {
      const vhost = await openVhost()
      const broker = await open({ url: vhost.amqpUrl, links, connectionName: 'runner', limits: { adminIdleMs: 100 } })
      closing.push(broker.close)
      const names = async (): Promise<string[]> => {
        const path = `/api/vhosts/${encodeURIComponent(vhost.vhost)}/connections`
        const all = (await callManagement(rabbit.managementUrl, 'GET', path)) as readonly {
          readonly client_properties: { readonly connection_name?: string }
        }[]
        return all
          .map(({ client_properties }) => client_properties.connection_name ?? '')
          .toSorted((left, right) => left.localeCompare(right))
      }
      await broker.declareQueues([{ name: 'q' }])
      await publishAll(broker, 'q', ['m1'])
      const subscription = await broker.consume('q', { prefetch: 1 }, () => {})
      await eventually(async () => expect(await names()).toEqual(['runner (consume)', 'runner (publish)']))
      // The one that administers is closed when it is idle, and opened again.
      expect(await broker.depth('q')).toMatchObject({ consumers: 1 })
      await subscription.close()
      await broker.close()
      await eventually(async () => expect(await names()).toEqual([]))
    })
  })
})
