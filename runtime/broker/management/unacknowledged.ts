import type { Logger } from 'pino'
import type { ManagementClient } from './management-client.ts'

/**
 * How many messages of a queue are delivered and not settled, which AMQP does not tell; `unacknowledgedLateMs` old at most.
 * Undefined where the server keeps no figures, or does not answer now.
 */
export type Unacknowledged = (queue: string) => Promise<number | undefined>

/** A queue tells its figures every 5 s, and the plugin looks at what it was told every 5 s; with something to spare. */
export const unacknowledgedLateMs = 12_000

export function openUnacknowledged(management: ManagementClient, vhost: string, log: Logger): Unacknowledged {
  return async (queue) => {
    try {
      const figures = (await management.get(['queues', vhost, queue])) as Figures | undefined // looked at with care
      const count = figures?.messages_unacknowledged
      return typeof count === 'number' ? count : undefined
    } catch (err) {
      log.debug({ queue, err }, 'it is not known what of a queue is worked on')
      return undefined
    }
  }
}

interface Figures {
  readonly messages_unacknowledged?: unknown
}
