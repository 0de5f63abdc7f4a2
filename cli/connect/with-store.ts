import type { Store } from '../../runtime/store/store.ts'
import type { CommandContext } from '../commands/context.ts'
import type { ConnectOptions } from './connect-options.ts'
import { openStoreOf } from './open-store.ts'

/** Works on the store that the options name, and closes it whatever comes. */
export async function withStore<Result>(
  context: CommandContext,
  options: ConnectOptions,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStoreOf(context, options)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
