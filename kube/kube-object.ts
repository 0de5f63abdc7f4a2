/** What every object of Kubernetes has. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  readonly [field: string]: unknown
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** A kind, as the API server's paths name it. */
export interface Resource {
  /** Empty for the core. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly isNamespaced: boolean
}

/** Which of them: of one namespace or of all; one by its name, or a subresource of it. */
export interface ResourcePlace {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** `weir.dev/v1alpha1`, or `v1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`
}

/**
 * The path of a resource.
 *
 * @throws {RangeError} on a namespace or name that would lead elsewhere
 */
export function pathOf(resource: Resource, { namespace, name, subresource }: ResourcePlace = {}): string {
  const parts = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version]
  if (resource.isNamespaced && namespace !== undefined) parts.push('namespaces', namespace)
  parts.push(resource.plural)
  if (name !== undefined) parts.push(name)
  if (subresource !== undefined) parts.push(subresource)
  return `/${parts.map(segment).join('/')}`
}

/** Names an object within its kind: `namespace/name`, or `name` where there are no namespaces. */
export function keyOf({ metadata: { namespace, name } }: { readonly metadata: ObjectMeta }): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** The other way round. */
export function placeOf(key: string): { readonly namespace?: string; readonly name: string } {
  const at = key.indexOf('/')
  return at === -1 ? { name: key } : { namespace: key.slice(0, at), name: key.slice(at + 1) }
}

function segment(text: string): string {
  // `..` stays what it is when it is encoded, and servers follow it.
  if (text === '' || text === '.' || text === '..' || text.includes('/'))
    throw new RangeError(`${JSON.stringify(text)} cannot stand in a path`)
  return encodeURIComponent(text)
}
