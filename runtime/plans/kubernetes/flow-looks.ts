import type { FlowCache } from './seen-flow.ts'

/** Flows as a plan source needs them. */
export type FlowLook = Pick<FlowCache, 'byIndex' | 'values' | 'subscribe' | 'note' | 'problem' | 'isSynced' | 'synced'>

type Listener = Parameters<FlowCache['subscribe']>[0]

/**
 * The flows of each namespace for itself, of one cache that follows those of all: a process for many namespaces has one watch.
 *
 * @param flows with the indexes `uid` and `namespace`
 */
export function flowLooks(flows: FlowCache): (namespace: string) => FlowLook {
  const listeners = new Map<string, Set<Listener>>()
  let isTelling = false
  const begin = (): void => {
    // What is there already is told to each by itself.
    flows.subscribe((change) => {
      if (!isTelling) return
      for (const listener of listeners.get(change.object.metadata.namespace ?? '') ?? []) listener(change)
    })
    isTelling = true
  }
  return (namespace) => {
    const isOurs = ({ metadata }: ReturnType<FlowCache['byIndex']>[number]): boolean => metadata.namespace === namespace
    return {
      synced: flows.synced,
      isSynced: flows.isSynced,
      problem: flows.problem,
      note: flows.note,
      values: () => flows.byIndex('namespace', namespace),
      byIndex: (index, value) => flows.byIndex(index, value).filter(isOurs),
      subscribe: (listener) => {
        if (!isTelling) begin()
        for (const object of flows.byIndex('namespace', namespace)) listener({ kind: 'added', object, isInitial: true })
        const own = listeners.get(namespace) ?? new Set()
        listeners.set(namespace, own.add(listener))
        return () => {
          own.delete(listener)
          if (own.size === 0 && listeners.get(namespace) === own) listeners.delete(namespace)
        }
      },
    }
  }
}
