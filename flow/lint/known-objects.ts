import type { Component, ClusterComponent } from '../../crds/v1alpha1/component.ts'
import type { Credential, Secret } from '../../crds/v1alpha1/credential.ts'
import type { BrokenManifest, ParsedManifests, Resource } from '../manifest/manifest.ts'

/** What a flow may name, from the given files and what was given beside them. */
export interface KnownObjects {
  /** An object of this name is there, be it with mistakes. A ClusterComponent's namespace is empty. */
  readonly has: (kind: Resource['kind'], namespace: string, name: string) => boolean
  /** For suggestions. */
  readonly names: (kind: Resource['kind'], namespace: string) => readonly string[]
  readonly component: (
    kind: 'Component' | 'ClusterComponent',
    namespace: string,
    name: string,
  ) => Component | ClusterComponent | undefined
  readonly credential: (namespace: string, name: string) => Credential | undefined
  readonly secret: (namespace: string, name: string) => Secret | undefined
  /** A credential of this name was given without a manifest. */
  readonly isGiven: (credential: string) => boolean
}

/** @param given names of the credentials that are given without a manifest */
export function knownObjects(parsed: ParsedManifests, given: Iterable<string>): KnownObjects {
  const objects = new Map<string, Resource>()
  const names = new Map<string, string[]>()
  const broken = new Set(parsed.broken.map((manifest) => keyOf(manifest)))
  for (const manifests of Object.values(parsed.manifests)) {
    for (const { object } of manifests) objects.set(keyOf(idOf(object)), object)
  }
  for (const id of [...[...objects.values()].map(idOf), ...parsed.broken]) remember(names, id)
  const givenNames = new Set(given)
  const find = <Kind extends Resource['kind']>(kind: Kind, namespace: string, name: string) => {
    const object = objects.get(keyOf({ kind, namespace, name }))
    return object as Extract<Resource, { readonly kind: Kind }> | undefined // The kind is part of the key.
  }
  return {
    has: (kind, namespace, name) => {
      const key = keyOf({ kind, namespace, name })
      return objects.has(key) || broken.has(key)
    },
    names: (kind, namespace) => names.get(`${kind}/${namespace}`) ?? [],
    component: find,
    credential: (namespace, name) => find('Credential', namespace, name),
    secret: (namespace, name) => find('Secret', namespace, name),
    isGiven: (credential) => givenNames.has(credential),
  }
}

type Id = Pick<BrokenManifest, 'kind' | 'namespace' | 'name'>

function idOf({ kind, metadata }: Resource): Id {
  return { kind, namespace: kind === 'ClusterComponent' ? '' : (metadata.namespace ?? 'default'), name: metadata.name }
}

function keyOf({ kind, namespace, name }: Id): string {
  return `${kind}/${namespace}/${name}`
}

function remember(names: Map<string, string[]>, { kind, namespace, name }: Id): void {
  const known = names.get(`${kind}/${namespace}`)
  if (known === undefined) names.set(`${kind}/${namespace}`, [name])
  else known.push(name)
}
