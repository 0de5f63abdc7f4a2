import { PermanentError } from '../../runtime/error.ts'
import { storeUsersRefused } from '../../runtime/store/mongo/mongo-error.ts'
import { openFloodGate, type FloodGate, type FloodGateOptions } from './flood-gate.ts'

/** Stands before a server that may work and yet not let us make users there: all namespaces wait for one of them to succeed. */
export interface UsersGate extends FloodGate {
  /** Asks the server again by what it has refused, at once and, when it refuses still, from time to time. */
  readonly refused: (attempt: () => Promise<void>) => Promise<void>
}

export function openUsersGate(options: Omit<FloodGateOptions, 'probe'>): UsersGate {
  let attempt = async (): Promise<void> => {}
  let refusal: unknown
  const gate = openFloodGate({
    ...options,
    probe: async () => {
      try {
        await attempt()
        refusal = undefined
      } catch (error) {
        if (isRefusal(error)) refusal = error
        // One that is down meanwhile has a gate of its own, and has taken nothing back.
        if (refusal !== undefined) throw refusal
      }
    },
  })
  return {
    ...gate,
    refused: async (again) => {
      attempt = again
      await gate.check()
    },
  }
}

export function isRefusal(error: unknown): boolean {
  return error instanceof PermanentError && error.code === storeUsersRefused
}
