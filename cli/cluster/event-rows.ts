import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import { age } from '../age.ts'
import type { Cluster } from './open-cluster.ts'

/** Core's form of an Event, which also shows those of `events.k8s.io`. */
interface EventObject extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string }
}

const events: Resource = { group: '', version: 'v1', kind: 'Event', plural: 'events', isNamespaced: true }

/** What was told of an object, the latest first: how long ago, type, reason, how often, message. */
export async function eventRows(cluster: Cluster, object: KubeObject, nowMs: number): Promise<readonly string[][]> {
  // Those of an object without a namespace are in the one that is called so.
  const namespace = object.metadata.namespace ?? 'default'
  const found = await cluster.list<EventObject>(events, {
    namespace,
    fieldSelector: `involvedObject.uid=${object.metadata.uid ?? ''}`,
  })
  return found
    .map((event) => ({ event, at: lastAt(event) }))
    .toSorted((left, right) => right.at - left.at)
    .slice(0, mostEvents)
    .map(({ event, at }) => [
      age(nowMs - at),
      event.type ?? '',
      event.reason ?? '',
      String(timesOf(event)),
      event.message ?? '',
    ])
}

const mostEvents = 20

function lastAt({ series, lastTimestamp, eventTime, metadata }: EventObject): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '')
}

function timesOf({ series, count }: EventObject): number {
  return series?.count ?? count ?? 1
}
