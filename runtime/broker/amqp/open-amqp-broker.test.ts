import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerOptions } from '../../../test/rig/amqp-peer.ts'
import { openPeer } from '../../../test/rig/amqp-peer.ts'
import { testCertificate } from '../../../test/rig/test-certificate.ts'
import type { BrokerHealth } from '../broker.ts'
import { eventually } from '../conformance/broker-promise.ts'
import { method } from './lean/method.ts'
import { openAmqpBroker } from './open-amqp-broker.ts'

const log = pino({ level: 'silent' })
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function urlOf(options: PeerOptions, protocol: string): Promise<string> {
  const peer = await openPeer(options)
  closing.push(peer.close)
  return Object.assign(new URL('amqp://user:s3cret@127.0.0.1/shop'), { protocol, port: peer.url.port }).href
}

/** What `health` says of a server that is tried again and again. */
async function reasonOf(url: string): Promise<string> {
  const stop = new AbortController()
  const told: BrokerHealth[] = []
  const onHealth = (health: BrokerHealth): void => void told.push(health)
  const limits = { connectMs: 500 }
  const opening = openAmqpBroker({ url, connectionName: 'opening', log, signal: stop.signal, onHealth, limits })
  const ended = opening.catch((error: unknown) => error)
  await eventually(() => expect(told.length).toBeGreaterThanOrEqual(2))
  stop.abort(new Error('enough'))
  expect(await ended).toMatchObject({ message: 'enough' })
  const [first, second] = told
  if (first?.kind !== 'connecting' || second?.kind !== 'connecting') throw new Error('it was connected')
  expect(second.since).toBe(first.since)
  return first.reason
}

const checkPort = 'is this its port for AMQP, and not one for TLS or for its management?'

describe('a broker that cannot be opened', () => {
  it.each<{ name: string; peer: PeerOptions; protocol?: string; code: string; says: string }>([
    {
      name: 'is too old',
      peer: { properties: { product: 'RabbitMQ', version: '3.9.29' } },
      code: 'BrokerTooOld',
      says: 'is version 3.9.29; upgrade it to 3.10 or later',
    },
    {
      name: 'is of another product',
      peer: { properties: { product: 'Qpid', version: '9' } },
      code: 'BrokerTooOld',
      says: 'is Qpid, not RabbitMQ',
    },
    {
      name: 'has a certificate that nobody trusts',
      peer: { tls: testCertificate },
      protocol: 'amqps:',
      code: 'BrokerTlsError',
      says: 'check the certificates and the port',
    },
    {
      name: 'speaks no TLS',
      peer: { greeting: Buffer.from('AMQP\0\0\x09\x01') },
      protocol: 'amqps:',
      code: 'BrokerTlsError',
      says: 'check the certificates and the port',
    },
  ])('says at once that the server $name', async ({ peer, protocol = 'amqp:', code, says }) => {
    const url = await urlOf(peer, protocol)
    const error: unknown = await openAmqpBroker({ url, connectionName: 'opening', log }).catch(
      (error: unknown) => error,
    )
    expect(error).toMatchObject({ name: 'PermanentError', code })
    expect(String(error)).toContain(`RabbitMQ at ${new URL(url).host}, vhost "shop" `)
    expect(String(error)).toContain(says)
    expect(String(error)).not.toContain('s3cret')
  })

  it.each<{ name: string; peer: PeerOptions; says: string }>([
    { name: 'is a web server', peer: { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }, says: checkPort },
    {
      name: 'says nothing',
      peer: { mute: [method.connectionStart] },
      says: `did not answer within 500 ms (its greeting); ${checkPort}`,
    },
    { name: 'speaks TLS alone', peer: { tls: testCertificate }, says: `hung up on the greeting; ${checkPort}` },
  ])('goes on trying a server that $name, and names it', async ({ peer, says }) => {
    const url = await urlOf(peer, 'amqp:')
    const reason = await reasonOf(url)
    expect(reason).toContain(`RabbitMQ at ${new URL(url).host}, vhost "shop" `)
    expect(reason).toContain(says)
  })

  it.each([
    {
      url: 'amqp://user:s3cret@127.0.0.1:1/shop',
      says: 'refused the connection; is it running, and is the port right?',
    },
    // Without a name server it cannot be told for certain.
    { url: 'amqp://user:s3cret@rabbit.invalid/shop', says: 'has a name that ' },
  ])('goes on trying $url', async ({ url, says }) => {
    const reason = await reasonOf(url)
    const { hostname, port } = new URL(url)
    expect(reason).toContain(`RabbitMQ at ${hostname}:${port || 5672}, vhost "shop" ${says}`)
    expect(reason).not.toContain('s3cret')
  })
})
