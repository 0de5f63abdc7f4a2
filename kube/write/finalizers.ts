import type { Kept } from '../cache/projection.ts'
import { pathOf, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { done, type Outcome } from '../transport/kube-error.ts'
import { writeByVersion, type Known } from './fresh-version.ts'

/** What a finalizer asks for now. */
export type FinalizerStep =
  /** It is not there: nothing that must be cleaned up may be made before it is. */
  | 'add'
  | 'live'
  /** The object is to go: clean up, then remove the finalizer. */
  | 'cleanUp'
  /** It goes, and there is nothing of ours to be done. */
  | 'gone'

export function finalizerStep({ metadata }: Kept, finalizer: string): FinalizerStep {
  const isThere = metadata.finalizers?.includes(finalizer) === true
  if (metadata.deletionTimestamp === undefined) return isThere ? 'live' : 'add'
  return isThere ? 'cleanUp' : 'gone'
}

export interface FinalizerChange {
  readonly client: KubeClient
  readonly resource: Resource
  readonly object: Known
  readonly finalizer: string
  readonly signal?: AbortSignal
}

/**
 * Adds a finalizer to that very object, and leaves those of others. Once it is there, nothing is sent.
 *
 * @returns the object as it is now; undefined when it is gone, or one of the same name has taken its place
 */
export function addFinalizer(change: FinalizerChange): Promise<Outcome<Known | undefined>> {
  return changeFinalizers(change, (present) =>
    present.includes(change.finalizer) ? present : [...present, change.finalizer],
  )
}

/** Removes it, which may be what the object's end has waited for. The same otherwise. */
export function removeFinalizer(change: FinalizerChange): Promise<Outcome<Known | undefined>> {
  return changeFinalizers(change, (present) => present.filter((one) => one !== change.finalizer))
}

function changeFinalizers(
  { client, resource, object, signal }: FinalizerChange,
  to: (present: readonly string[]) => readonly string[],
): Promise<Outcome<Known | undefined>> {
  const path = pathOf(resource, object.metadata)
  const write = async (current: Known): Promise<Outcome<Known>> => {
    const { finalizers: present = [], resourceVersion } = current.metadata
    const finalizers = to(present)
    if (finalizers.length === present.length) return done(current)
    // The list is written as a whole: the version makes sure that it is the one that was read.
    const body = { metadata: { resourceVersion, finalizers } }
    return client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body, signal })
  }
  return writeByVersion({ client, resource, object, signal, write })
}
