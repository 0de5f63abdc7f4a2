import type { Logger } from 'pino'
import { openBackoff } from '../../kube/backoff.ts'
import { pause, type Clock } from '../../kube/clock.ts'
import type { FloodGate } from './flood-gate.ts'
import { isRefusal, type UsersGate } from './users-gate.ts'

/** The users that pods of a namespace have at the store. */
export interface TenantUsers {
  /**
   * Makes them be as they should. Never rejects: resolves when that is done, or when it is known to take longer, and goes on then by itself. What needs
   * RabbitMQ alone is not to wait for it.
   */
  readonly make: () => Promise<void>
  /** Once made, they are there. */
  readonly areThere: () => boolean
  /** Makes them no more, and removes them. Rejects with what keeps it from that. Safe to repeat. */
  readonly remove: () => Promise<void>
}

export interface TenantUsersParts {
  readonly provision: () => Promise<void>
  readonly drop: () => Promise<void>
  readonly gates: { readonly store: FloodGate; readonly users: UsersGate }
  /** After they were made later than `make` has waited. Must not reject. */
  readonly onLate: () => Promise<void>
  readonly clock: Clock
  readonly log: Logger
  /** Ends all waiting. */
  readonly signal: AbortSignal
}

const patienceMs = 5_000
const retryPolicy = { firstMs: 500, factor: 2, longestMs: 30_000 }

/** Where all have the same login there are none to be made. */
export const noUsers: TenantUsers = { make: async () => {}, areThere: () => true, remove: async () => {} }

export function openTenantUsers(parts: TenantUsersParts): TenantUsers {
  const { gates, clock, log, drop, onLate } = parts
  const ending = new AbortController()
  const signal = AbortSignal.any([parts.signal, ending.signal])
  let areThere = false
  let making: Promise<void> | undefined
  let waitNoLonger = (): void => {}

  const provision = async (): Promise<void> => {
    if (!signal.aborted) await parts.provision()
  }
  const makeAtLast = async (): Promise<void> => {
    await persist({ ...parts, provision, signal, onFailed: () => waitNoLonger() })
    areThere = true
  }
  const begin = (): Promise<void> => {
    let wasLate = false
    const late = Promise.withResolvers<void>()
    const cancel = clock.setTimer(patienceMs, late.resolve)
    waitNoLonger = late.resolve
    if (gates.store.trouble() !== undefined || gates.users.trouble() !== undefined) late.resolve()
    void late.promise.then(() => (wasLate = true))
    making = makeAtLast()
      .then(async () => {
        if (wasLate) await onLate()
      })
      .catch((err: unknown) => {
        if (!signal.aborted) log.error({ err }, 'users of the store not made')
      })
      .finally(() => {
        making = undefined
        cancel()
      })
    return Promise.race([making, late.promise])
  }
  return {
    // Whoever asks meanwhile has it under way.
    make: () => (making === undefined && !signal.aborted ? begin() : Promise.resolve()),
    areThere: () => areThere,
    remove: async () => {
      ending.abort(new Error('the namespace goes'))
      await making
      areThere = false
      try {
        await drop()
      } catch (err) {
        // Who may make none has made none.
        if (!isRefusal(err)) throw err
        log.warn({ err }, 'users of the store not removed')
      }
    },
  }
}

interface Persisting extends Pick<TenantUsersParts, 'provision' | 'gates' | 'clock' | 'signal'> {
  readonly onFailed: () => void
}

/** Rejects with the signal's reason. */
async function persist({ provision, gates, clock, signal, onFailed }: Persisting): Promise<void> {
  const backoff = openBackoff(retryPolicy, Math.random)
  for (;;) {
    await gates.store.whenOpen(signal)
    await gates.users.whenOpen(signal)
    try {
      await provision()
      return signal.throwIfAborted()
    } catch (error) {
      signal.throwIfAborted()
      onFailed()
      await (isRefusal(error) ? gates.users.refused(provision) : gates.store.check())
    }
    await pause(clock, backoff.nextMs(), signal)
  }
}
