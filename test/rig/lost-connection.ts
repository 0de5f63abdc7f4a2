import type { Broker } from '../../runtime/broker/broker.ts'
import { TransientError } from '../../runtime/error.ts'

/** A connection that a test can lose and find again: while it is lost nothing can be published. */
export function losable() {
  let isLost = false
  let refused = 0
  return {
    lose: () => {
      isLost = true
    },
    find: () => {
      isLost = false
    },
    refused: () => refused,
    wrap: (connection: Broker): Broker => ({
      ...connection,
      publish: async (target, message) => {
        if (!isLost) return connection.publish(target, message)
        refused += 1
        throw new TransientError('BrokerConnectionLost', 'the connection was lost before the publish was confirmed')
      },
    }),
  }
}
