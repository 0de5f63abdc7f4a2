import { hash } from 'node:crypto'
import type { Kept } from '../cache/projection.ts'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { done, type Outcome } from '../transport/kube-error.ts'
import { boundedMap } from './bounded-map.ts'
import { canonicalJson, holds } from './holds.ts'

export interface ApplierOptions {
  readonly client: KubeClient
  /** One for each controller: what it no longer applies, and nobody else has, is removed. */
  readonly fieldManager: string
  /** Where the applied object's hash is kept on it, so that a new process need not apply everything once. Without it, it does. */
  readonly hashAnnotation?: string
}

export interface Applying {
  readonly resource: Resource
  /** Every field that this manager wants, and none that it does not care for. `apiVersion` and `kind` are added. */
  readonly desired: KubeObject
  /** As a cache has it, as far as that is kept; undefined where there is none. */
  readonly live?: Kept | undefined
  readonly signal?: AbortSignal
}

export type Applied =
  /** Nothing was sent. */
  | { readonly kind: 'unchanged' }
  /** As it is now: for `note` of a cache. */
  | { readonly kind: 'applied'; readonly object: KubeObject }

/**
 * Makes objects be as they should (server-side apply, forced): the fields that are wanted are set, whoever has changed them, those that are wanted no
 * longer are removed, and what others have added stays.
 *
 * Nothing is sent when what is wanted is what was applied last, and nobody has changed it since.
 */
export interface Applier {
  readonly apply: (applying: Applying) => Promise<Outcome<Applied>>
}

/** What the server said after the last apply. */
interface Remembered {
  readonly hash: string
  readonly resourceVersion: string | undefined
  readonly generation: number | undefined
}

const rememberedObjects = 100_000

export function openApplier({ client, fieldManager, hashAnnotation }: ApplierOptions): Applier {
  const remembered = boundedMap<Remembered>(rememberedObjects)
  return {
    apply: async ({ resource, desired, live, signal }) => {
      const full = { ...desired, apiVersion: apiVersionOf(resource), kind: resource.kind }
      const wantedHash = hash('sha256', canonicalJson(full), 'base64url').slice(0, 22)
      const body = hashAnnotation === undefined ? full : annotated(full, hashAnnotation, wantedHash)
      const last = remembered.get(live?.metadata.uid ?? '')
      if (live !== undefined && isApplied({ body, live, last, hashAnnotation, wantedHash }))
        return done({ kind: 'unchanged' })
      const { name, namespace } = desired.metadata
      const answer = await client.request<KubeObject>({
        method: 'PATCH',
        path: pathOf(resource, { namespace, name }),
        query: { fieldManager, force: true },
        contentType: 'application/apply-patch+yaml',
        body,
        signal,
      })
      if (answer.kind === 'failed') return answer
      const { uid, resourceVersion, generation } = answer.value.metadata
      remembered.set(String(uid), { hash: wantedHash, resourceVersion, generation })
      return done({ kind: 'applied', object: answer.value })
    },
  }
}

function annotated(object: KubeObject, annotation: string, value: string): KubeObject {
  const annotations = { ...object.metadata.annotations, [annotation]: value }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

interface Comparison {
  readonly body: KubeObject
  readonly live: Kept
  readonly last: Remembered | undefined
  readonly hashAnnotation: string | undefined
  readonly wantedHash: string
}

function isApplied({ body, live, last, hashAnnotation, wantedHash }: Comparison): boolean {
  const annotation = hashAnnotation === undefined ? undefined : live.metadata.annotations?.[hashAnnotation]
  if (last?.hash === wantedHash) return isUntouched(body, live, last)
  return annotation === wantedHash && isUntouched(body, live, undefined)
}

/** Whether nobody has changed what we want: by version; by generation, which counts changes of the spec alone; or by looking. */
function isUntouched(wanted: KubeObject, live: Kept, last: Remembered | undefined): boolean {
  const { resourceVersion, generation } = live.metadata
  if (last !== undefined && last.resourceVersion === resourceVersion) return true
  const isSameSpec = last?.generation !== undefined && last.generation === generation
  if (isSameSpec) return holds(wanted.metadata, live.metadata)
  // The items of a list carry neither.
  const { apiVersion: _, kind: __, ...rest } = wanted
  return holds(rest, live)
}
