import type { Channel, ChannelModel } from 'amqplib'
import { connect } from 'amqplib'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { PermanentError, TransientError } from '../../error.ts'
import type { AmqpServer } from './amqp-link.ts'
import { checkPort, greeting, linkError, serverName, userOf, type LinkFailure } from './connect-error.ts'

/** One open connection of amqplib. */
export interface AmqplibConnection {
  readonly model: ChannelModel
  /** Of the socket, for gathering writes. */
  readonly stream: Duplex
  /** Ends in a second, whether the server answers or not; safe to repeat. */
  readonly close: () => Promise<void>
  /** At once, without a word to the server. */
  readonly destroy: () => void
  /**
   * What the server has answered to a call. Without an answer in time the connection is lost: amqplib would wait for ever.
   *
   * @param what is waited for
   * @throws {PermanentError|TransientError} as `linkError` has them
   */
  readonly answered: <Result>(what: string, call: Promise<Result>) => Promise<Result>
}

const closeMs = 1000

/** What amqplib has and does not show. */
interface Hidden {
  readonly stream: Duplex
  readonly heartbeater?: { readonly clear: () => void }
}

/** @throws {PermanentError|TransientError} as `linkError` has them */
export async function connectAmqplib(
  server: AmqpServer,
  onLost: (error: PermanentError | TransientError) => void,
): Promise<AmqplibConnection> {
  const model = await openModel(server)
  // amqplib hides its socket, and a server that does not answer would keep it open for ever.
  const { stream, heartbeater } = model.connection as unknown as Hidden
  let isOver = false
  let seen: unknown
  model.on('error', (error) => {
    seen = error
  })
  model.on('close', (error) => {
    stream.destroy()
    if (isOver) return
    isOver = true
    onLost(amqplibError(server, seen ?? error))
  })
  const destroy = (): void => {
    isOver = true
    // Without its heartbeats nothing of it keeps a process from ending.
    heartbeater?.clear()
    stream.destroy()
  }
  const afterMs = server.connectTimeoutMs
  return {
    model,
    stream,
    destroy,
    answered: async (waitingFor, call) => {
      try {
        return await withinMs(afterMs, call)
      } catch (error) {
        if (!isLate(error)) throw amqplibError(server, error)
        const late = linkError(server, { kind: 'timeout', waitingFor, afterMs })
        const isLost = !isOver
        destroy()
        if (isLost) onLost(late)
        throw late
      }
    },
    close: async () => {
      if (isOver) return
      isOver = true
      await withinMs(closeMs, model.close()).catch(() => undefined) // it is gone in any case
      destroy()
    },
  }
}

/** A channel whose errors end nothing but itself; told of once. */
export async function openAmqplibChannel(model: ChannelModel, onError: (error: Error) => void): Promise<Channel> {
  const channel = await model.createChannel()
  channel.on('error', onError)
  return channel
}

/** What amqplib gave, as the error that both clients give. */
export function amqplibError(server: AmqpServer, error: unknown): PermanentError | TransientError {
  if (error instanceof PermanentError || error instanceof TransientError) return error
  if (error instanceof Error && isVhostRefused(error)) return vhostRefused(server)
  return linkError(server, failureOf(server, error))
}

function openModel(server: AmqpServer): Promise<ChannelModel> {
  const { url, vhost, connectionName, heartbeatSeconds, connectTimeoutMs, tls } = server
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const login =
    url.username === '' && url.password === ''
      ? {}
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
  return connect(
    {
      protocol: url.protocol.slice(0, -1),
      hostname,
      ...(url.port !== '' && { port: Number(url.port) }),
      ...login,
      // It is unescaped there, as if it came from a URL.
      vhost: encodeURIComponent(vhost),
      heartbeat: heartbeatSeconds,
    },
    {
      // Without it a flow of three steps waits 75 ms for acknowledgements of TCP.
      noDelay: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name: connectionName },
      ...(isIP(hostname) === 0 && { servername: hostname }),
      ...tls,
    },
  ).catch((error: unknown) => {
    throw amqplibError(server, error)
  })
}

/** amqplib does not say why the vhost was not opened. */
function isVhostRefused({ message }: Error): boolean {
  return message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose')
}

function vhostRefused(server: AmqpServer): PermanentError {
  const what = `does not open this vhost for "${userOf(server)}"`
  const todo = 'create it, or check its name, or give the user permissions on it'
  return new PermanentError('VhostRefused', `${serverName(server)} ${what}; ${todo}`)
}

function failureOf(server: AmqpServer, error: unknown): LinkFailure {
  if (!(error instanceof Error)) return { kind: 'socket' }
  const { message } = error
  const [, code, text] = /(\d{3}) \([A-Z0-9_-]*\) with message "(.*)"$/s.exec(message) ?? []
  if (code !== undefined && text !== undefined) return { kind: 'reply', code: Number(code), text }
  if (message === 'connect ETIMEDOUT') {
    return { kind: 'timeout', waitingFor: greeting, afterMs: server.connectTimeoutMs }
  }
  if (message === 'Heartbeat timeout') return { kind: 'silence', afterSeconds: 2 * server.heartbeatSeconds }
  if (message.startsWith('Socket closed abruptly'))
    return { kind: 'protocol', detail: `it hung up on the greeting; ${checkPort}` }
  if (/^Frame size \d+ exceeds/.test(message)) return { kind: 'protocol', detail: `no frame of it; ${checkPort}` }
  if (/frame/i.test(message)) return { kind: 'protocol', detail: message }
  return { kind: 'socket', error }
}

/** By `withinMs`. */
export function isLate(error: unknown): boolean {
  return error instanceof TransientError && error.code === 'BrokerTimeout'
}

/** Rejects when it takes longer; a timer of the system, since a socket is no matter of a simulated clock. */
export function withinMs<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(new TransientError('BrokerTimeout', `the server has not answered within ${limitMs} ms`))
    const timer = setTimeout(late, limitMs)
    work.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}
