import { join } from 'node:path'
import type { Broker } from '../../runtime/broker/broker.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { CommandContext } from '../commands/context.ts'
import { openLog } from '../log.ts'
import { UsageError } from '../usage-error.ts'
import type { ConnectOptions } from './connect-options.ts'
import { quiet, stateFile } from './open-store.ts'
import { withStateAdvice } from './state-advice.ts'

/**
 * The broker that the options, or the environment, name.
 *
 * @throws {UsageError} when they name none
 * @throws {PermanentError} with what to do: `StateInUse` and the like, or what the server said, without the password
 */
export async function openBrokerOf(
  { environment, logLevel, terminal }: Pick<CommandContext, 'environment' | 'logLevel' | 'terminal'>,
  { state, broker }: ConnectOptions,
): Promise<Broker> {
  if (state !== undefined && broker !== undefined) throw new UsageError('give --state or --broker, not both')
  if (state !== undefined) return openStateQueues(state)
  const url = broker ?? environment['WEIR_BROKER'] ?? ''
  if (url === '') {
    throw new UsageError('where is the broker? Give --broker URL (or WEIR_BROKER), or --state DIR of a local run')
  }
  // Loaded when it is needed, and only the one that is.
  const { openAmqpBroker } = await import('../../runtime/broker/amqp/open-amqp-broker.ts')
  const log = openLog(quiet(logLevel), terminal.err)
  return openAmqpBroker({ url, connectionName: 'weir', log, clock: systemClock, patience: 'fail' })
}

async function openStateQueues(directory: string): Promise<Broker> {
  const { openSqliteBroker } = await import('../../runtime/broker/sqlite-broker.ts')
  stateFile(directory)
  return withStateAdvice(directory, () => openSqliteBroker(join(directory, 'queues.db')))
}
