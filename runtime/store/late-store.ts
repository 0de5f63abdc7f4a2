import type { CancelTimer, Clock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { closedHealth, storeClosed } from './store-closed.ts'
import type { Store, StoreHealth } from './store.ts'

export interface LateStoreParts {
  /** Called once, when it is first needed, or after a while. */
  readonly open: () => Promise<Store>
  readonly clock: Clock
  /** It cannot be opened, and that will not change. */
  readonly onRefused: (error: unknown) => void
}

/** Left to work that needs no store: loading and connecting its driver takes as long as all the rest of a start. */
const openedAfterMs = 2000
/** As long as an open store tries at most. */
const patienceMs = 30_000

/** A store that is opened when something is first asked of it, or a moment after the start. What is asked meanwhile waits, for as long as an open store's callers would. */
export function lateStore({ open, clock, onRefused }: LateStoreParts): Store {
  const since = clock.now()
  let opened: Store | undefined
  let opening: Promise<Store> | undefined
  let isClosed = false
  const begin = (): Promise<Store> => {
    cancelTimer()
    opening ??= open().then((store) => (opened = store))
    return opening
  }
  const cancelTimer: CancelTimer = clock.setTimer(openedAfterMs, () => void begin().catch(onRefused))
  const whenOpen = async (): Promise<Store> => {
    if (isClosed) throw storeClosed()
    return opened ?? inTime(begin(), clock)
  }
  const health = (): StoreHealth => {
    if (isClosed) return closedHealth(since)
    return opened?.health() ?? { kind: 'unreachable', since, reason: 'the store has not been opened yet' }
  }
  return {
    ...latePorts(whenOpen),
    health,
    close: async () => {
      isClosed = true
      cancelTimer()
      const store = await opening?.catch(() => undefined) // who asked was told
      await store?.close()
    },
  }
}

function latePorts(whenOpen: () => Promise<Store>): Omit<Store, 'health' | 'close'> {
  const port = <Name extends keyof Store>(name: Name, calls: Names<Store[Name]>): Store[Name] =>
    late(async () => (await whenOpen())[name], calls)
  const letters = { put: true, get: true, list: true, count: true, mark: true } as const
  return {
    snapshots: port('snapshots', { open: true, write: true, read: true, queues: true, remove: true }),
    deadLetters: {
      ...late<Omit<Store['deadLetters'], 'scan'>>(async () => (await whenOpen()).deadLetters, letters),
      scan: async function* (filter) {
        yield* (await whenOpen()).deadLetters.scan(filter)
      },
    },
    runs: port('runs', {
      addRuns: true,
      addEvents: true,
      addBatches: true,
      get: true,
      list: true,
      addDropped: true,
      dropped: true,
      events: true,
    }),
    fires: port('fires', { insert: true, markPublished: true, due: true, latest: true, remove: true }),
    claims: port('claims', { take: true, done: true, release: true }),
    plans: port('plans', { put: true, get: true, latest: true, revisions: true, remove: true }),
    trackedRuns: port('trackedRuns', { add: true, remove: true, active: true }),
    flows: port('flows', { get: true, put: true, list: true, remove: true }),
    blobs: port('blobs', { put: true, get: true }),
    trials: port('trials', { begin: true, end: true }),
    rateBudgets: port('rateBudgets', { take: true, pause: true }),
    members: port('members', { announce: true, leave: true }),
  }
}

/** Every one: what the port is given later must be named here, too. */
type Names<Port> = { readonly [Name in keyof Port]: true }

type Call = (...args: readonly unknown[]) => Promise<unknown>

function late<Port extends object>(whenOpen: () => Promise<Port>, names: Names<Port>): Port {
  const calls = Object.keys(names).map((name): [string, Call] => [
    name,
    async (...args) => {
      const port = (await whenOpen()) as Readonly<Record<string, Call>> // each of its members is a call
      return port[name]?.(...args)
    },
  ])
  return Object.fromEntries(calls) as unknown as Port // by the same names
}

async function inTime(opening: Promise<Store>, clock: Clock): Promise<Store> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const cancel = clock.setTimer(patienceMs, () =>
    reject(new TransientError('StoreUnreachable', `the store could not be opened within ${patienceMs / 1000} s`)),
  )
  try {
    return await Promise.race([opening, late])
  } catch (cause) {
    if (cause instanceof TransientError) throw cause
    // Of whatever kind: the fault is nobody's message's.
    throw new TransientError('StoreUnreachable', 'the store cannot be opened', { cause })
  } finally {
    cancel()
  }
}
