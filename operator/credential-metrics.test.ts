import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { Credential } from '../crds/v1alpha1/credential.ts'
import { prometheusMeters } from '../kube/metrics/prometheus-meters.ts'
import { addCredentialMetrics, operatorMetrics } from './credential-metrics.ts'
import type { InCluster } from './operator-parts.ts'

type Status = NonNullable<Credential['status']>

function credential(name: string, status?: Status): InCluster<Credential> {
  const spec = { type: 'apiKey' } as unknown as Credential['spec'] // only the status is read
  return {
    metadata: { namespace: 'shop', name },
    spec,
    ...(status !== undefined && { status }),
  } as InCluster<Credential>
}

function ready(status: 'True' | 'False'): Pick<Status, 'conditions'> {
  return {
    conditions: [{ type: 'Ready', status, reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
  }
}

it('credentials are told with their end, and who renews them; those of whom nothing is known are left out', async () => {
  const registry = new Registry()
  let credentials = [
    credential('works', { ...ready('True'), expiresAt: '2026-01-01T00:00:10Z' }),
    credential('token', { ...ready('False'), expiresAt: '2026-01-01T00:00:00Z', refreshedAt: '2025-12-31T00:00:00Z' }),
    credential('new'),
    credential('odd', { expiresAt: 'soon' }),
  ]
  addCredentialMetrics(registry, () => credentials)
  const seconds = Date.UTC(2026, 0, 1) / 1000
  const samples = async () => (await registry.metrics()).split('\n').filter((line) => line.startsWith('weir_'))
  expect(await samples()).toEqual([
    'weir_credential_ready{namespace="shop",credential="works"} 1',
    'weir_credential_ready{namespace="shop",credential="token"} 0',
    `weir_credential_expires_timestamp_seconds{namespace="shop",credential="works",renewal="manual"} ${seconds + 10}`,
    `weir_credential_expires_timestamp_seconds{namespace="shop",credential="token",renewal="automatic"} ${seconds}`,
  ])
  credentials = []
  expect(await samples()).toEqual([])
})

it('every name that a part of the operator counts under is one that its registry has', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const texts = sources.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
  const counted = texts.flatMap((text) => [...text.matchAll(/meters\.count\('(\w+)', \{ (\w+)/g)])
  expect(counted.length).toBeGreaterThan(0)
  const meters = prometheusMeters(new Registry(), operatorMetrics)
  for (const [, name = '', label = ''] of counted) meters.count(name, { [label]: 'x' })
})
