import { microTime } from '../micro-time.ts'
import { pathOf, type ObjectMeta, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { done, type Outcome } from '../transport/kube-error.ts'

export const leases: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  isNamespaced: true,
}

export interface Lease {
  readonly metadata: ObjectMeta
  readonly spec?: LeaseSpec
}

interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export interface LeasePlace {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
}

interface Holding {
  readonly identity: string
  readonly leaseMs: number
  /** Milliseconds since 1970. */
  readonly now: number
  readonly timeoutMs: number
}

/** Undefined when there is none yet. */
export async function readLease(
  { client, namespace, name }: LeasePlace,
  timeoutMs: number,
): Promise<Outcome<Lease | undefined>> {
  const answer = await client.request<Lease>({ method: 'GET', path: pathOf(leases, { namespace, name }), timeoutMs })
  return answer.kind === 'failed' && answer.failure.status === 404 ? done(undefined) : answer
}

/** Holds it, or goes on holding it; refused when anybody has written it since it was read. */
export async function writeLease(
  { client, namespace, name }: LeasePlace,
  before: Lease | undefined,
  { identity, leaseMs, now, timeoutMs }: Holding,
): Promise<Outcome<Lease>> {
  const held = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseMs / 1000), renewTime: microTime(now) }
  if (before === undefined) {
    const spec: LeaseSpec = { ...held, acquireTime: microTime(now), leaseTransitions: 0 }
    const body = { metadata: { name, namespace }, spec }
    return client.request<Lease>({ method: 'POST', path: pathOf(leases, { namespace }), timeoutMs, body })
  }
  const spec = { ...before.spec, ...held, ...(before.spec?.holderIdentity === identity ? {} : succession(before, now)) }
  // With its version: one of two who try at once is refused.
  const body = { ...before, spec }
  return client.request<Lease>({ method: 'PUT', path: pathOf(leases, { namespace, name }), timeoutMs, body })
}

function succession({ spec }: Lease, now: number): LeaseSpec {
  return { acquireTime: microTime(now), leaseTransitions: (spec?.leaseTransitions ?? 0) + 1 }
}

/** Gives it up, so that the next one need not wait for its end. */
export async function releaseLease(
  { client, namespace, name }: LeasePlace,
  held: Lease,
  { now, timeoutMs }: Pick<Holding, 'now' | 'timeoutMs'>,
): Promise<void> {
  const spec = { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) }
  // Whatever comes of it: it ends by itself.
  await client.request({ method: 'PUT', path: pathOf(leases, { namespace, name }), timeoutMs, body: { ...held, spec } })
}
