import type { CancelTimer, Clock } from '../../../clock.ts'

/** So many looks with nothing read mean that the peer is gone: two heartbeats, as a look comes twice in each. */
const silentLooksMax = 4

export interface HeartbeatLook {
  readonly hasRead: boolean
  readonly hasWritten: boolean
}

export type HeartbeatStep = { readonly kind: 'dead' } | { readonly kind: 'wait'; readonly silentLooks: number }

/** Looks are counted and not time: a process that was stopped and goes on must first read what has come meanwhile. */
export function heartbeatStep(silentLooks: number, hasRead: boolean): HeartbeatStep {
  if (hasRead) return { kind: 'wait', silentLooks: 0 }
  return silentLooks + 1 >= silentLooksMax ? { kind: 'dead' } : { kind: 'wait', silentLooks: silentLooks + 1 }
}

/** What client and server settle on. Ours 0 switches heartbeats off; a server's 0 leaves it to us. */
export function agreedHeartbeatSeconds(ours: number, server: number): number {
  return server === 0 ? ours : Math.min(ours, server)
}

/** Watches a connection until it is cancelled or the peer is found dead. What is silent on our side gets a beat within each interval. */
export function startHeartbeat(
  clock: Clock,
  seconds: number,
  peer: { readonly look: () => HeartbeatLook; readonly sendBeat: () => void; readonly onDead: () => void },
): CancelTimer {
  let silentLooks = 0
  const look = (): void => {
    const { hasRead, hasWritten } = peer.look()
    const step = heartbeatStep(silentLooks, hasRead)
    if (step.kind === 'dead') return peer.onDead()
    silentLooks = step.silentLooks
    if (!hasWritten) peer.sendBeat()
    cancel = clock.setTimer(seconds * 500, look)
  }
  let cancel = clock.setTimer(seconds * 500, look)
  return () => cancel()
}
