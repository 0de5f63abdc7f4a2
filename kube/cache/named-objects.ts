import { assertPlain, isProgress, isSame, pollObject, readObject, watchObject } from './follow-object.ts'
import type { NamedObjectsOptions, Sight } from './follow-object.ts'
import type { Kept } from './projection.ts'

/**
 * Objects that are known by name, and only those: nothing is ever asked about another. So a role that names them (`resourceNames`) is enough.
 *
 * A change of one that is followed is known at once while no more are followed than may be watched, and after `pollMs` otherwise. While the
 * server cannot be reached what was seen last stays; what it refuses (401, 403) is refused here, too.
 */
export interface NamedObjects<T> {
  /** Follows these for that owner, and no longer those that it had named before. What several owners name is followed once. */
  readonly follow: (owner: string, keys: Iterable<string>) => void
  readonly get: (key: string) => Sight<T>
  /** What is known of one that is followed; otherwise, or when nothing is known yet, the server is asked. */
  readonly read: (key: string, signal?: AbortSignal) => Promise<Sight<T>>
  /** Asks the server, whatever is known. */
  readonly reread: (key: string, signal?: AbortSignal) => Promise<Sight<T>>
  /** Told the key and the owners of what is seen otherwise than before. Gives what ends it. */
  readonly subscribe: (listener: (key: string, owners: readonly string[]) => void) => () => void
  /** Follows nothing any more. */
  readonly close: () => Promise<void>
}

export function openNamedObjects<T extends Kept>(options: NamedObjectsOptions<T>): NamedObjects<T> {
  const listeners = new Set<(key: string, owners: readonly string[]) => void>()
  const keysOfOwner = new Map<string, ReadonlySet<string>>()
  const followers = openFollowers(options, ({ key, owners }) => {
    for (const listener of listeners) listener(key, [...owners])
  })
  let isClosed = false
  const reread = async (key: string, signal?: AbortSignal): Promise<Sight<T>> => {
    const sight = await readObject(options, key, signal)
    const entry = followers.get(key)
    if (entry === undefined) return sight
    followers.see(entry, sight)
    return sight.kind === 'unseen' ? entry.sight : sight
  }
  return {
    reread,
    follow: (owner, keys) => {
      const wanted = new Set(isClosed ? [] : keys)
      for (const key of wanted) assertPlain(key)
      const before = keysOfOwner.get(owner) ?? new Set()
      if (wanted.size === 0) keysOfOwner.delete(owner)
      else keysOfOwner.set(owner, wanted)
      for (const key of wanted) followers.join(key, owner)
      for (const key of before) if (!wanted.has(key)) followers.leave(key, owner)
    },
    get: (key) => followers.get(key)?.sight ?? { kind: 'unseen' },
    read: async (key, signal) => {
      const known = followers.get(key)?.sight
      return known === undefined || known.kind === 'unseen' ? reread(key, signal) : known
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      isClosed = true
      keysOfOwner.clear()
      await followers.close()
    },
  }
}

/** What goes on until it is told to stop. */
function openRuns(): {
  readonly start: (work: (signal: AbortSignal) => Promise<void>) => AbortController
  readonly ended: () => Promise<unknown>
} {
  const running = new Set<Promise<void>>()
  return {
    ended: () => Promise.all(running),
    start: (work) => {
      const stop = new AbortController()
      const ended = work(stop.signal).finally(() => running.delete(ended))
      running.add(ended)
      return stop
    },
  }
}

interface Followed<T> {
  readonly key: string
  readonly owners: Set<string>
  sight: Sight<T>
  /** Otherwise it is read now and then. */
  isWatched: boolean
  stop: AbortController | undefined
}

interface Followers<T> {
  readonly get: (key: string) => Followed<T> | undefined
  readonly see: (entry: Followed<T>, sight: Sight<T>) => void
  readonly join: (key: string, owner: string) => void
  readonly leave: (key: string, owner: string) => void
  readonly close: () => Promise<void>
}

function openFollowers<T extends Kept>(
  options: NamedObjectsOptions<T>,
  onSeen: (entry: Followed<T>) => void,
): Followers<T> {
  const followed = new Map<string, Followed<T>>()
  const runs = openRuns()
  let watches = options.watches ?? 50
  const see = (entry: Followed<T>, sight: Sight<T>): void => {
    const before = entry.sight
    if (!isProgress(before, sight)) return
    entry.sight = sight
    if (!isSame(before, sight)) onSeen(entry)
  }
  const start = (entry: Followed<T>): void => {
    entry.stop?.abort()
    entry.isWatched = watches > 0
    if (entry.isWatched) watches -= 1
    const follow = entry.isWatched ? watchObject<T> : pollObject<T>
    entry.stop = runs.start((signal) => follow(options, { key: entry.key, sink: (sight) => see(entry, sight), signal }))
  }
  const begin = (key: string): Followed<T> => {
    const entry: Followed<T> = { key, owners: new Set(), sight: { kind: 'unseen' }, isWatched: false, stop: undefined }
    followed.set(key, entry)
    start(entry)
    return entry
  }
  const end = (entry: Followed<T>): void => {
    followed.delete(entry.key)
    entry.stop?.abort()
    if (!entry.isWatched) return
    watches += 1
    const next = [...followed.values()].find(({ isWatched }) => !isWatched)
    if (next !== undefined) start(next)
  }
  return {
    see,
    get: (key) => followed.get(key),
    join: (key, owner) => void (followed.get(key) ?? begin(key)).owners.add(owner),
    leave: (key, owner) => {
      const entry = followed.get(key)
      entry?.owners.delete(owner)
      if (entry?.owners.size === 0) end(entry)
    },
    close: async () => {
      for (const { stop } of followed.values()) stop?.abort()
      followed.clear()
      await runs.ended()
    },
  }
}
