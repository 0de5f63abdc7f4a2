import type { Logger } from 'pino'
import { openBackoff } from '../../kube/backoff.ts'
import { pause, type Clock } from '../../kube/clock.ts'
import { storeUsersRefused } from '../../runtime/store/mongo/mongo-error.ts'
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
  /** Why they are not there yet; undefined while that may pass in a moment, or the server is down, which its gate tells. */
  readonly trouble: () => UsersTrouble | undefined
  /** Makes them no more, and removes them, and those of older versions. Rejects with what keeps it from that. Safe to repeat. */
  readonly remove: () => Promise<void>
}

export interface UsersTrouble {
  /** The code of what failed. */
  readonly reason: string
  /** Names the server, never a password. */
  readonly message: string
}

export interface TenantUsersParts {
  readonly provision: () => Promise<void>
  readonly drop: () => Promise<void>
  readonly gates: { readonly store: FloodGate; readonly users: UsersGate }
  /** After they were made later than `make` has waited. Must not reject. */
  readonly onLate: () => Promise<void>
  /** `trouble` is another, which the gates do not tell. Must not throw. */
  readonly onTrouble: () => void
  readonly clock: Clock
  readonly log: Logger
  /** Ends all waiting. */
  readonly signal: AbortSignal
}

const patienceMs = 5_000
/** Fewer failures in a row are nobody's business: a new primary, or another operator that was faster. */
const passingFailures = 2
const retryPolicy = { firstMs: 500, factor: 2, longestMs: 30_000 }

type Dropping = Pick<TenantUsersParts, 'drop' | 'gates' | 'log'>

/** Where all have the same login there are none to be made; some may be left of the time before. What a server without users says to that keeps nothing up. */
export function noUsers(parts: Dropping): TenantUsers {
  const remove = onceDone(() => drop(parts, () => true))
  return { make: async () => {}, areThere: () => true, trouble: () => undefined, remove }
}

export function openTenantUsers(parts: TenantUsersParts): TenantUsers {
  const { gates, clock, log, onLate } = parts
  const ending = new AbortController()
  const signal = AbortSignal.any([parts.signal, ending.signal])
  const untold = openUntold(parts)
  let areThere = false
  let making: Promise<void> | undefined
  let waitNoLonger = (): void => {}

  const provision = async (): Promise<void> => {
    if (!signal.aborted) await parts.provision()
  }
  const makeAtLast = async (): Promise<void> => {
    await persist({ ...parts, provision, signal, onFailed: () => waitNoLonger(), onUntold: untold.failed })
    areThere = true
    untold.over()
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
    trouble: () => (areThere ? undefined : troubleOf(gates, untold.trouble())),
    remove: onceDone(async () => {
      ending.abort(new Error('the namespace goes'))
      await making
      areThere = false
      // Who may make none has made none.
      await drop(parts, isRefusal)
    }),
  }
}

/** @param isPassedOver whether what a server that answers says to it is taken for an end of it */
async function drop(parts: Dropping, isPassedOver: (error: unknown) => boolean): Promise<void> {
  const { gates, log } = parts
  try {
    await parts.drop()
  } catch (err) {
    if (!(await gates.store.check()) || !isPassedOver(err)) throw err
    log.info({ err }, 'users of the store not removed')
  }
}

/** Not again when it has been done. */
function onceDone(work: () => Promise<void>): () => Promise<void> {
  let isDone = false
  return async () => {
    if (!isDone) await work()
    isDone = true
  }
}

interface Persisting extends Pick<TenantUsersParts, 'provision' | 'gates' | 'clock' | 'signal'> {
  readonly onFailed: () => void
  /** Told of what neither gate tells. */
  readonly onUntold: (error: unknown) => void
}

/** Rejects with the signal's reason. */
async function persist({ provision, gates, clock, signal, onFailed, onUntold }: Persisting): Promise<void> {
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
      if (isRefusal(error)) await gates.users.refused(provision)
      else if (await gates.store.check()) onUntold(error)
    }
    await pause(clock, backoff.nextMs(), signal)
  }
}

function troubleOf({ store, users }: TenantUsersParts['gates'], untold: UsersTrouble | undefined) {
  const refusal = users.trouble()
  if (refusal !== undefined) return { reason: storeUsersRefused, message: refusal.reason }
  return store.trouble() === undefined ? untold : undefined
}

interface Untold extends Pick<TenantUsers, 'trouble'> {
  readonly failed: (error: unknown) => void
  readonly over: () => void
}

/** What fails at a server that works, and is not that it lets no users be made. */
function openUntold({ log, onTrouble }: Pick<TenantUsersParts, 'log' | 'onTrouble'>): Untold {
  const logged = new Set<string>()
  let failures = 0
  let trouble: UsersTrouble | undefined
  const turn = (next: UsersTrouble | undefined): void => {
    if (next?.reason === trouble?.reason) return
    trouble = next
    onTrouble()
  }
  return {
    trouble: () => trouble,
    failed: (error) => {
      const { code: reason = 'StoreUsersNotMade', message } = error as { readonly code?: string } & Error // what is thrown there
      failures += 1
      if (!logged.has(reason))
        log.warn({ code: reason, reason: message }, 'users of the store not made, it will be tried again')
      logged.add(reason)
      if (failures > passingFailures) turn({ reason, message })
    },
    over: () => {
      failures = 0
      logged.clear()
      turn(undefined)
    },
  }
}
