import { pathOf, type KubeObject, type ObjectMeta, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { done, type KubeError, type Outcome } from '../transport/kube-error.ts'

/** An object as far as it is known. */
export interface Known {
  readonly metadata: ObjectMeta
}

export interface VersionedWrite {
  readonly client: KubeClient
  readonly resource: Resource
  /** As it was seen, which may be long ago. */
  readonly object: Known
  readonly signal?: AbortSignal | undefined
  /** Sends the version of what it is given, so that the server refuses it when somebody else has written. */
  readonly write: (current: Known) => Promise<Outcome<Known>>
}

/** Somebody else writes to the object as often as that between our look and our write. */
const attempts = 8

/**
 * Writes to that very object, whatever others write meanwhile: after a conflict it is read, and written again.
 *
 * @returns what was written; undefined when the object is gone, or another has taken its name
 */
export async function writeByVersion(writing: VersionedWrite): Promise<Outcome<Known | undefined>> {
  const { client, resource, object, signal, write } = writing
  const { namespace, name, uid } = object.metadata
  let current = object
  for (let attempt = 1; ; attempt += 1) {
    const answer = await write(current)
    if (answer.kind === 'done') return answer
    if (isGone(answer.failure)) return done(undefined)
    if (answer.failure.reason !== 'Conflict' || attempt === attempts) return answer
    const path = pathOf(resource, { namespace, name })
    const read = await client.request<KubeObject>({ method: 'GET', path, signal })
    if (read.kind === 'failed') return isGone(read.failure) ? done(undefined) : read
    if (read.value.metadata.uid !== uid) return done(undefined)
    current = read.value
  }
}

function isGone({ status }: KubeError): boolean {
  return status === 404
}
