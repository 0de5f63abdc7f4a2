import { Gauge, type Registry } from 'prom-client'
import type { Credential } from '../crds/v1alpha1/credential.ts'
import type { Metric } from '../kube/metrics/prometheus-meters.ts'
import type { InCluster } from './operator-parts.ts'

/** What parts of the operator count beside what every controller does. */
export const operatorMetrics: Readonly<Record<string, Metric>> = {
  weir_credential_renewals_total: {
    kind: 'counter',
    help: 'Times that a token was to be renewed, by what came of it.',
    labels: ['result'],
  },
}

const labelNames = ['namespace', 'credential'] as const

/** How the credentials of the cluster are, by their statuses: for alarms. One without a status is left out. */
export function addCredentialMetrics(registry: Registry, credentials: () => Iterable<InCluster<Credential>>): void {
  const registers = [registry]
  const ready: Gauge = new Gauge({
    name: 'weir_credential_ready',
    help: 'Whether a credential works.',
    labelNames: [...labelNames],
    registers,
    collect: () => {
      ready.reset()
      for (const one of credentials()) {
        const condition = one.status?.conditions?.find(({ type }) => type === 'Ready')
        if (condition !== undefined) ready.set(labelsOf(one), condition.status === 'True' ? 1 : 0)
      }
    },
  })
  const expires: Gauge = new Gauge({
    name: 'weir_credential_expires_timestamp_seconds',
    help: 'When a credential stops working, and whether it is renewed by itself.',
    labelNames: [...labelNames, 'renewal'],
    registers,
    collect: () => {
      expires.reset()
      for (const one of credentials()) {
        const { expiresAt, refreshedAt } = one.status ?? {}
        const seconds = Date.parse(expiresAt ?? '') / 1000
        const renewal = refreshedAt === undefined ? 'manual' : 'automatic'
        if (!Number.isNaN(seconds)) expires.set({ ...labelsOf(one), renewal }, seconds)
      }
    },
  })
}

function labelsOf({ metadata: { namespace = '', name } }: InCluster<Credential>) {
  return { namespace, credential: name }
}
