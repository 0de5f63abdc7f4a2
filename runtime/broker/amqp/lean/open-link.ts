import { linkError } from '../connect-error.ts'
import type { AmqpServer } from '../amqp-link.ts'
import type { Connection } from './connection.ts'
import { WireError } from './wire-error.ts'

/** Logs in and builds a link on the connection; what fails on the way is thrown, and leaves nothing open. */
export async function openLink<Link>(
  server: AmqpServer,
  connection: Connection,
  build: () => Promise<Link>,
): Promise<Link> {
  try {
    await connection.handshake()
    const link = await build()
    connection.ready()
    return link
  } catch (error) {
    const isGarbage = error instanceof WireError
    const told = isGarbage ? linkError(server, { kind: 'protocol', detail: error.message }) : (error as Error)
    connection.end(told)
    throw told
  }
}
