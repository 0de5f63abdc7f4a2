import { systemClock, type Clock } from '../../../clock.ts'
import type { AmqpLinks } from '../amqp-link.ts'
import { declareTopology } from './declare-topology.ts'
import { openLeanConsumer } from './lean-consumer.ts'
import { openLeanPublisher } from './lean-publisher.ts'

/** Our own AMQP 0-9-1, as much of it as moves messages. Errors are those of `linkError`. */
export function leanLinks(clock: Clock = systemClock): AmqpLinks {
  return {
    openPublisher: (server, events) => openLeanPublisher(server, events, clock),
    openConsumer: (server, events) => openLeanConsumer(server, events, clock),
    declare: (server, topology) => declareTopology(server, topology, clock),
  }
}
