import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import { systemClock } from '../../clock.ts'
import type { Broker, BrokerHealth } from '../broker.ts'
import type { AmqpLinks, AmqpServer } from './amqp-link.ts'
import { leanLinks } from './lean/lean-links.ts'
import { AmqpBroker } from './amqp-broker.ts'
import type { PublishLimits } from './publish-pipe.ts'
import { isLasting } from './link-session.ts'
import { parseServerUrl } from './server-url.ts'

export interface AmqpBrokerOptions {
  /** `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps:`. */
  readonly url: string
  /** Instead of the URL's; `/` where neither names one. */
  readonly vhost?: string
  /** What the server shows of our connections; each adds what it is for. */
  readonly connectionName: string
  readonly log: Logger
  readonly clock?: Clock
  /** From 0 to 1, for the spread of pauses. */
  readonly random?: () => number
  readonly links?: AmqpLinks
  readonly tls?: NonNullable<AmqpServer['tls']>
  /** 10 when absent. */
  readonly heartbeatSeconds?: number
  readonly limits?: Partial<AmqpLimits>
  /**
   * `fail`: opening throws at once what trying again cannot help soon: a refused login, an unknown vhost, a wrong
   * certificate, an old version. `wait`: it goes on trying, as it always does for a server that is not there.
   */
  readonly patience?: 'fail' | 'wait'
  /** Ends the opening; it then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Told at each change, while it is being opened too. Must not throw. */
  readonly onHealth?: (health: BrokerHealth) => void
  /** Opens the connections to publish and to consume along with it, and not when they are first needed. */
  readonly isEager?: boolean
  /** Loses messages. For the benchmark that says what safety costs; no configuration leads here. */
  readonly unsafe?: { readonly confirms: false; readonly acks: 'none' }
}

export interface AmqpLimits extends PublishLimits {
  readonly connectMs: number
  /** Without work for so long, the connection that administers is closed. */
  readonly adminIdleMs: number
}

const usualLimits: AmqpLimits = {
  messages: 1000,
  bytes: 16 * 1024 * 1024,
  patienceMs: 5000,
  confirmMs: 30_000,
  connectMs: 5000,
  adminIdleMs: 30_000,
}

/**
 * The queues of a RabbitMQ vhost. Opened when the server was reached and what every vhost has is declared; from then on
 * it connects again for ever, and subscriptions go on by themselves.
 *
 * @throws {PermanentError} `BrokerUrlInvalid`, and with `patience: 'fail'` what trying again cannot help soon; it names the server and what to do, never the password
 */
export async function openAmqpBroker(options: AmqpBrokerOptions): Promise<Broker> {
  const { log, clock = systemClock, random = Math.random, patience = 'fail' } = options
  const limits = { ...usualLimits, ...options.limits }
  const server = serverOf(options, limits)
  const { links = leanLinks(clock), onHealth = () => {} } = options
  const broker = new AmqpBroker({ server, links, limits, clock, random, log, onHealth })
  try {
    await broker.start((error) => patience === 'fail' && isLasting(error), options.signal, options.isEager === true)
  } catch (error) {
    await broker.close()
    throw error
  }
  return broker.port
}

function serverOf(options: AmqpBrokerOptions, { connectMs }: AmqpLimits): AmqpServer {
  const { connectionName, tls, heartbeatSeconds = 10, unsafe } = options
  const { url, vhost } = parseServerUrl(options.url)
  return {
    url,
    vhost: options.vhost ?? vhost,
    connectionName,
    heartbeatSeconds,
    connectTimeoutMs: connectMs,
    ...(tls !== undefined && { tls }),
    ...(unsafe !== undefined && { fireAndForget: true }),
  }
}
