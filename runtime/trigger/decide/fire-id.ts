import { createHash } from 'node:crypto'

/**
 * The run's id of a fire: the same for the same flow, trigger and scheduled time, so that a fire that is published
 * twice is one run with one first message.
 */
export function fireRunId(fire: { readonly flow: string; readonly trigger: string; readonly at: number }): string {
  return createHash('sha256')
    .update(JSON.stringify([fire.flow, fire.trigger, fire.at]))
    .digest('base64url')
    .slice(0, 22)
}
