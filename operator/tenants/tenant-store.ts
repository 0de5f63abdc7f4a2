import { TransientError } from '../../runtime/error.ts'
import type { Store } from '../../runtime/store/store.ts'
import { openLazyLink } from './lazy-link.ts'
import { callThroughGate, type Call, type GateParts } from './through-gate.ts'

export interface TenantStoreParts extends GateParts {
  readonly open: () => Promise<Store>
  /** Without work for so long, it is closed. */
  readonly idleMs: number
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
  const call = callThroughGate(parts, lazy, {
    isOfServer: isTroubleOfServer,
    mend: async (error, tries) => {
      if ((await parts.gate.check()) && tries >= mostTries) throw error
    },
    pauses: () => () => retryMs,
  })
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

type Method = (...args: readonly unknown[]) => Promise<unknown>

/** Every method of the port, which all give promises. */
function portOf<Name extends keyof Store & keyof TenantStore>(call: Call<Store>, name: Name): TenantStore[Name] {
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
