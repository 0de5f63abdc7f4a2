import { join } from 'node:path'
import type { Logger } from 'pino'
import type { EmbeddedBroker } from '../runtime/broker/embedded-broker.ts'
import { openMemoryBroker } from '../runtime/broker/memory-broker.ts'
import { openSqliteBroker } from '../runtime/broker/sqlite-broker.ts'

/**
 * The queues of a local run: in memory, or in a directory, so that a later run goes on. They have a file of their own beside
 * the state: its churn is not the state's, and a damaged one takes no dead letter along.
 *
 * @throws {PermanentError} `StateUnusable`, `StateInUse`, `StateCorrupt` or `StateTooNew`, with what to do
 */
export function openLocalBroker(directory: string | undefined, log: Logger): EmbeddedBroker {
  if (directory === undefined) return openMemoryBroker()
  const onTrouble = (err: Error): void => {
    log.error({ err }, 'queues cannot be read or written, which is tried again')
  }
  return openSqliteBroker(join(directory, 'queues.db'), { onTrouble })
}
