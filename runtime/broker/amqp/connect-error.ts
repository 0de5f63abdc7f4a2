import { PermanentError, TransientError } from '../../error.ts'
import type { AmqpServer } from './amqp-link.ts'

/** What ended a connection, a channel or a call, as either client sees it. */
export type LinkFailure =
  /** The server closed it with a reply code of AMQP 0-9-1. */
  | { readonly kind: 'reply'; readonly code: number; readonly text: string }
  /** What `node:net` or `node:tls` gave; without an error the peer hung up. */
  | { readonly kind: 'socket'; readonly error?: Error & { readonly code?: string } }
  | { readonly kind: 'timeout'; readonly waitingFor: string; readonly afterMs: number }
  /** No byte for two heartbeats. */
  | { readonly kind: 'silence'; readonly afterSeconds: number }
  /** It answers, but not as RabbitMQ does. */
  | { readonly kind: 'protocol'; readonly detail: string }
  /** The server has ended a consumer. */
  | { readonly kind: 'cancelled' }
  /** We have closed it ourselves. */
  | { readonly kind: 'closed' }

/** One line that names the server, never the password, and what to do where that is known. */
export function linkError(server: AmqpServer, failure: LinkFailure): PermanentError | TransientError {
  switch (failure.kind) {
    case 'reply':
      return replyError(server, failure.code, failure.text)
    case 'socket':
      return socketError(server, failure.error)
    case 'timeout':
      return timeoutError(server, failure)
    case 'silence':
      return transient('BrokerSilent', server, `sent nothing for ${failure.afterSeconds} s, not even a heartbeat`)
    case 'protocol':
      return transient('BrokerProtocolError', server, `sent what is not AMQP 0-9-1: ${failure.detail}`)
    case 'cancelled':
      return transient('ConsumerCancelled', server, 'has ended the consumer: its queue was deleted, or has moved')
    case 'closed':
      return transient('BrokerConnectionClosed', server, 'is not connected any more: the connection was closed here')
  }
}

/** What a connection waits for before it knows whom it speaks to. */
export const greeting = 'its greeting'
/** What to do about a server that does not behave as one of AMQP. */
export const checkPort = 'is this its port for AMQP, and not one for TLS or for its management?'

/** Whom the server takes us for: RabbitMQ's default where the URL names nobody. */
export function userOf({ url }: Pick<AmqpServer, 'url'>): string {
  return decodeURIComponent(url.username) || 'guest'
}

/** `RabbitMQ at HOST:PORT, vhost "NAME"`. */
export function serverName({ url, vhost }: Pick<AmqpServer, 'url' | 'vhost'>): string {
  return `RabbitMQ at ${url.hostname}:${url.port || defaultPort(url)}, vhost "${vhost}"`
}

/** 5671 with TLS, 5672 without. */
export function defaultPort({ protocol }: URL): number {
  return protocol === 'amqps:' ? 5671 : 5672
}

/** What a reply code means that trying again does not change, and what to do about it: the first whose text fits. */
const replies: readonly {
  readonly reply: number
  readonly text: RegExp
  readonly code: string
  readonly todo: string
}[] = [
  { reply: 403, text: /login/i, code: 'BrokerLoginRefused', todo: '; check user and password of USER' },
  { reply: 403, text: /./, code: 'BrokerAccessRefused', todo: '; check the permissions of the user USER' },
  { reply: 404, text: /no queue/i, code: 'QueueNotFound', todo: '' },
  { reply: 404, text: /no exchange/i, code: 'ExchangeNotFound', todo: '' },
  { reply: 406, text: /inequivalent/i, code: 'QueueMismatch', todo: '' },
  { reply: 530, text: /not found/i, code: 'VhostNotFound', todo: '; create the vhost, or check its name' },
  { reply: 530, text: /access to vhost/i, code: 'VhostRefused', todo: '; give the user USER permissions on the vhost' },
]

function replyError(server: AmqpServer, reply: number, text: string): PermanentError | TransientError {
  const known = replies.find((row) => row.reply === reply && row.text.test(text))
  const what = `answered ${reply} ${text}`
  if (known === undefined) return transient('BrokerClosed', server, what)
  const todo = known.todo.replace('USER', `"${userOf(server)}"`)
  return new PermanentError(known.code, `${serverName(server)} ${what}${todo}`)
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection; is it running, and is the port right?',
  ENOTFOUND: 'has a name that nobody knows; check the host',
  EAI_AGAIN: 'has a name that cannot be resolved now',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'did not answer',
}

function socketError(server: AmqpServer, error?: Error & { readonly code?: string }): PermanentError | TransientError {
  const code = error?.code ?? ''
  const known = unreachable[code]
  if (known !== undefined) return transient('BrokerUnreachable', server, known, error)
  if (error !== undefined && /CERT|SELF_SIGNED|SSL|TLS|UNABLE_TO|EPROTO/.test(code)) {
    // OpenSSL's own words stand among places in its source.
    const [, why = error.message] = /:error:\w+:[^:]*:[^:]*:([^:\n]+)/.exec(error.message) ?? []
    const message = `cannot be spoken to by TLS: ${why}; check the certificates and the port`
    return new PermanentError('BrokerTlsError', `${serverName(server)} ${message}`, { cause: error })
  }
  const why = error === undefined ? 'closed the connection' : `lost the connection: ${error.message}`
  return transient('BrokerConnectionLost', server, why, error)
}

function timeoutError(
  server: AmqpServer,
  { afterMs, waitingFor }: Extract<LinkFailure, { kind: 'timeout' }>,
): TransientError {
  const todo = waitingFor === greeting ? `; ${checkPort}` : ''
  return transient('BrokerTimeout', server, `did not answer within ${afterMs} ms (${waitingFor})${todo}`)
}

function transient(code: string, server: AmqpServer, message: string, cause?: Error): TransientError {
  return new TransientError(code, `${serverName(server)} ${message}`, cause && { cause })
}
