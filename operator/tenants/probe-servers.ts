import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import {
  managementError,
  requireAdministrator,
  requireVersion,
} from '../../runtime/broker/management/management-error.ts'
import type { ManagementClient } from '../../runtime/broker/management/management-client.ts'
import { serverProblem } from '../../runtime/broker/amqp/decide/server-version.ts'
import { defaultPort } from '../../runtime/broker/amqp/connect-error.ts'
import { protocolHeader } from '../../runtime/broker/amqp/lean/handshake.ts'
import { TransientError } from '../../runtime/error.ts'
import { connectMongo, type MongoServerOptions } from '../../runtime/store/mongo/connect-mongo.ts'

const answerMs = 5_000

/**
 * Rejects when RabbitMQ cannot be worked with: its management does not let us administrate, or nobody greets at its port for AMQP.
 *
 * @throws {PermanentError | TransientError} which names the server and what to do
 */
export async function probeBroker(url: URL, management: ManagementClient, signal: AbortSignal): Promise<void> {
  const whoami = (await management.get(['whoami'])) as { readonly tags?: unknown } | undefined
  requireAdministrator(management.call, tagsOf(whoami?.tags))
  const overview = (await management.get(['overview'])) as { readonly rabbitmq_version?: unknown } | undefined
  if (typeof overview?.rabbitmq_version !== 'string') throw managementError(management.call, { kind: 'foreign' })
  requireVersion(management.call, serverProblem({ version: overview.rabbitmq_version }))
  await greet(url, signal)
}

/** Text until RabbitMQ 3.8, a list since. */
function tagsOf(tags: unknown): readonly string[] {
  if (Array.isArray(tags)) return tags.map(String)
  return typeof tags === 'string' ? tags.split(',') : []
}

/** What speaks AMQP answers to its header before anybody logs in. */
async function greet(url: URL, signal: AbortSignal): Promise<void> {
  const socket = openSocket(url)
  const where = `RabbitMQ at ${url.hostname}:${socket.port}`
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (why: string, cause?: Error): void =>
    reject(new TransientError('BrokerUnreachable', `${where} ${why}; is it running, and is the port right?`, { cause }))
  socket.link.once('data', () => resolve())
  socket.link.once('error', (error: NodeJS.ErrnoException) =>
    fail(`cannot be reached (${error.code ?? error.message})`, error),
  )
  socket.link.once('close', () => fail('closed the connection'))
  const late = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
  const onAbort = (): void => fail('did not answer in time')
  late.addEventListener('abort', onAbort, { once: true })
  socket.link.write(protocolHeader)
  try {
    await promise
  } finally {
    late.removeEventListener('abort', onAbort)
    socket.link.destroy()
  }
}

function openSocket(url: URL): { readonly link: Socket; readonly port: number } {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  const port = url.port === '' ? defaultPort(url) : Number(url.port)
  const link = url.protocol === 'amqps:' ? connectTls({ host, port, servername: host }) : connectTcp({ host, port })
  return { link, port }
}

/**
 * Rejects when MongoDB cannot be worked with.
 *
 * @throws {PermanentError | TransientError} which names the server and what to do
 */
export async function probeStore(
  server: Pick<MongoServerOptions, 'url' | 'shared' | 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const applicationName = 'weir-operator-probe'
  const { release } = await connectMongo({ ...server, patience: 'fail', applicationName, signal }, async () => {})
  await release()
}
