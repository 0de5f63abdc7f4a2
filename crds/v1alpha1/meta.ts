/** The part of Kubernetes' ObjectMeta that Weir reads. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly generation?: number
  readonly resourceVersion?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * A JSON object, the form of `config` and of a message's metadata.
 *
 * @x-kubernetes-preserve-unknown-fields true
 */
export type JsonObject = Readonly<Record<string, Json>>
