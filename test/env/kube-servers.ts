import { findKubeApi } from './kube-api-program.ts'
import { openKubeApi } from './kube-api.ts'
import type { Found } from './shared-servers.ts'

/** An API server that is there for all tests of a run. */
export interface KubeApiPlace {
  /** Path of a file that leads to it, as an administrator. */
  readonly kubeconfig: string
}

// What the set-up hands to the tests.
declare module 'vitest' {
  interface ProvidedContext {
    readonly kubeApi: Found<KubeApiPlace>
  }
}

/**
 * The cluster of `KUBECONFIG` where that is set: tests make namespaces and cluster roles there. Else an API server of our own.
 *
 * @throws when a server is there and does not start: that is no reason to skip
 */
export async function openSharedKubeApi(
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<{ readonly found: Found<KubeApiPlace>; readonly close: () => Promise<void> }> {
  const { KUBECONFIG: given = '' } = environment
  if (given !== '') return { found: { kind: 'found', kubeconfig: given }, close: async () => {} }
  const program = await findKubeApi(environment)
  if (program.kind === 'missing') return { found: program, close: async () => {} }
  const { kubeconfig, close } = await openKubeApi()
  return { found: { kind: 'found', kubeconfig }, close }
}
