import { keyOf } from '../kube-object.ts'
import type { Kept } from './projection.ts'

/** One object, before and after. */
export type Change<T> =
  | { readonly kind: 'added'; readonly object: T; readonly isInitial: boolean }
  | { readonly kind: 'changed'; readonly object: T; readonly before: T }
  | { readonly kind: 'removed'; readonly object: T }

export interface ObjectTable<T> {
  readonly objects: ReadonlyMap<string, T>
  /** Tells nobody of what is there in the same version. */
  readonly put: (object: T, isInitial?: boolean) => void
  /** @param last what it was when it went, where that is known */
  readonly drop: (key: string, last?: T) => void
  readonly subscribe: (listener: (change: Change<T>) => void) => () => void
}

/** Objects by key, and who is told of them. */
export function openTable<T extends Kept>(
  onReplaced: (key: string, before: T | undefined, after: T | undefined) => void,
  onListenerError: (error: unknown) => void = throwLater,
): ObjectTable<T> {
  const objects = new Map<string, T>()
  const listeners = new Set<(change: Change<T>) => void>()
  const tell = (listener: (change: Change<T>) => void, change: Change<T>): void => {
    try {
      listener(change)
    } catch (error) {
      onListenerError(error)
    }
  }
  const tellAll = (change: Change<T>): void => {
    for (const listener of listeners) tell(listener, change)
  }
  return {
    objects,
    put: (object, isInitial = false) => {
      const key = keyOf(object)
      const before = objects.get(key)
      if (before !== undefined && before.metadata.resourceVersion === object.metadata.resourceVersion) return
      objects.set(key, object)
      onReplaced(key, before, object)
      tellAll(before === undefined ? { kind: 'added', object, isInitial } : { kind: 'changed', object, before })
    },
    drop: (key, last) => {
      const before = objects.get(key)
      if (before === undefined) return
      objects.delete(key)
      onReplaced(key, before, undefined)
      tellAll({ kind: 'removed', object: last ?? before })
    },
    subscribe: (listener) => {
      for (const object of objects.values()) tell(listener, { kind: 'added', object, isInitial: true })
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
