import { join } from 'node:path'
import type { Logger } from 'pino'
import { serverName } from '../../runtime/broker/amqp/connect-error.ts'
import { parseServerUrl } from '../../runtime/broker/amqp/server-url.ts'
import type { Broker, BrokerHealth } from '../../runtime/broker/broker.ts'
import { TransientError } from '../../runtime/error.ts'
import type { CommandContext } from '../commands/context.ts'
import { openLog } from '../log.ts'
import { UsageError } from '../usage-error.ts'
import type { ConnectOptions } from './connect-options.ts'
import { quiet, stateFile } from './open-store.ts'
import { fromOutside, serverInCluster } from './servers-in-cluster.ts'
import { withStateAdvice } from './state-advice.ts'

/**
 * The broker that the options, or the environment, name.
 *
 * @throws {UsageError} when they name none
 * @throws {PermanentError} with what to do: `StateInUse` and the like, or what the server said, without the password
 */
export async function openBrokerOf(
  context: Pick<CommandContext, 'environment' | 'logLevel' | 'terminal' | 'isPlugin'>,
  options: ConnectOptions,
): Promise<Broker> {
  const { environment, logLevel, terminal } = context
  const { state, broker } = options
  if (state !== undefined && broker !== undefined) throw new UsageError('give --state or --broker, not both')
  if (state !== undefined) return openStateQueues(state)
  const url = broker ?? environment['WEIR_BROKER'] ?? ''
  const log = openLog(quiet(logLevel), terminal.err)
  if (url !== '') return openServer(url, log)
  const inCluster = await serverInCluster(context, options, 'broker')
  if (inCluster !== undefined) return fromOutside('--broker', () => openServer(inCluster, log))
  const others = '-n NAMESPACE of a cluster, or --state DIR of a local run'
  throw new UsageError(`where is the broker? Give --broker URL (or WEIR_BROKER), ${others}`)
}

/** A person waits: a server that does not answer at first is reported, where a process of ours would go on trying. */
const patienceMs = 5000

async function openServer(url: string, log: Logger): Promise<Broker> {
  // Loaded when it is needed, and only the one that is.
  const { openAmqpBroker } = await import('../../runtime/broker/amqp/open-amqp-broker.ts')
  let trouble: string | undefined
  const onHealth = (health: BrokerHealth): void => {
    trouble = health.kind === 'ready' ? undefined : health.reason
  }
  const signal = AbortSignal.timeout(patienceMs)
  try {
    return await openAmqpBroker({ url, connectionName: 'weir', log, patience: 'fail', signal, onHealth })
  } catch (error) {
    if (!signal.aborted) throw error
    const silent = `${serverName(parseServerUrl(url))} does not answer within ${patienceMs / 1000} s; is it RabbitMQ, and is the port right?`
    throw new TransientError('BrokerUnreachable', trouble ?? silent, { cause: error })
  }
}

async function openStateQueues(directory: string): Promise<Broker> {
  const { openSqliteBroker } = await import('../../runtime/broker/sqlite-broker.ts')
  stateFile(directory)
  return withStateAdvice(directory, () => openSqliteBroker(join(directory, 'queues.db')))
}
