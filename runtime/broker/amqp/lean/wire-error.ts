/** The server sent what is not AMQP 0-9-1 as RabbitMQ speaks it: nothing that follows on this connection can be trusted. */
export class WireError extends Error {
  override readonly name = 'WireError'
}
