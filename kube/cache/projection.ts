import type { KubeObject, ObjectMeta } from '../kube-object.ts'

/** What a cache must know of each object that it keeps. */
export interface Kept {
  readonly metadata: ObjectMeta
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** The whole object but for what nobody reads: who manages which field, and kubectl's copy of what was applied. */
export function slim(object: KubeObject): KubeObject {
  // Copied and not deleted from: an object that something was deleted of takes several times the memory.
  const { managedFields: _, ...metadata } = object.metadata
  if (metadata.annotations?.[lastApplied] === undefined) return { ...object, metadata }
  const { [lastApplied]: __, ...annotations } = metadata.annotations
  return { ...object, metadata: { ...metadata, annotations } }
}

/** Enough to tell that an object is there, whose it is and whether it has changed. */
export function identityOnly({ metadata }: KubeObject): Kept {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp, labels, ownerReferences } = metadata
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(labels === undefined ? {} : { labels }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  }
}

/** The same, and whoever writes to what the cache holds gets a TypeError: for tests, since it costs time. */
export function frozen<T>(project: (object: KubeObject) => T): (object: KubeObject) => T {
  return (object) => freezeDeep(project(object))
}

function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freezeDeep)
  return value
}
