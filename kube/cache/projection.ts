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

/**
 * What the other projection keeps, with these fields as text: a fraction of their memory. Each is parsed when somebody looks, and kept so for the few
 * objects that were looked at last: two looks may give two copies, which are equal. A copy by spreading has them as values.
 */
export function packed(
  fields: readonly string[],
  project: (object: KubeObject) => KubeObject = slim,
): (object: KubeObject) => KubeObject {
  const recent = openRecent()
  const texts = Symbol('packed')
  // The same functions for all objects, so that all have one shape.
  const looks = fields.map((field, at): [string, PropertyDescriptor & ThisType<Packed>] => [
    field,
    {
      enumerable: true,
      get() {
        const text = this[texts]?.[at]
        return text === undefined ? undefined : recent.of(this, field, text)
      },
    },
  ])
  return (object) => {
    const whole = project(object)
    const kept = Object.fromEntries(Object.entries(whole).filter(([field]) => !fields.includes(field)))
    const packedTexts = fields.map((field) => (whole[field] === undefined ? undefined : inOneByte(whole[field])))
    Object.defineProperty(kept, texts, { value: packedTexts })
    for (const [field, look] of looks) Object.defineProperty(kept, field, look)
    return kept as unknown as KubeObject
  }
}

type Packed = Readonly<Record<symbol, readonly (string | undefined)[] | undefined>>

/** Whoever looks at one object looks several times. */
const rememberedLooks = 64

function openRecent(): { readonly of: (object: object, field: string, text: string) => unknown } {
  const looked = new Map<object, Map<string, unknown>>()
  return {
    of: (object, field, text) => {
      const known = looked.get(object) ?? new Map<string, unknown>()
      if (known.has(field)) return known.get(field)
      const value: unknown = JSON.parse(text)
      looked.set(object, known.set(field, value))
      const [oldest] = looked.size > rememberedLooks ? looked.keys() : []
      if (oldest !== undefined) looked.delete(oldest)
      return value
    },
  }
}

/** One character outside of Latin-1 would double the memory of all. */
function inOneByte(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\0-\u00ff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
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
