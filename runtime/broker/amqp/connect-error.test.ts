import { describe, expect, it } from 'vitest'
import { PermanentError } from '../../error.ts'
import type { AmqpServer } from './amqp-link.ts'
import { linkError, type LinkFailure } from './connect-error.ts'

const server: AmqpServer = {
  url: new URL('amqp://user:secret@broker.example:5673'),
  vhost: 'weir.shop',
  connectionName: 'test',
  heartbeatSeconds: 10,
  connectTimeoutMs: 1000,
}

function reply(code: number, text: string): LinkFailure {
  return { kind: 'reply', code, text }
}

function socket(code: string, message = code): LinkFailure {
  return { kind: 'socket', error: Object.assign(new Error(message), { code }) }
}

describe('linkError', () => {
  it.each([
    { failure: reply(403, 'ACCESS_REFUSED - Login was refused using PLAIN'), code: 'BrokerLoginRefused', lasts: true },
    { failure: reply(403, "ACCESS_REFUSED - access to queue 'q' refused"), code: 'BrokerAccessRefused', lasts: true },
    { failure: reply(404, "NOT_FOUND - no queue 'q' in vhost '/'"), code: 'QueueNotFound', lasts: true },
    { failure: reply(404, "NOT_FOUND - no exchange 'x' in vhost '/'"), code: 'ExchangeNotFound', lasts: true },
    { failure: reply(404, "NOT_FOUND - home node of queue 'q' is down"), code: 'BrokerClosed', lasts: false },
    { failure: reply(406, "PRECONDITION_FAILED - inequivalent arg 'x'"), code: 'QueueMismatch', lasts: true },
    { failure: reply(406, 'PRECONDITION_FAILED - unknown delivery tag 7'), code: 'BrokerClosed', lasts: false },
    { failure: reply(530, 'NOT_ALLOWED - vhost weir.shop not found'), code: 'VhostNotFound', lasts: true },
    { failure: reply(530, "NOT_ALLOWED - access to vhost 'x' refused"), code: 'VhostRefused', lasts: true },
    { failure: reply(320, 'CONNECTION_FORCED - shutdown'), code: 'BrokerClosed', lasts: false },
    { failure: socket('ECONNREFUSED'), code: 'BrokerUnreachable', lasts: false },
    { failure: socket('ENOTFOUND'), code: 'BrokerUnreachable', lasts: false },
    { failure: socket('ECONNRESET'), code: 'BrokerConnectionLost', lasts: false },
    { failure: { kind: 'socket' } as const, code: 'BrokerConnectionLost', lasts: false },
    { failure: socket('DEPTH_ZERO_SELF_SIGNED_CERT'), code: 'BrokerTlsError', lasts: true },
    { failure: socket('EPROTO'), code: 'BrokerTlsError', lasts: true },
    { failure: socket('ERR_SSL_WRONG_VERSION_NUMBER'), code: 'BrokerTlsError', lasts: true },
    { failure: { kind: 'timeout', waitingFor: 'open', afterMs: 5 } as const, code: 'BrokerTimeout', lasts: false },
    { failure: { kind: 'silence', afterSeconds: 20 } as const, code: 'BrokerSilent', lasts: false },
    { failure: { kind: 'protocol', detail: 'frame' } as const, code: 'BrokerProtocolError', lasts: false },
    { failure: { kind: 'cancelled' } as const, code: 'ConsumerCancelled', lasts: false },
    { failure: { kind: 'closed' } as const, code: 'BrokerConnectionClosed', lasts: false },
  ])('gives $code for $failure', ({ failure, code, lasts }) => {
    const error = linkError(server, failure)
    expect(error.code).toBe(code)
    expect(error instanceof PermanentError).toBe(lasts)
    expect(error.message).toMatch(/^RabbitMQ at broker\.example:5673, vhost "weir\.shop" /)
    expect(error.message).not.toContain('secret')
  })

  it('takes from OpenSSL its words alone', () => {
    const message =
      'write EPROTO 405D:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../ssl.c:77:\n'
    const error = linkError(server, socket('EPROTO', message))
    expect(error.message).toContain('by TLS: wrong version number; check the certificates and the port')
  })
})
