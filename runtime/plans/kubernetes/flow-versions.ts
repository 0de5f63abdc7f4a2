import { resources } from '../../../crds/resources.ts'
import { keyOf, pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import type { KubeClient } from '../../../kube/transport/kube-client.ts'
import { clusterFailure } from './cluster-failure.ts'

/** Which Flow has a name, and when it was last written. */
export interface SeenVersion {
  readonly uid: string
  readonly resourceVersion: string
}

const pageSize = 500
const partialList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** Of all Flows of the namespace, by key, as the server has them at this moment. */
export async function readFlowVersions(
  client: KubeClient,
  namespace: string,
): Promise<ReadonlyMap<string, SeenVersion>> {
  const seen = new Map<string, SeenVersion>()
  const path = pathOf(resources.flows, { namespace })
  let next: string | undefined
  do {
    const query = { limit: pageSize, continue: next }
    const page = await client.read({ method: 'GET', path, accept: partialList, query, timeoutMs: 60_000 }, pageIn)
    if (page.kind === 'failed') throw clusterFailure(page.failure)
    for (const [key, version] of page.value.versions) seen.set(key, version)
    next = page.value.next
  } while (next !== undefined)
  return seen
}

function pageIn(text: string): {
  readonly versions: readonly [string, SeenVersion][]
  readonly next: string | undefined
} {
  const { items, metadata } = JSON.parse(text) as {
    readonly items: readonly KubeObject[] | null
    readonly metadata: { readonly continue?: string }
  }
  const versions = (items ?? []).map((item): [string, SeenVersion] => {
    const { uid = '', resourceVersion = '' } = item.metadata
    return [keyOf(item), { uid, resourceVersion }]
  })
  return { versions, next: metadata.continue === '' ? undefined : metadata.continue }
}
