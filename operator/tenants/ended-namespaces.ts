import type { Logger } from 'pino'
import type { ObjectCache } from '../../kube/cache/object-cache.ts'
import type { Kept } from '../../kube/cache/projection.ts'
import type { Clock } from '../../kube/clock.ts'
import { openController, type Reconciled } from '../../kube/controller/controller.ts'
import type { Source } from '../../kube/controller/sources.ts'
import type { Meters } from '../../kube/metrics/meters.ts'
import type { OperatorCaches, OperatorPart } from '../operator-parts.ts'
import type { TenantId } from './tenant-names.ts'
import type { Tenants } from './tenants.ts'

export interface EndedNamespacesParts {
  readonly namespaces: ObjectCache<Kept>
  readonly caches: Pick<OperatorCaches, 'flows'>
  readonly tenants: Pick<Tenants, 'end' | 'gates'>
  readonly clock: Clock
  readonly meters: Meters
  readonly log: Logger
}

const done: Reconciled = { kind: 'done' }
/** Its flows are going, or the server is down. */
const again: Reconciled = { kind: 'again', afterMs: 10_000 }

/**
 * Takes away what a namespace has at the broker when that is deleted and has no flow; where there are flows, the last of them does. One that goes while
 * nobody leads is not noticed: who had flows waits for them, and of who had none the vhost stays.
 */
export function openEndedNamespaces(parts: EndedNamespacesParts): OperatorPart {
  const { namespaces, clock, meters, log } = parts
  const controller = openController({
    name: 'ended-namespaces',
    clock,
    meters,
    sources: [endsOf(namespaces)],
    reconcile: (key) => endOne(parts, idOfKey(key)),
    onFailure: ({ key, error: err, retryAfterMs }) =>
      log.warn({ namespace: idOfKey(key).namespace, err, retryAfterMs }, 'vhost not removed, it will be tried again'),
  })
  return { run: controller.run }
}

async function endOne({ namespaces, caches, tenants }: EndedNamespacesParts, id: TenantId): Promise<Reconciled> {
  const { broker, store } = tenants.gates
  if (broker.trouble() !== undefined || store.trouble() !== undefined) return again
  const isThere = namespaces.get(id.namespace)?.metadata.uid === id.uid
  if (isThere && caches.flows.byIndex('namespace', id.namespace).length > 0) return again
  await tenants.end(id)
  return done
}

/** With the uid, by which the vhost is known when the namespace is not any more. */
function endsOf(namespaces: ObjectCache<Kept>): Source {
  return {
    synced: namespaces.synced,
    subscribe: (enqueue) =>
      namespaces.subscribe((change) => {
        const { kind, object } = change
        if (kind === 'removed' || object.metadata.deletionTimestamp !== undefined) enqueue(keyOf(object), 'resync')
        // Deleted and made again between two looks.
        if (kind === 'changed' && change.before.metadata.uid !== object.metadata.uid)
          enqueue(keyOf(change.before), 'resync')
      }),
  }
}

/** Names of namespaces have no slash. */
function keyOf({ metadata: { name, uid = '' } }: Kept): string {
  return `${name}/${uid}`
}

function idOfKey(key: string): TenantId {
  const [namespace = '', uid = ''] = key.split('/')
  return { namespace, uid }
}
