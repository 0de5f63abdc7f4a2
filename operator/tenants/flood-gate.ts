import type { Logger } from 'pino'
import { openBackoff } from '../../kube/backoff.ts'
import { pause, type Clock } from '../../kube/clock.ts'

/** Why a server cannot be worked with. */
export interface ServerTrouble {
  /** Names the server and what to do, never a password. */
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly since: number
}

/**
 * Stands before a server that many need: while that does not answer, they wait here, and one probe asks it, after 1 s and later each time, up to every
 * 5 minutes. So a server that is down is one failure and not one for each flow, and one that comes back is not run down.
 */
export interface FloodGate {
  /** Undefined while it is open. */
  readonly trouble: () => ServerTrouble | undefined
  /** Asks the server at once, together with all who ask meanwhile; false when it does not answer, and the gate is closed then. */
  readonly check: () => Promise<boolean>
  /** Resolves at once while it is open. Rejects with the signal's reason, and when the probes have ended: nobody would open it any more. */
  readonly whenOpen: (signal: AbortSignal) => Promise<void>
  /** Told after it was opened or closed. Gives what ends it. */
  readonly onChange: (listener: () => void) => () => void
  /** Probes no more, and lets nobody wait. Safe to repeat. */
  readonly close: () => void
}

export interface FloodGateOptions {
  /** For the log. */
  readonly server: string
  /** Rejects when the server cannot be worked with; ends in time. */
  readonly probe: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
  /** From 0 up to 1. */
  readonly random?: () => number
}

const probePolicy = { firstMs: 1_000, factor: 2, longestMs: 300_000 }

export function openFloodGate(options: FloodGateOptions): FloodGate {
  const { clock, random = Math.random } = options
  const closing = new AbortController()
  const door = openDoor(options)
  let checking: Promise<boolean> | undefined

  const ask = async (): Promise<boolean> => {
    try {
      await options.probe(closing.signal)
      door.open()
    } catch (error) {
      if (!closing.signal.aborted && door.shut(error)) void probeUntilOpen()
    } finally {
      checking = undefined
    }
    return door.trouble() === undefined
  }
  const check = (): Promise<boolean> => (checking ??= ask())
  const probeUntilOpen = async (): Promise<void> => {
    const backoff = openBackoff(probePolicy, random)
    while (door.trouble() !== undefined && !closing.signal.aborted) {
      await pause(clock, backoff.nextMs(), closing.signal)
      if (!closing.signal.aborted) await check()
    }
  }
  return {
    trouble: door.trouble,
    onChange: door.onChange,
    check,
    whenOpen: async (signal) => {
      const ending = AbortSignal.any([signal, closing.signal])
      while (door.trouble() !== undefined) await nextChange(door.onChange, ending)
      signal.throwIfAborted()
    },
    close: () => closing.abort(new Error('the operator is ending')),
  }
}

interface Door extends Pick<FloodGate, 'trouble' | 'onChange'> {
  readonly open: () => void
  /** True when it was open. */
  readonly shut: (error: unknown) => boolean
}

function openDoor({ server, clock, log }: FloodGateOptions): Door {
  const listeners = new Set<() => void>()
  let trouble: ServerTrouble | undefined
  const turn = (next: ServerTrouble | undefined): void => {
    trouble = next
    for (const listener of listeners) listener()
  }
  return {
    trouble: () => trouble,
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    open: () => {
      if (trouble === undefined) return
      log.info({ server, durationMs: clock.now() - trouble.since }, 'server can be worked with again')
      turn(undefined)
    },
    shut: (error) => {
      const reason = error instanceof Error ? error.message : String(error)
      if (trouble !== undefined) {
        trouble = { ...trouble, reason }
        return false
      }
      log.warn({ server, reason }, 'server cannot be worked with, all that needs it waits')
      turn({ reason, since: clock.now() })
      return true
    },
  }
}

function nextChange(onChange: FloodGate['onChange'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const end = (): void => {
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      end()
      reject(signal.reason as Error)
    }
    const unsubscribe = onChange(() => {
      end()
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
