import { keyOf, type KubeObject } from '../kube-object.ts'
import type { KubeError } from '../transport/kube-error.ts'
import { openIndexes, type Index } from './object-index.ts'
import { openTable, type Change, type ObjectTable } from './object-table.ts'
import type { Kept } from './projection.ts'
import { reflect, type ReflectorOptions, type ReflectorSink } from './reflector.ts'
import { isNewer } from './resource-version.ts'
import { openToldVersions } from './told-versions.ts'

export interface ObjectCacheOptions<T extends Kept> extends Omit<ReflectorOptions<T>, 'sink'> {
  readonly indexes?: Readonly<Record<string, Index<T>>>
  /** A listener has thrown; the others are told nevertheless. Without this the process hears of it as of any error that nobody catches. */
  readonly onListenerError?: (error: unknown) => void
}

/**
 * The objects of a kind as the API server has them, a moment later. What it gives is shared: nobody may write to it.
 *
 * An object never goes back in time here, and every change is told in order to each listener; of several that were missed, only the last.
 */
export interface ObjectCache<T extends Kept> {
  /** Keeps itself up to date until the signal is aborted. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** When everything has been listed; never, while the server refuses: see `problem`. */
  readonly synced: Promise<void>
  readonly isSynced: () => boolean
  /** Why nothing comes at the moment. */
  readonly problem: () => KubeError | undefined
  /** @param key from `keyOf` */
  readonly get: (key: string) => T | undefined
  readonly size: () => number
  readonly values: () => Iterable<T>
  /** @throws {RangeError} when there is no such index */
  readonly byIndex: (index: string, value: string) => readonly T[]
  /** First what is there, as added; then each change. Gives what ends it. */
  readonly subscribe: (listener: (change: Change<T>) => void) => () => void
  /** Takes over what a write has answered, of which it keeps as much as of any other, so that the next look sees it; older than what is here, it is ignored. */
  readonly note: (answer: T | KubeObject) => void
  /**
   * When the server has told of everything up to this version, as a write has answered it: from then on nothing is missing here that was written before
   * that one, by whomever. What `note` has taken over does not count. Never, while nothing comes.
   */
  readonly reached: (resourceVersion: string) => Promise<void>
}

export function openObjectCache<T extends Kept>(options: ObjectCacheOptions<T>): ObjectCache<T> {
  const { indexes = {}, onListenerError, ...reflected } = options
  const synced = Promise.withResolvers<void>()
  const found = openIndexes(indexes)
  const table = openTable<T>((key, before, after) => found.replace(key, before, after), onListenerError)
  const follower = openFollower(table, (answer) => reflected.project(answer as KubeObject))
  let problem: KubeError | undefined
  const sink: ReflectorSink<T> = {
    ...follower,
    listed: (version) => {
      follower.listed(version)
      synced.resolve()
    },
    problem: (failure) => {
      problem = failure
    },
  }
  return {
    run: (signal) => reflect({ ...reflected, sink }, signal),
    synced: synced.promise,
    isSynced: follower.isSynced,
    problem: () => problem,
    get: (key) => table.objects.get(key),
    size: () => table.objects.size,
    values: () => table.objects.values(),
    byIndex: (index, value) => found.keys(index, value).flatMap((key) => table.objects.get(key) ?? []),
    subscribe: table.subscribe,
    note: follower.note,
    reached: follower.reached,
  }
}

interface Follower<T> extends Omit<ReflectorSink<T>, 'problem'> {
  readonly isSynced: () => boolean
  readonly note: (answer: Kept) => void
  readonly reached: (version: string) => Promise<void>
}

/** What keeps the table from going back in time. */
function openFollower<T extends Kept>(
  { objects, put, drop }: ObjectTable<T>,
  project: (answer: Kept) => T,
): Follower<T> {
  /** Written by us since the list was asked for, which may not hold it yet. */
  const noted = new Set<string>()
  /** On the pages of the list that is under way. */
  const present = new Set<string>()
  const versions = openToldVersions()
  const versionAt = (key: string): string | undefined => objects.get(key)?.metadata.resourceVersion
  const isOlder = (object: Kept): boolean => isNewer(versionAt(keyOf(object)), object.metadata.resourceVersion)
  const isKept = (key: string, version: string): boolean => noted.has(key) && isNewer(versionAt(key), version)
  return {
    isSynced: () => versions.upTo() !== undefined,
    begin: () => {
      noted.clear()
      present.clear()
    },
    page: (some, version) => {
      for (const object of some) {
        const key = keyOf(object)
        present.add(key)
        // The list is right whatever its versions: those of a cluster that was restored from a backup have gone back.
        if (!isKept(key, version)) put(object, versions.upTo() === undefined)
      }
    },
    listed: (version) => {
      for (const key of objects.keys()) if (!present.has(key) && !isKept(key, version)) drop(key)
      present.clear()
      versions.told(version)
    },
    upsert: (object) => {
      if (!isOlder(object)) put(object)
    },
    remove: (object) => {
      if (!isOlder(object)) drop(keyOf(object), object)
    },
    bookmark: versions.told,
    reached: versions.reached,
    note: (answer) => {
      // What the server has told of up to there may have been deleted since.
      if (isOlder(answer) || !isNewer(answer.metadata.resourceVersion, versions.upTo())) return
      noted.add(keyOf(answer))
      put(project(answer))
    },
  }
}
