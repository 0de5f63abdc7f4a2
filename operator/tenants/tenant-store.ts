import { pause, type Clock } from '../../kube/clock.ts'
import { TransientError } from '../../runtime/error.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { FloodGate } from './flood-gate.ts'
import { openLazyLink, type LazyLink } from './lazy-link.ts'

export interface TenantStoreParts {
  readonly open: () => Promise<Store>
  readonly gate: FloodGate
  readonly clock: Clock
  /** Without work for so long, it is closed. */
  readonly idleMs: number
  /** For the end: whoever waits is rejected with its reason. */
  readonly signal: AbortSignal
}

/** What of a namespace's database the operator has to do with. */
export interface TenantStore extends Pick<Store, 'snapshots' | 'fires' | 'trackedRuns' | 'runs'> {
  readonly deadLetters: Omit<Store['deadLetters'], 'scan'>
  readonly isOpen: () => boolean
  readonly close: () => Promise<void>
}

const retryMs = 500
const mostTries = 6

/** The database of a namespace, connected to when something is asked of it. While the server is down whoever asks waits, for as long as that takes. */
export function openTenantStore(parts: TenantStoreParts): TenantStore {
  const lazy = openLazyLink(parts)
  const call = caller(parts, lazy)
  return {
    snapshots: portOf(call, 'snapshots'),
    fires: portOf(call, 'fires'),
    trackedRuns: portOf(call, 'trackedRuns'),
    runs: portOf(call, 'runs'),
    deadLetters: portOf(call, 'deadLetters'),
    isOpen: () => lazy.current() !== undefined,
    close: lazy.close,
  }
}

function caller({ gate, clock, signal }: TenantStoreParts, lazy: LazyLink<Store>): Call {
  return async (work) => {
    for (let tries = 1; ; tries += 1) {
      await gate.whenOpen(signal)
      const { link, release } = lazy.use()
      try {
        return await work(await link())
      } catch (error) {
        if (signal.aborted || !isTroubleOfServer(error)) throw error
        if ((await gate.check()) && tries >= mostTries) throw error
      } finally {
        release()
      }
      await pause(clock, retryMs, signal)
    }
  }
}

type Call = <Result>(work: (store: Store) => Promise<Result>) => Promise<Result>
type Method = (...args: readonly unknown[]) => Promise<unknown>

/** Every method of the port, which all give promises. */
function portOf<Name extends keyof Store & keyof TenantStore>(call: Call, name: Name): TenantStore[Name] {
  const get = (_: object, method: string | symbol): Method | undefined => {
    if (typeof method !== 'string' || method === 'then') return undefined
    return (...args) =>
      call(async (store) => (store[name] as unknown as Readonly<Record<string, Method>>)[method]?.(...args))
  }
  return new Proxy({}, { get }) as TenantStore[Name]
}

function isTroubleOfServer(error: unknown): boolean {
  return error instanceof TransientError && error.code.startsWith('Store')
}
