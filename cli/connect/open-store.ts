import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../runtime/clock.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { CommandContext } from '../commands/context.ts'
import { openLog } from '../log.ts'
import { UsageError } from '../usage-error.ts'
import type { ConnectOptions } from './connect-options.ts'
import { fromOutside, serverInCluster } from './servers-in-cluster.ts'
import { withStateAdvice } from './state-advice.ts'

/**
 * The store that the options, or the environment, name.
 *
 * @throws {UsageError} when they name none, or one that is not there
 * @throws {PermanentError} with what to do: `StateInUse` and the like, or what the server said, without the password
 */
export async function openStoreOf(
  context: Pick<CommandContext, 'environment' | 'logLevel' | 'terminal' | 'isPlugin'>,
  options: ConnectOptions,
): Promise<Store> {
  const { state, store } = options
  if (state !== undefined && store !== undefined) throw new UsageError('give --state or --store, not both')
  if (state !== undefined) return openState(state)
  const url = store ?? context.environment['WEIR_STORE'] ?? ''
  if (url !== '') return openServer(context, url)
  const inCluster = await serverInCluster(context, options, 'store')
  if (inCluster !== undefined) return fromOutside('--store', () => openServer(context, inCluster))
  const others = '-n NAMESPACE of a cluster, or --state DIR of a local run'
  throw new UsageError(`where is the store? Give --store URL (or WEIR_STORE), ${others}`)
}

async function openServer(
  { logLevel, terminal }: Pick<CommandContext, 'logLevel' | 'terminal'>,
  url: string,
): Promise<Store> {
  if (!/^mongodb(?:\+srv)?:/.test(url)) throw new UsageError('--store must begin with mongodb:// or mongodb+srv://')
  // Loaded when it is needed: it takes longer than all the rest.
  const { openMongoStore } = await import('../../runtime/store/mongo/open-mongo-store.ts')
  return openMongoStore({
    url,
    clock: systemClock,
    log: openLog(quiet(logLevel), terminal.err),
    applicationName: 'weir',
  })
}

/** What a command is about is said by the command; what its driver goes through, only to who asks. */
export function quiet(logLevel: string): string {
  return logLevel === 'info' ? 'error' : logLevel
}

/** The file of a state directory; this does not make one. */
export function stateFile(directory: string): string {
  const file = join(directory, 'weir.db')
  if (!existsSync(file)) throw new UsageError(`--state: no run has left its state in ${directory}`)
  return file
}

async function openState(directory: string): Promise<Store> {
  const { openSqliteStore } = await import('../../runtime/store/sqlite-store.ts')
  return withStateAdvice(directory, () => openSqliteStore(stateFile(directory), { access: 'shared' }))
}
