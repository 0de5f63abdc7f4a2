/** What was recorded of a delivery. */
interface Recorded {
  readonly messageId: string
  readonly kind: string
  readonly emitted: number
}

const goesOn: ReadonlySet<string> = new Set(['retried', 'waiting', 'diverted'])

/** How many messages the delivery gave that a trigger caused; undefined as long as it is not known to have ended. */
export function entryOutcome(run: string, events: readonly Recorded[]): number | undefined {
  const ended = events.filter(({ messageId, kind }) => messageId === run && !goesOn.has(kind))
  return ended.length === 0 ? undefined : Math.max(...ended.map(({ emitted }) => emitted))
}
