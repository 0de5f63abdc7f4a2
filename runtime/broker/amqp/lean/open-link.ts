import type { Connection } from './connection.ts'

/** Logs in and builds a link on the connection; what fails on the way is thrown, and leaves nothing open. */
export async function openLink<Link>(
  connection: Connection,
  build: (connection: Connection) => Promise<Link>,
): Promise<Link> {
  try {
    await connection.handshake()
    const link = await build(connection)
    connection.ready()
    return link
  } catch (error) {
    connection.end(error as Error)
    throw error
  }
}
