import type { ObjectCache } from '../cache/object-cache.ts'
import type { Change } from '../cache/object-table.ts'
import type { Kept } from '../cache/projection.ts'
import { keyOf } from '../kube-object.ts'
import type { Priority } from '../queue/priority-lines.ts'

/** What makes keys worth a look. */
export interface Source {
  /** When everything that was there is told. */
  readonly synced: Promise<void>
  /** Tells of what is there and of each change; gives what ends it. */
  readonly subscribe: (enqueue: (key: string, priority: Priority) => void) => () => void
  /** Of the kind that is reconciled: what there is, for the resync. */
  readonly keys?: () => readonly string[]
}

/**
 * The kind that is reconciled: what is there at the start as `startUp`, each change after it as `user`.
 *
 * @param isRelevant whether a change is worth a look; all are by default. See `isSpecChange`
 */
export function primarySource<T extends Kept>(
  cache: ObjectCache<T>,
  isRelevant: (change: Change<T>) => boolean = () => true,
): Source {
  return {
    synced: cache.synced,
    keys: () => [...cache.values()].map(keyOf),
    subscribe: (enqueue) =>
      cache.subscribe((change) => {
        const isInitial = change.kind === 'added' && change.isInitial
        if (isRelevant(change)) enqueue(keyOf(change.object), isInitial ? 'startUp' : 'user')
      }),
  }
}

/** Leaves out what changes in status alone, our own writes above all. Labels, annotations and the wish to be deleted count. */
export function isSpecChange<T extends Kept>(change: Change<T>): boolean {
  if (change.kind !== 'changed') return true
  const [before, after] = [change.before.metadata, change.object.metadata]
  const told = ({ generation, deletionTimestamp, labels, annotations, uid }: Kept['metadata']): string =>
    JSON.stringify([uid, generation, deletionTimestamp, labels, annotations])
  return after.generation === undefined || told(before) !== told(after)
}

/**
 * Another kind: each change leads to the keys that it concerns, before and after.
 *
 * @param isRelevant whether a change is worth a look; all are by default. See `isPeerChange`
 */
export function mappedSource<T extends Kept>(
  cache: ObjectCache<T>,
  keysOf: (object: T) => readonly string[],
  isRelevant: (change: Change<T>) => boolean = () => true,
): Source {
  return {
    synced: cache.synced,
    subscribe: (enqueue) =>
      cache.subscribe((change) => {
        if (!isRelevant(change)) return
        const isInitial = change.kind === 'added' && change.isInitial
        const keys = new Set(keysOf(change.object))
        // Who has lost it must know too.
        if (change.kind === 'changed') for (const key of keysOf(change.before)) keys.add(key)
        for (const key of keys) enqueue(key, isInitial ? 'startUp' : 'child')
      }),
  }
}

/** For objects of the kind that is reconciled that concern each other: at the start each is looked at anyway, and what changes in status alone is left out. */
export function isPeerChange<T extends Kept>(change: Change<T>): boolean {
  return !(change.kind === 'added' && change.isInitial) && isSpecChange(change)
}

/** By the owner that controls it, of that kind. */
export function byOwner(kind: string, group: string): (object: Kept) => readonly string[] {
  return ({ metadata: { namespace, ownerReferences = [] } }) =>
    ownerReferences
      .filter((owner) => owner.controller === true && owner.kind === kind && groupOf(owner.apiVersion) === group)
      .map(({ name }) => keyOf({ metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }))
}

/** By a label that holds a name in the same namespace: for what cannot have an owner. */
export function byLabel(label: string): (object: Kept) => readonly string[] {
  return ({ metadata: { namespace, labels } }) => {
    const name = labels?.[label] ?? ''
    return name === '' ? [] : [keyOf({ metadata: { name, ...(namespace === undefined ? {} : { namespace }) } })]
  }
}

/** To all that name it: the cache's index gives, for each object, the keys of what it refers to. */
export function byReference<T extends Kept>(cache: ObjectCache<T>, index: string): (object: Kept) => readonly string[] {
  return (object) => cache.byIndex(index, keyOf(object)).map(keyOf)
}

function groupOf(apiVersion: string): string {
  const at = apiVersion.indexOf('/')
  return at === -1 ? '' : apiVersion.slice(0, at)
}
