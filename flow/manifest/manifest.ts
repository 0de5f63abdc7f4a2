import type { App } from '../../crds/v1alpha1/app.ts'
import type { ClusterComponent, Component } from '../../crds/v1alpha1/component.ts'
import type { Credential, Secret } from '../../crds/v1alpha1/credential.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { Finding, Path } from '../finding/finding.ts'

/** A file's name and text; reading it is the caller's business. */
export interface SourceText {
  readonly file: string
  readonly text: string
  /** Where its objects are that do not say it; `default` without it. */
  readonly namespace?: string
}

export interface Position {
  /** 1-based. */
  readonly line: number
  /** 1-based. */
  readonly column: number
}

/** One YAML document that holds a resource of a kind Weir knows, with the way back to its lines. */
export interface Manifest<T = Resource> {
  readonly file: string
  readonly object: T
  /**
   * Where the value at the path stands; of a path that does not exist, its nearest ancestor.
   * `key: true` points at the key, `offset` at so many characters into a text, whatever quotes and folds YAML put around it.
   */
  readonly positionOf: (path: Path, options?: { readonly key?: boolean; readonly offset?: number }) => Position
}

/** An object with mistakes in its form: others may name it, but it cannot be used. */
export interface BrokenManifest {
  readonly kind: Resource['kind']
  readonly namespace: string
  readonly name: string
  /** The object without its mistakes, where what is left is whole enough to lint on. */
  readonly rest?: Manifest
  /** What was left out. */
  readonly mistakes: readonly Path[]
}

export type Resource = Flow | Component | ClusterComponent | Credential | App | Secret

/** What a set of files holds, by kind. Objects are as written, with `metadata.namespace` filled in (`default`). */
export interface Manifests {
  readonly flows: readonly Manifest<Flow>[]
  readonly components: readonly Manifest<Component>[]
  readonly clusterComponents: readonly Manifest<ClusterComponent>[]
  readonly credentials: readonly Manifest<Credential>[]
  readonly apps: readonly Manifest<App>[]
  readonly secrets: readonly Manifest<Secret>[]
}

export interface ParsedManifests {
  /** Only objects whose schema is right: what has a schema error is in `findings` alone. */
  readonly manifests: Manifests
  readonly broken: readonly BrokenManifest[]
  readonly findings: readonly Finding[]
  /** Documents of other kinds, `apiVersion/kind` to count; `no kind` for those that are no manifests. */
  readonly ignored: ReadonlyMap<string, number>
}
