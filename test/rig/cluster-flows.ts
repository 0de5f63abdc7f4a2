import { pino } from 'pino'
import { vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import { openObjectCache, type ObjectCache } from '../../kube/cache/object-cache.ts'
import { identityOnly, slim, type Kept } from '../../kube/cache/projection.ts'
import { systemClock } from '../../kube/clock.ts'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { openClusterStates, type ClusterStates, type ClusterStatesParts } from '../../operator/state/cluster-states.ts'
import { revisionIndexes } from '../../operator/state/revision-plans.ts'
import type { OperatorCaches } from '../../operator/operator-parts.ts'

/** Flows on an API server, and the caches that an operator has of them. */
export interface ClusterFlows {
  readonly caches: ClusterStatesParts['caches']
  /** States and plans, as by a process that begins to lead now. */
  readonly lead: (options?: Partial<ClusterStatesParts>) => ClusterStates
  readonly create: (name: string, spec?: object) => Promise<KubeObject>
  readonly read: (name: string) => Promise<KubeObject>
  readonly readAll: (resource: Resource) => Promise<readonly KubeObject[]>
  readonly edit: (name: string, change: object, subresource?: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
  /** When the caches know all that the server has. */
  readonly caughtUp: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface ClusterFlowsParts {
  readonly client: KubeClient
  /** For the caches and all that leads; by default the same. */
  readonly operator?: KubeClient
  readonly namespace: string
}

const finalizers = ['weir.dev/flow']
const spec = { triggers: [{ name: 'by-hand', manual: {} }], steps: [{ name: 'only', log: '"x"' }] }

/** Weir's kinds must be there. */
export async function openClusterFlows(parts: ClusterFlowsParts): Promise<ClusterFlows> {
  const { client, namespace, operator = client } = parts
  const closing = new AbortController()
  const byUid = {
    uid: ({ metadata }: Kept) => [metadata.uid ?? ''],
    namespace: ({ metadata }: Kept) => [metadata.namespace ?? ''],
  }
  const cache = (resource: Resource, options: { project: (object: KubeObject) => Kept; indexes: object }) =>
    openObjectCache({ client: operator, resource, namespace, ...options, indexes: { ...options.indexes } })
  const flows = cache(resources.flows, { project: slim, indexes: byUid })
  const flowRevisions = cache(resources.flowRevisions, { project: identityOnly, indexes: revisionIndexes })
  const running = [flows, flowRevisions].map(({ run }) => run(closing.signal))
  await Promise.all([flows.synced, flowRevisions.synced])
  // What the server has checked against the schemas of these types.
  const caches = { flows, flowRevisions } as unknown as Pick<OperatorCaches, 'flows' | 'flowRevisions'>

  const patch = async (name: string, body: unknown, subresource?: string): Promise<void> => {
    const path = pathOf(resources.flows, { namespace, name, subresource })
    orThrow(await client.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }))
  }
  const readAll = async (resource: Resource): Promise<readonly KubeObject[]> => {
    const list = await client.request<{ items: readonly KubeObject[] }>({
      method: 'GET',
      path: pathOf(resource, { namespace }),
    })
    return orThrow(list).items
  }
  return {
    caches,
    lead: (options = {}) =>
      openClusterStates({
        client: operator,
        caches,
        clock: systemClock,
        log: pino({ enabled: false }),
        // No write that a test has not asked for.
        isCurrent: async () => false,
        ...options,
      })(namespace),
    create: async (name, changed = spec) => {
      const body = {
        apiVersion: apiVersionOf(resources.flows),
        kind: 'Flow',
        metadata: { name, finalizers },
        spec: changed,
      }
      const path = pathOf(resources.flows, { namespace })
      const object = orThrow(await client.request<KubeObject>({ method: 'POST', path, body }))
      await vi.waitFor(() => {
        if (flows.get(`${namespace}/${name}`)?.metadata.uid !== object.metadata.uid)
          throw new Error(`${name} is not in the cache`)
      }, patience)
      return object
    },
    read: async (name) =>
      orThrow(await client.request<KubeObject>({ method: 'GET', path: pathOf(resources.flows, { namespace, name }) })),
    readAll,
    edit: patch,
    remove: async (name) => {
      orThrow(await client.request({ method: 'DELETE', path: pathOf(resources.flows, { namespace, name }) }))
    },
    caughtUp: async () => {
      await same(flows, () => readAll(resources.flows))
      await same(flowRevisions, () => readAll(resources.flowRevisions))
    },
    close: async () => {
      closing.abort()
      await Promise.all(running)
    },
  }
}

const patience = { timeout: 60_000, interval: 5 }

async function same(cache: ObjectCache<Kept>, list: () => Promise<readonly Kept[]>): Promise<void> {
  const told = (all: Iterable<Kept>): string =>
    [...all]
      .map(({ metadata: { name, resourceVersion } }) => `${name} ${resourceVersion}`)
      .toSorted()
      .join()
  await vi.waitFor(async () => {
    if (told(cache.values()) !== told(await list())) throw new Error('the cache is behind')
  }, patience)
}
