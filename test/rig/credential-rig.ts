import { randomBytes } from 'node:crypto'
import { pino, type Logger } from 'pino'
import { resources } from '../../crds/resources.ts'
import { expect, vi } from 'vitest'
import type { App } from '../../crds/v1alpha1/app.ts'
import type { Credential, CredentialSpec } from '../../crds/v1alpha1/credential.ts'
import { secretFields } from '../../flow/credential/credential-fields.ts'
import { tokenSecretName } from '../../flow/credential/token-secret.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import { systemClock, type Clock } from '../../kube/clock.ts'
import { openEventRecorder } from '../../kube/events/event-recorder.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { noMeters } from '../../kube/metrics/meters.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import type { InCluster, OperatorCaches } from '../../operator/operator-parts.ts'
import { openCredentials, type CredentialsOptions } from '../../operator/credentials/open-credentials.ts'
import { freshNamespace } from '../env/kube-tests.ts'

export const secretKind: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
const waiting = { timeout: 60_000, interval: 25 }

/** A clock that goes with the system's, and can be put forward: timers keep their own time. */
export interface ShiftedClock extends Clock {
  readonly shift: (byMs: number) => void
}

export function shiftedClock(): ShiftedClock {
  let offset = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    elapsed: () => systemClock.elapsed() + offset,
    shift: (byMs) => {
      offset += byMs
    },
  }
}

/** One namespace with Credentials, on an API server. */
export async function openCredentialRig(administrator: KubeClient) {
  const { namespace, close } = await freshNamespace(administrator)
  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    resource: Resource,
    place: { name?: string; body?: unknown },
  ) =>
    orThrow(
      await administrator.request<KubeObject>({
        method,
        path: pathOf(resource, { namespace, name: place.name }),
        body: place.body,
        ...(method === 'PATCH' && { contentType: 'application/merge-patch+json' }),
      }),
    )
  const rig = {
    namespace,
    close,
    call,
    secret: (name: string, stringData: Readonly<Record<string, string>>) =>
      call('POST', secretKind, { body: { metadata: { name }, stringData } }),
    change: (name: string, stringData: Readonly<Record<string, string>>) =>
      call('PATCH', secretKind, { name, body: { stringData } }),
    /** Nothing but a reason to look again. */
    touch: (name: string) =>
      call('PATCH', secretKind, {
        name,
        body: { metadata: { annotations: { touched: randomBytes(4).toString('hex') } } },
      }),
    credential: (name: string, spec: CredentialSpec) =>
      call('POST', resources.credentials, {
        body: { apiVersion: 'weir.dev/v1alpha1', kind: 'Credential', metadata: { name }, spec },
      }),
    app: (name: string, spec: App['spec']) =>
      call('POST', resources.apps, {
        body: { apiVersion: 'weir.dev/v1alpha1', kind: 'App', metadata: { name }, spec },
      }),
    read: async (name: string): Promise<InCluster<Credential>> =>
      (await call('GET', resources.credentials, { name })) as unknown as InCluster<Credential>,
    ready: async (name: string) => (await rig.read(name)).status?.conditions?.find(({ type }) => type === 'Ready'),
    /** Until it is so. */
    becomes: async (name: string, reason: string) => {
      await vi.waitFor(async () => expect((await rig.ready(name))?.reason).toBe(reason), waiting)
      return rig.read(name)
    },
    token: async (name: string) => {
      const credential = await rig.read(name)
      const secret = await call('GET', secretKind, { name: tokenSecretName(credential) })
      return { secret, fields: secretFields(secret as { data?: Record<string, string> }) }
    },
  }
  return rig
}

export type CredentialRig = Awaited<ReturnType<typeof openCredentialRig>>

export interface RunningCredentials {
  readonly lines: string[]
  /** Asks it to end, and does not wait. */
  readonly abort: () => void
  readonly stop: () => Promise<void>
}

/** The operator's part for credentials, of one namespace, as a process of its own would have it. */
export function runCredentials(
  client: KubeClient,
  namespace: string | undefined,
  options: CredentialsOptions & { readonly clock?: Clock } = {},
): RunningCredentials {
  const { clock = systemClock, ...rest } = options
  const stop = new AbortController()
  const lines: string[] = []
  const log: Logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const of = <T>(resource: Resource) =>
    openObjectCache<InCluster<T>>({
      client,
      resource,
      namespace,
      project: (object) => slim(object) as unknown as InCluster<T>,
    })
  const caches = { credentials: of<Credential>(resources.credentials), apps: of<App>(resources.apps) }
  const events = openEventRecorder({ client, controller: 'weir.dev/operator', instance: 'test' })
  const part = openCredentials(
    // This part looks at no other kind.
    { client, caches: caches as unknown as OperatorCaches, events, clock, log, meters: noMeters },
    { isAddressAllowed: () => true, ...rest },
  )
  const running = Promise.all([
    caches.credentials.run(stop.signal),
    caches.apps.run(stop.signal),
    part.run(stop.signal),
  ])
  return {
    lines,
    abort: () => stop.abort(),
    stop: async () => {
      stop.abort()
      await running
      await events.settled()
    },
  }
}
