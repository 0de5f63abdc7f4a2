import { resources } from '../../crds/resources.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { openKubeClient } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { findKubeApi } from './kube-api-program.ts'
import { openKubeApi } from './kube-api.ts'
import type { Found } from './shared-servers.ts'

/** An API server that is there for all tests of a run. */
export interface KubeApiPlace {
  /** Path of a file that leads to it, as an administrator. */
  readonly kubeconfig: string
}

/** How the names of the tests' namespaces begin. */
export const namespacePrefix = 'test-'

// What the set-up hands to the tests.
declare module 'vitest' {
  interface ProvidedContext {
    readonly kubeApi: Found<KubeApiPlace>
  }
}

/**
 * The cluster of `KUBECONFIG` where that is set: tests make namespaces and cluster roles there. Else an API server of our own.
 *
 * @throws when a server is there and does not start: that is no reason to skip; when the given cluster has Flows that no test made
 */
export async function openSharedKubeApi(
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<{ readonly found: Found<KubeApiPlace>; readonly close: () => Promise<void> }> {
  const { KUBECONFIG: given = '' } = environment
  if (given !== '') {
    await mustBeForTests(given)
    return { found: { kind: 'found', kubeconfig: given }, close: async () => {} }
  }
  const program = await findKubeApi(environment)
  if (program.kind === 'missing') return { found: program, close: async () => {} }
  const { kubeconfig, close } = await openKubeApi()
  return { found: { kind: 'found', kubeconfig }, close }
}

/** The operators of the tests take every Flow of a cluster for theirs. */
async function mustBeForTests(kubeconfig: string): Promise<void> {
  const client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-tests' })
  try {
    const asked = { method: 'GET', path: pathOf(resources.flows, {}), accept: metadataAlone } as const
    const answer = await client.read(asked, (text) => JSON.parse(text) as { readonly items: readonly KubeObject[] })
    const flows = answer.kind === 'failed' ? [] : answer.value.items
    const foreign = flows.find(({ metadata }) => metadata.namespace?.startsWith(namespacePrefix) !== true)
    if (foreign === undefined) return
    const { namespace, name } = foreign.metadata
    const whose = `the Flow ${name} in the namespace ${namespace}, which no test has made`
    throw new Error(
      `KUBECONFIG leads to a cluster with ${whose}: the tests' operators would work on it; unset KUBECONFIG, or name a cluster for tests`,
    )
  } finally {
    await client.close()
  }
}

const metadataAlone = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
