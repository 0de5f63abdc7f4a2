import generated from './generated/schemas.json' with { type: 'json' }

/** A kind that Weir reads, as Kubernetes names it. */
export interface Kind {
  readonly apiVersion: string
  readonly kind: KindName
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
}

export type KindName = keyof typeof generated

/** A JSON Schema, draft 7, in which every object takes only the fields that are listed, unless any are allowed. */
type OfflineSchema = Readonly<Record<string, unknown>>

// A generated file: every entry has these fields, and its `kind` is its key.
const entries = generated as unknown as Readonly<Record<KindName, Kind & { readonly schema: OfflineSchema }>>

/** Every kind that Weir reads, the core Secret included. */
export const kinds: readonly Kind[] = Object.values(entries).map(({ schema: _schema, ...kind }) => kind)

/** The schema that judges a manifest of this kind offline: types, bounds, patterns, required and unknown fields. */
export function schemaOf(kind: KindName): OfflineSchema {
  return entries[kind].schema
}

export function isKindName(kind: string): kind is KindName {
  return Object.hasOwn(entries, kind)
}
