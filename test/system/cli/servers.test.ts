import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { openPeer } from '../../rig/amqp-peer.ts'
import { folderOf, weir } from './weir-process.ts'

const flow = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps: [{name: say, log: "'x'"}]
`
const folder = folderOf({ 'flow.yaml': flow })
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})
afterAll(folder.remove)

/** Nobody listens there. */
const nowhere = '127.0.0.1:1'
const broker = `amqp://me:s3cret@${nowhere}/shop`
const store = `mongodb://me:s3cret@${nowhere}/shop`

async function refused(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const none = { WEIR_BROKER: '', WEIR_STORE: '', RABBITMQ_MANAGEMENT_URL: '' }
  const ended = await weir(['run', 'flow.yaml', ...words], { cwd: folder.path, env: { ...none, ...env } })
  expect([ended.code, ended.stdout]).toEqual([2, ''])
  expect(ended.stderr).not.toContain('s3cret')
  return ended.stderr
}

/** Takes connections and says nothing. */
async function openMute(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('weir run without the servers that it is to run on', () => {
  it.each([
    { name: 'a broker without a store', words: ['--broker', broker], says: 'give --store mongodb://HOST/DATABASE' },
    { name: 'a store without a broker', words: ['--store', store], says: 'give --broker amqp://HOST/VHOST' },
    {
      name: 'a directory beside them',
      words: ['--state', 'x', '--broker', broker, '--store', store],
      says: 'give one or the other',
    },
    {
      name: 'a broker that is none',
      words: ['--broker', 'http://me:s3cret@rabbit', '--store', store],
      says: "the broker's URL is amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps:, but it begins with http:",
    },
    {
      name: 'a store that is none',
      words: ['--broker', broker, '--store', 'postgres://me:s3cret@x'],
      says: '--store must begin with mongodb:// or mongodb+srv://',
    },
    {
      name: 'a management that is none',
      words: ['--broker', broker, '--store', store, '--broker-management', 'me:s3cret'],
      says: 'the URL of RabbitMQ’s management is http://USER:PASSWORD@HOST:PORT',
    },
    {
      name: 'a host that nobody knows',
      words: ['--broker', 'amqp://me:s3cret@nobody.invalid', '--store', store],
      says: 'RabbitMQ at nobody.invalid:5672, vhost "/" has a name that nobody knows; check the host',
    },
  ])('says what to do about $name', async ({ words, says }) => {
    expect(await refused(words)).toContain(says)
  })

  it('names both when neither is there', async () => {
    const said = await refused([], { WEIR_BROKER: broker, WEIR_STORE: store })
    expect(said).toContain(`RabbitMQ at ${nowhere}, vhost "shop" refused the connection; is it running`)
    expect(said).toContain(`MongoDB at ${nowhere}, database "shop" cannot be reached`)
  })

  it('says which one does not answer', async () => {
    const mute = await openMute()
    const said = await refused(['--broker', `amqp://me:s3cret@${mute}/shop`, '--store', store])
    expect(said).toMatch(new RegExp(`RabbitMQ at ${mute}, vhost "shop" (?:does not answer|did not answer)`))
  })

  it('says when the broker is too old', async () => {
    const peer = await openPeer({ properties: { product: 'RabbitMQ', version: '3.9.29' } })
    closers.push(peer.close)
    const url = new URL(peer.url)
    url.password = 's3cret'
    expect(await refused(['--broker', url.href, '--store', store])).toContain('is version 3.9.29; upgrade it to 3.10')
  })
})
