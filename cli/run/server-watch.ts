import type { Logger } from 'pino'
import type { Broker } from '../../runtime/broker/broker.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Store } from '../../runtime/store/store.ts'

export interface ServerWatchParts {
  readonly broker: Pick<Broker, 'health'>
  readonly store: Pick<Store, 'health'>
  readonly clock: Clock
  readonly log: Logger
}

const lookEveryMs = 500

/** Says once when a server cannot be used, and once when it can be again. Returns what ends it. */
export function watchServers({ broker, store, clock, log }: ServerWatchParts): () => void {
  const servers = [
    { name: 'RabbitMQ', health: broker.health, awaySince: undefined as number | undefined },
    { name: 'MongoDB', health: store.health, awaySince: undefined as number | undefined },
  ]
  let cancel = (): void => {}
  const look = (): void => {
    for (const server of servers) {
      const health = server.health()
      if (health.kind === 'ready' && server.awaySince !== undefined) {
        log.info({ durationMs: clock.now() - server.awaySince }, `${server.name} can be used again`)
        server.awaySince = undefined
      } else if (health.kind !== 'ready' && server.awaySince === undefined) {
        server.awaySince = health.since
        const since = new Date(health.since).toISOString()
        log.warn({ since, reason: health.reason }, `${server.name} cannot be used, it is tried again; nothing is lost`)
      }
    }
    cancel = clock.setTimer(lookEveryMs, look)
  }
  look()
  return () => cancel()
}
