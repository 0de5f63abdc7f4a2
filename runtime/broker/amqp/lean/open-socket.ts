import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { AmqpServer } from '../amqp-link.ts'
import { defaultPort } from '../connect-error.ts'

/** Begins to connect; what is written meanwhile is sent once it is connected. Small writes leave at once. */
export function openSocket({ url, tls }: AmqpServer): Socket {
  // An IPv6 address stands in brackets in a URL.
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost'
  const port = url.port === '' ? defaultPort(url) : Number(url.port)
  const socket =
    url.protocol === 'amqps:'
      ? connectTls({ host, port, ...tls, ...(isIP(host) === 0 && { servername: host }) })
      : connectTcp({ host, port })
  return socket.setNoDelay(true)
}
