import { hash } from 'node:crypto'
import { openBackoff, type Backoff } from '../backoff.ts'
import type { Kept } from '../cache/projection.ts'
import { isNewer } from '../cache/resource-version.ts'
import { pause, systemClock, type Clock } from '../clock.ts'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { done, type KubeError, type Outcome } from '../transport/kube-error.ts'
import { boundedMap } from './bounded-map.ts'
import { writeByVersion } from './fresh-version.ts'
import { canonicalJson, holds } from './holds.ts'
import { openIdle, openSlots } from './slots.ts'

export interface StatusWriterOptions {
  readonly client: KubeClient
  readonly resource: Resource
  readonly fieldManager: string
  /** Between two writes of one object; 1 s by default. */
  readonly everyMs?: number
  /** Writes at a time; 8 by default. */
  readonly atOnce?: number
  /** As the object is after a write: for `note` of a cache. */
  readonly onWritten?: (object: KubeObject) => void
  /** It is tried again, except when the server will never take it. */
  readonly onFailure?: (failure: KubeError) => void
  readonly clock?: Clock
}

/** An object as a cache has it, with its status. */
export type WithStatus = Kept & { readonly status?: unknown }

/**
 * Writes the status of objects (server-side apply): of several in quick succession the last, the first at once, and none that would change nothing.
 *
 * What is not known to be written is tried again until it is, a newer one was given, or the object is gone. A status never reaches another object
 * of the same name.
 */
export interface StatusWriter {
  /** Returns at once. */
  readonly write: (object: WithStatus, status: object) => void
  /** When everything is written, or dropped. */
  readonly settled: () => Promise<void>
  /** Drops what waits. */
  readonly close: () => void
}

interface Wanted {
  readonly object: WithStatus
  readonly status: object
  readonly hash: string
}

interface Written {
  readonly hash: string
  readonly resourceVersion: string | undefined
}

const rememberedObjects = 100_000
const retryPolicy = { firstMs: 500, factor: 2, longestMs: 60_000 }

export function openStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { everyMs = 1_000, clock = systemClock } = options
  const sender = openSender(options)
  const wanted = new Map<string, Wanted>()
  const busy = new Set<string>()
  const closing = new AbortController()
  const idle = openIdle(() => wanted.size === 0)
  const drop = (uid: string): void => {
    wanted.delete(uid)
    idle.look()
  }
  /** Gives how long this object is to be left alone. */
  const writeNext = async (uid: string, backoff: Backoff): Promise<number> => {
    const { sent, failure } = await sender.send(() => wanted.get(uid))
    if (failure !== undefined) options.onFailure?.(failure)
    if (failure !== undefined && !isFinal(failure))
      return Math.max(everyMs, backoff.nextMs(), failure.retryAfterMs ?? 0)
    if (wanted.get(uid) === sent) drop(uid)
    backoff.reset()
    return everyMs
  }
  /** One after another for each object, until there is nothing new. */
  const work = async (uid: string): Promise<void> => {
    const backoff = openBackoff(retryPolicy, Math.random)
    for (let next = wanted.get(uid); next !== undefined; next = wanted.get(uid)) {
      if (sender.isNoChange(next)) drop(uid)
      else await pause(clock, await writeNext(uid, backoff), closing.signal)
    }
    busy.delete(uid)
  }
  return {
    write: (object, status) => {
      const uid = object.metadata.uid ?? ''
      const next = { object, status, hash: hash('sha256', canonicalJson(status), 'base64url') }
      if (closing.signal.aborted || (!busy.has(uid) && sender.isNoChange(next))) return
      wanted.set(uid, next)
      if (busy.has(uid)) return
      busy.add(uid)
      void work(uid)
    },
    settled: idle.wait,
    close: () => {
      wanted.clear()
      closing.abort()
      idle.look()
    },
  }
}

interface Sender {
  readonly isNoChange: (wanted: Wanted) => boolean
  /** What is wanted when it is this one's turn. */
  readonly send: (latest: () => Wanted | undefined) => Promise<Sent>
}

interface Sent {
  readonly sent?: Wanted
  readonly failure?: KubeError
}

function openSender(options: StatusWriterOptions): Sender {
  const written = boundedMap<Written>(rememberedObjects)
  const slots = openSlots(options.atOnce ?? 8)
  const sendOne = async (next: Wanted): Promise<Sent> => {
    const { uid = '' } = next.object.metadata
    const outcome = await send(options, next, written.get(uid))
    if (outcome.kind === 'failed') return { sent: next, failure: outcome.failure }
    if (outcome.value !== undefined) written.set(uid, outcome.value)
    return { sent: next }
  }
  return {
    isNoChange: (next) => isNoChange(next, written.get(next.object.metadata.uid ?? '')),
    send: async (latest) => {
      const release = await slots.take()
      const next = latest()
      return next === undefined ? (release(), {}) : sendOne(next).finally(release)
    },
  }
}

/** Whether the server has it, as far as the cache may already know. */
function isNoChange({ object, status, hash }: Wanted, last: Written | undefined): boolean {
  if (last === undefined) return canonicalJson(status) === canonicalJson(object.status ?? {})
  if (last.hash !== hash) return false
  return !isNewer(object.metadata.resourceVersion, last.resourceVersion) || holds(status, object.status)
}

/** Undefined when the object is gone. */
async function send(
  { client, resource, fieldManager, onWritten }: StatusWriterOptions,
  { object, status, hash }: Wanted,
  last: Written | undefined,
): Promise<Outcome<Written | undefined>> {
  const { namespace, name } = object.metadata
  const isStale = isNewer(last?.resourceVersion, object.metadata.resourceVersion)
  const known = isStale ? { metadata: { ...object.metadata, resourceVersion: last?.resourceVersion ?? '' } } : object
  const outcome = await writeByVersion({
    client,
    resource,
    object: known,
    // By its version, since the server takes no notice of a uid here: the status would reach whatever has that name by now.
    write: ({ metadata: { resourceVersion } }) =>
      client.request<KubeObject>({
        method: 'PATCH',
        path: pathOf(resource, { namespace, name, subresource: 'status' }),
        query: { fieldManager, force: true },
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: apiVersionOf(resource),
          kind: resource.kind,
          metadata: { name, namespace, resourceVersion },
          status,
        },
      }),
  })
  if (outcome.kind === 'failed' || outcome.value === undefined) return outcome as Outcome<undefined>
  onWritten?.(outcome.value as KubeObject)
  return done({ hash, resourceVersion: outcome.value.metadata.resourceVersion })
}

/** Refused for what it is. */
function isFinal({ status }: KubeError): boolean {
  return [400, 413, 415, 422].includes(status)
}
