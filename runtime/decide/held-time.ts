/** A broker may close a channel that has held a delivery unsettled for 30 minutes; a minute of that is for what nobody foresees. */
const heldMs = 29 * 60_000

/**
 * Until when a delivery may be kept waiting, in milliseconds since 1970: a call that begins then still ends in time.
 *
 * @param delivery.timeoutMs of that call; 0 where none comes
 */
export function waitsUntil({ deliveredAtMs, timeoutMs }: { deliveredAtMs: number; timeoutMs: number }): number {
  return deliveredAtMs + Math.max(0, heldMs - timeoutMs)
}
