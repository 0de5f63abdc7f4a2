import type { Logger } from 'pino'
import { serverName } from '../../runtime/broker/amqp/connect-error.ts'
import { parseServerUrl } from '../../runtime/broker/amqp/server-url.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { openManagementClient } from '../../runtime/broker/management/management-client.ts'
import type { Unacknowledged } from '../../runtime/broker/management/unacknowledged.ts'
import { openUnacknowledged } from '../../runtime/broker/management/unacknowledged.ts'
import { withClaimCheck } from '../../runtime/claim-check/claim-check.ts'
import { systemClock } from '../../runtime/clock.ts'
import { TransientError } from '../../runtime/error.ts'
import { readMongoUrl } from '../../runtime/store/mongo/decide/mongo-url.ts'
import { placeName } from '../../runtime/store/mongo/mongo-error.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { CommandContext } from '../commands/context.ts'
import { openBrokerOf } from '../connect/open-broker.ts'
import { openStoreOf, quiet } from '../connect/open-store.ts'
import { openLog } from '../log.ts'
import { provisionRunVhost } from './provision-run-vhost.ts'
import type { ServerUrls } from './server-urls.ts'

/** The servers of a run, and what they are called: never with a password. */
export interface RunServers {
  /** Large bodies go by the store. */
  readonly broker: Broker
  readonly store: Store
  /** Where the broker's management is known, too. */
  readonly unacknowledged?: Unacknowledged
  readonly brokerName: string
  readonly storeName: string
}

/**
 * Connects to both; what does not answer within 5 s has failed.
 *
 * @throws {PermanentError | TransientError} names the server and says what to do
 */
export async function openRunServers(context: CommandContext, urls: ServerUrls): Promise<RunServers> {
  // A mistake in what was typed is told before anything is made.
  parseServerUrl(urls.broker)
  const broker = urls.management === undefined ? urls.broker : await provisionRunVhost(urls.broker, urls.management)
  const [store, queues] = await Promise.allSettled([
    openStoreOf(context, { store: urls.store }),
    openBrokerOf(context, { broker }),
  ])
  if (store.status === 'fulfilled' && queues.status === 'fulfilled') {
    const log = openLog(quiet(context.logLevel), context.terminal.err)
    return {
      store: store.value,
      broker: withClaimCheck(queues.value, store.value, { clock: systemClock, log }),
      ...(urls.management !== undefined && { unacknowledged: unacknowledgedAt(broker, urls.management, log) }),
      ...namesOf(broker, urls.store),
    }
  }
  if (store.status === 'fulfilled') await store.value.close()
  if (queues.status === 'fulfilled') await queues.value.close()
  throw failureOf([queues, store].flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : [])))
}

function unacknowledgedAt(broker: string, management: string, log: Logger): Unacknowledged {
  return openUnacknowledged(openManagementClient(management), parseServerUrl(broker).vhost, log)
}

/** What both have said, when neither is there: who mends one should not have to come back for the other. */
function failureOf(errors: readonly Error[]): Error | undefined {
  const [first, second] = errors
  if (first === undefined || second === undefined) return first
  return new TransientError('ServersUnreachable', `${first.message}\n       ${second.message}`, { cause: first })
}

function namesOf(broker: string, store: string): Pick<RunServers, 'brokerName' | 'storeName'> {
  const { hosts, database = 'weir' } = readMongoUrl(store)
  return { brokerName: serverName(parseServerUrl(broker)), storeName: placeName({ hosts, database }) }
}
