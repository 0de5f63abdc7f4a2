import type { Logger } from 'pino'
import { leanLinks } from '../broker/amqp/lean/lean-links.ts'
import { openAmqpBroker } from '../broker/amqp/open-amqp-broker.ts'
import type { Broker } from '../broker/broker.ts'
import { withClaimCheck } from '../claim-check/claim-check.ts'
import type { Clock } from '../clock.ts'
import { openMongoStore } from '../store/mongo/open-mongo-store.ts'
import type { Store } from '../store/store.ts'
import type { ProcessSettings } from './settings.ts'

/** The servers that a process stands on. */
export interface Servers {
  readonly store: Store
  /** Large bodies go by the store. */
  readonly broker: Broker
}

export interface ServersParts {
  readonly settings: Pick<ProcessSettings, 'brokerUrl' | 'storeUrl'>
  /** What the servers show of this process. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** Closed in reverse. */
  readonly opened: AsyncDisposableStack
  readonly signal: AbortSignal
}

/** Waits for both, however long that takes, and says in the log what is in the way. Rejects with the signal's reason. */
export async function openServers({ settings, name, clock, log, opened, signal }: ServersParts): Promise<Servers> {
  const [store, direct] = await Promise.all([
    openMongoStore({ url: settings.storeUrl, applicationName: name, patience: 'wait', clock, log, signal }),
    openAmqpBroker({
      url: settings.brokerUrl.href,
      connectionName: name,
      patience: 'wait',
      links: leanLinks(clock),
      clock,
      log,
      signal,
    }),
  ])
  opened.defer(store.close)
  opened.defer(direct.close)
  return { store, broker: withClaimCheck(direct, store, { clock, log }) }
}
