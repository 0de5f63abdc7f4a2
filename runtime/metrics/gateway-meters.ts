import type { GatewayMeters } from './open-metrics.ts'

/** One answer: whose it was, where that is known. */
export interface GivenAnswer {
  readonly namespace: string
  readonly status: number
}

export interface CountingGatewayMeters extends GatewayMeters {
  readonly count: (answer: GivenAnswer) => void
}

/** Counts what a gateway answers. */
export function gatewayMeters(load: Pick<GatewayMeters, 'inFlight' | 'waiters'>): CountingGatewayMeters {
  const counts = new Map<string, GivenAnswer & { count: number }>()
  return {
    inFlight: load.inFlight,
    waiters: load.waiters,
    answers: () => counts.values(),
    count: ({ namespace, status }) => {
      const key = `${status} ${namespace}`
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { namespace, status, count: 1 })
      else known.count += 1
    },
  }
}
