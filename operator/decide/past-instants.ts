import type { FlowState } from '../../flow/plan/flow-state.ts'

/** The state with no instant after now: where the clock was set back, a wait begins anew instead of lasting until the old time comes again. The same object when there is none. */
export function pastInstants(state: FlowState, now: number): FlowState {
  const past = {
    ...state,
    kept: state.kept.map((kept) => notAfter(kept, 'activeUntil', now)),
    retiring: state.retiring.map((queue) => notAfter(queue, 'since', now)),
    ...(state.pending !== undefined && { pending: notAfter(state.pending, 'declaredAt', now) }),
    ...(state.deletion !== undefined && { deletion: notAfter(state.deletion, 'askedAt', now) }),
  }
  return isAhead(state, now) ? notAfter(past, 'stoodSince', now) : state
}

function isAhead({ kept, retiring, pending, deletion, stoodSince }: FlowState, now: number): boolean {
  const instants = [
    stoodSince,
    pending?.declaredAt,
    deletion?.askedAt,
    ...kept.map(({ activeUntil }) => activeUntil),
    ...retiring.map(({ since }) => since),
  ]
  return instants.some((at) => at !== undefined && at > now)
}

function notAfter<Key extends string, Record extends { readonly [key in Key]?: number }>(
  record: Record,
  key: Key,
  now: number,
): Record {
  const at = record[key]
  return at !== undefined && at > now ? { ...record, [key]: now } : record
}
