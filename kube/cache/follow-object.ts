import { pause, systemClock, type Clock } from '../clock.ts'
import { keyOf, pathOf, placeOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import type { KubeError } from '../transport/kube-error.ts'
import type { Kept } from './projection.ts'
import { reflect, type ReflectorTiming } from './reflector.ts'
import { isNewer } from './resource-version.ts'

/** One object, as far as it can be seen. */
export type Sight<T> =
  | { readonly kind: 'found'; readonly object: T }
  | { readonly kind: 'absent' }
  /** The server will not show it. */
  | { readonly kind: 'refused'; readonly failure: KubeError }
  /** Nothing was ever seen of it, because of this; without one, nobody has looked yet. */
  | { readonly kind: 'unseen'; readonly failure?: KubeError }

export interface NamedObjectsOptions<T> {
  readonly client: KubeClient
  readonly resource: Resource
  /** What is kept of an object. */
  readonly project: (object: KubeObject) => T
  /** Has the server send metadata alone. */
  readonly isMetadataOnly?: boolean
  /** Of those that are followed, so many are watched; 50 by default. */
  readonly watches?: number
  /** The others are read that often; 30 s by default. */
  readonly pollMs?: number
  readonly clock?: Clock
  readonly timing?: Partial<ReflectorTiming>
}

/** Of what a field selector cannot be made to say something else by. */
const plainName = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/
const partialObject = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

export interface Following<T> {
  readonly key: string
  /** Not called after the signal. */
  readonly sink: (sight: Sight<T>) => void
  readonly signal: AbortSignal
}

/** Tells what is seen of one object until the signal is aborted. */
export function watchObject<T extends Kept>(
  options: NamedObjectsOptions<T>,
  { key, sink, signal }: Following<T>,
): Promise<void> {
  const { client, resource, project, isMetadataOnly = false, clock = systemClock, timing = {} } = options
  const { namespace, name } = placeOf(key)
  let last: Sight<T> | undefined
  const see = (sight: Sight<T>): void => {
    last = sight
    sink(sight)
  }
  const found = (object: T): void => {
    // A selector is a wish; the name is what counts.
    if (keyOf(object) === key) see({ kind: 'found', object })
  }
  let isListed = false
  return reflect<T>(
    {
      client,
      resource,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      project,
      isMetadataOnly,
      clock,
      timing,
      sink: {
        begin: () => {
          isListed = false
        },
        bookmark: () => {},
        page: (objects) => {
          const object = objects.find((one) => keyOf(one) === key)
          if (object === undefined) return
          isListed = true
          see({ kind: 'found', object })
        },
        listed: () => {
          if (!isListed) see({ kind: 'absent' })
        },
        upsert: found,
        remove: () => see({ kind: 'absent' }),
        problem: (failure) => {
          if (failure !== undefined) sink(sightOf(failure))
          // A watch that goes on where it was tells nothing anew.
          else if (last !== undefined) sink(last)
        },
      },
    },
    signal,
  )
}

/** The same, by reading it now and then. */
export async function pollObject<T extends Kept>(
  options: NamedObjectsOptions<T>,
  { key, sink, signal }: Following<T>,
): Promise<void> {
  const { pollMs = 30_000, clock = systemClock } = options
  while (!signal.aborted) {
    const sight = await readObject(options, key, signal)
    if (!signal.aborted) sink(sight)
    // Not all in one moment.
    await pause(clock, pollMs * (0.8 + Math.random() * 0.4), signal)
  }
}

export async function readObject<T extends Kept>(
  { client, resource, project, isMetadataOnly = false }: NamedObjectsOptions<T>,
  key: string,
  signal?: AbortSignal,
): Promise<Sight<T>> {
  assertPlain(key)
  const accept = isMetadataOnly ? { accept: partialObject } : {}
  const answer = await client.request<KubeObject>({
    method: 'GET',
    path: pathOf(resource, placeOf(key)),
    signal,
    ...accept,
  })
  if (answer.kind === 'done') return { kind: 'found', object: project(answer.value) }
  const { failure } = answer
  // That nobody serves its kind says nothing about it.
  return failure.status === 404 && failure.objectName === placeOf(key).name ? { kind: 'absent' } : sightOf(failure)
}

function sightOf<T>(failure: KubeError): Sight<T> {
  if (failure.status === 401 || failure.status === 403) return { kind: 'refused', failure }
  return { kind: 'unseen', failure }
}

/** Whether it is news: that nothing can be seen is none once something was, and neither is what came late. */
export function isProgress<T extends Kept>(before: Sight<T>, after: Sight<T>): boolean {
  if (after.kind !== 'found' || before.kind !== 'found') return after.kind !== 'unseen' || before.kind === 'unseen'
  const [known, seen] = [before.object.metadata, after.object.metadata]
  return known.uid !== seen.uid || !isNewer(known.resourceVersion, seen.resourceVersion)
}

export function isSame<T extends Kept>(left: Sight<T>, right: Sight<T>): boolean {
  if (left.kind !== 'found' || right.kind !== 'found') return left.kind === right.kind
  const [before, after] = [left.object.metadata, right.object.metadata]
  return before.uid === after.uid && before.resourceVersion === after.resourceVersion
}

/** @throws {RangeError} on a name that would be another selector, or lead elsewhere */
export function assertPlain(key: string): void {
  const { namespace, name } = placeOf(key)
  if (!plainName.test(name) || (namespace !== undefined && !plainName.test(namespace)))
    throw new RangeError(`${JSON.stringify(key)} names no object`)
}
