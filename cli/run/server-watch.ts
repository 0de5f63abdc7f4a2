import type { Logger } from 'pino'
import type { BrokerHealth } from '../../runtime/broker/broker.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { StoreHealth } from '../../runtime/store/store.ts'
import type { RunServers } from './open-run-servers.ts'

/** Tells a person of a run's servers: once when one cannot be used, and once when it can be again. */
export interface ServerWatch {
  /** From now on. */
  readonly watch: (servers: Pick<RunServers, 'broker' | 'store'>, log: Logger) => void
  /** Whether what failed so failed because of a server that has been told of. */
  readonly isTold: (code: string) => boolean
  readonly close: () => void
}

interface Watched {
  readonly name: 'RabbitMQ' | 'MongoDB'
  readonly health: () => BrokerHealth | StoreHealth
  awaySince: number | undefined
}

const lookEveryMs = 500

export function openServerWatch(clock: Clock): ServerWatch {
  const watched: Watched[] = []
  let cancel = (): void => {}
  const isAway = ({ health }: Watched): boolean => health().kind !== 'ready'
  return {
    watch: ({ broker, store }, log) => {
      watched.push({ name: 'RabbitMQ', health: broker.health, awaySince: undefined })
      watched.push({ name: 'MongoDB', health: store.health, awaySince: undefined })
      const look = (): void => {
        for (const server of watched) tell(server, clock.now(), log)
        cancel = clock.setTimer(lookEveryMs, look)
      }
      look()
    },
    isTold: (code) => watched.some((server) => isAway(server) && prefixes[server.name].test(code)),
    close: () => cancel(),
  }
}

/** Of the codes that a server's failures have. */
const prefixes = { RabbitMQ: /^Broker/, MongoDB: /^Store/ }

function tell(server: Watched, now: number, log: Logger): void {
  const health = server.health()
  if (health.kind === 'ready') {
    if (server.awaySince !== undefined)
      log.info({ durationMs: now - server.awaySince }, `${server.name} can be used again`)
    server.awaySince = undefined
  } else if (server.awaySince === undefined) {
    server.awaySince = health.since
    const since = new Date(health.since).toISOString()
    log.warn({ since, reason: health.reason }, `${server.name} cannot be used, it is tried again; nothing is lost`)
  }
}
