import { hash } from 'node:crypto'

/** One due time of a trigger: the unique key of a fire. */
export interface FireKey {
  /** The flow's uid. */
  readonly flow: string
  readonly trigger: string
  /** Scheduled time, milliseconds since 1970. */
  readonly at: number
}

/**
 * The run's id of a fire, in the form of any other id: the same for the same flow, trigger and scheduled time, so that
 * a fire that is published twice is one run with one first message.
 */
export function fireRunId({ flow, trigger, at }: FireKey): string {
  return hash('sha256', JSON.stringify([flow, trigger, at]), 'hex').slice(0, 32)
}
