import type { DnsLabel, ObjectName, Timestamp } from './text.ts'

/** Kubernetes' ObjectMeta; Weir reads names, labels, annotations and what tells one version of an object from another. */
export interface ObjectMeta {
  /** Unique among the objects of its kind in its namespace. */
  readonly name: ObjectName
  /** The tenant that the object belongs to; `default` when left out. */
  readonly namespace?: DnsNamespace
  /**
   * Set by the API server: no two objects ever share it.
   *
   * @maxLength 128
   */
  readonly uid?: string
  /**
   * Set by the API server: rises with each change of the spec.
   *
   * @asType integer
   */
  readonly generation?: number
  /**
   * Set by the API server: changes with each write.
   *
   * @maxLength 128
   */
  readonly resourceVersion?: string
  /** Set by the API server; tools that write manifests put null here. */
  readonly creationTimestamp?: Timestamp | null
  /** Set by the API server: when deletion was asked for. */
  readonly deletionTimestamp?: Timestamp
  /**
   * Set by the API server: how long deletion may take.
   *
   * @asType integer
   */
  readonly deletionGracePeriodSeconds?: number
  /**
   * The beginning of a name that the API server completes.
   *
   * @maxLength 253
   */
  readonly generateName?: string
  /**
   * What has to be done before the object may go.
   *
   * @maxItems 64
   * @x-kubernetes-list-type set
   */
  readonly finalizers?: readonly FinalizerName[]
  /**
   * The objects whose deletion deletes this one.
   *
   * @maxItems 64
   * @x-kubernetes-list-type atomic
   */
  readonly ownerReferences?: readonly JsonObject[]
  /**
   * Set by the API server: who wrote which field.
   *
   * @maxItems 1024
   * @x-kubernetes-list-type atomic
   */
  readonly managedFields?: readonly JsonObject[]
  /**
   * Key and value pairs to select objects by; expressions see them as `$flow.labels`.
   *
   * @maxProperties 256
   */
  readonly labels?: Readonly<Record<string, LabelValue>>
  /**
   * Notes of tools and people; Weir does not act on them.
   *
   * @maxProperties 256
   */
  readonly annotations?: Readonly<Record<string, AnnotationValue>>
}

/** For kinds whose name becomes part of other names. */
export interface LabelledObjectMeta extends ObjectMeta {
  /** Unique among the objects of its kind in its namespace; a DNS label of at most 52 characters. */
  readonly name: DnsLabel
}

/**
 * @maxLength 63
 * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$
 */
export type DnsNamespace = string

/** @maxLength 316 */
export type FinalizerName = string

/**
 * @maxLength 63
 * @pattern ^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$
 */
export type LabelValue = string

/** @maxLength 262144 */
export type AnnotationValue = string

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * A JSON object, the form of `config` and of a message's metadata.
 *
 * @maxProperties 256
 * @x-kubernetes-preserve-unknown-fields true
 */
export type JsonObject = Readonly<Record<string, Json>>

/** Whether a value that JSON or YAML holds is an object: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
