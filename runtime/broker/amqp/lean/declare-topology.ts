import type { Clock } from '../../../clock.ts'
import type { AmqpServer } from '../amqp-link.ts'
import type { BindingPlan, ExchangePlan, QueuePlan, Topology } from '../decide/plan-topology.ts'
import { Connection, type Channel } from './connection.ts'
import { method } from './method.ts'
import { openLink } from './open-link.ts'
import { request, shortText, table, u16, u8 } from './request.ts'

const durable = 2
const exclusive = 4

/**
 * Declares and binds on a connection of its own, all in one write: where it stands already, which is nearly always, a start waits
 * for one answer in place of one for each.
 *
 * @throws {PermanentError|TransientError} as `linkError` has them: the first that the server refuses; what comes behind it is not done
 */
export async function declareTopology(server: AmqpServer, topology: Topology, clock: Clock): Promise<void> {
  const connection = new Connection(server, { onLost: () => {} }, clock)
  await openLink(server, connection, async () => {
    const channel = connection.addChannel({
      onMethod: () => false,
      onHeader: () => {},
      onBody: () => {},
      onClosed: () => {},
    })
    await Promise.all([connection.openChannel(channel), ...declarations(connection, channel, topology)])
  })
  // Nobody waits for that.
  void connection.close()
}

function declarations(
  connection: Connection,
  channel: Channel,
  { exchanges, queues, bindings }: Topology,
): readonly Promise<unknown>[] {
  const call = (answer: number, id: number, fields: readonly Buffer[]): Promise<unknown> =>
    connection.call(channel, answer, request(channel.number, id, u16(0), ...fields))
  return [
    ...exchanges.map((exchange) => call(method.exchangeDeclareOk, method.exchangeDeclare, exchangeFields(exchange))),
    ...queues.map((queue) => call(method.queueDeclareOk, method.queueDeclare, queueFields(queue))),
    ...bindings.map((binding) => call(method.queueBindOk, method.queueBind, bindingFields(binding))),
  ]
}

function exchangeFields({ name, type, alternateExchange }: ExchangePlan): readonly Buffer[] {
  const given = alternateExchange === undefined ? {} : { 'alternate-exchange': alternateExchange }
  return [shortText(name), shortText(type), u8(durable), table(given)]
}

function queueFields({
  name,
  durable: isDurable,
  exclusive: isExclusive,
  arguments: given,
}: QueuePlan): readonly Buffer[] {
  return [shortText(name), u8((isDurable ? durable : 0) | (isExclusive ? exclusive : 0)), table(given)]
}

function bindingFields({ queue, exchange, routingKey }: BindingPlan): readonly Buffer[] {
  return [shortText(queue), shortText(exchange), shortText(routingKey), u8(0), table({})]
}
