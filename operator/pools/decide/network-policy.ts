import { poolMetadata, poolSelector } from './pool-metadata.ts'
import type { Fields, PoolWish, Reach, WantedObject } from './pool-wish.ts'
import { runnerPort } from './pool-ports.ts'

/**
 * Who may speak with a pool's pods, and with whom they may. Nobody calls them but for metrics. Out to name servers, RabbitMQ, MongoDB, the API server and
 * where the component's `egress` says; a component that says nothing may go anywhere, since most are made to call others.
 * It is of the pod: RabbitMQ can be reached from the component's container, too, which has no password for it.
 */
export function networkPolicy(wish: PoolWish): WantedObject {
  const { pool, component, platform } = wish
  const egress = component === undefined ? [] : component.egress
  return {
    metadata: poolMetadata(wish),
    spec: {
      podSelector: { matchLabels: poolSelector(pool) },
      ...(egress === undefined
        ? { policyTypes: ['Ingress'] }
        : { policyTypes: ['Ingress', 'Egress'], egress: [...ownEgress(platform.network), ...egress] }),
      ingress: [{ ports: [tcp(runnerPort)] }],
    },
  }
}

function ownEgress({ broker, store, api }: PoolWish['platform']['network']): readonly Fields[] {
  return [{ ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] }, ...[broker, store, api].map(reachable)]
}

function reachable({ ports, to }: Reach): Fields {
  return { ...(to !== undefined && to.length > 0 && { to }), ports: ports.map(tcp) }
}

function tcp(port: number): Fields {
  return { protocol: 'TCP', port }
}
