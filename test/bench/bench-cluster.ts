import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { resources } from '../../crds/resources.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { openSharedKubeApi } from '../env/kube-servers.ts'
import { readDefinitions } from '../env/weir-crds.ts'

/** An API server with Weir's kinds, and a namespace of its own. */
export interface BenchCluster {
  readonly client: KubeClient
  readonly kubeconfig: string
  readonly namespace: string
  readonly close: () => Promise<void>
}

/**
 * That of `KUBECONFIG`, else one of our own.
 *
 * @throws when there is none
 */
export async function openBenchCluster(): Promise<BenchCluster> {
  const { found, close } = await openSharedKubeApi()
  if (found.kind === 'missing') throw new Error(found.reason)
  const { kubeconfig } = found
  const client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-bench' })
  const namespace = `bench-${randomBytes(5).toString('hex')}`
  await applyDefinitions(client)
  orThrow(await client.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }))
  return {
    client,
    kubeconfig,
    namespace,
    close: async () => {
      await client.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
      await client.close()
      await close()
    },
  }
}

export async function applyDefinitions(client: KubeClient): Promise<void> {
  for (const body of await readDefinitions()) {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${body.metadata.name}`
    const query = { fieldManager: 'weir-bench', force: true }
    orThrow(await client.request({ method: 'PATCH', path, query, contentType: 'application/apply-patch+yaml', body }))
  }
  const isServed = async (): Promise<boolean> => {
    const answers = await Promise.all(
      Object.values(resources).map((kind) =>
        client.request({ method: 'GET', path: pathOf(kind), query: { limit: 1 } }),
      ),
    )
    return answers.every(({ kind }) => kind === 'done')
  }
  await untilSo(isServed, 60_000)
}

/** @throws when it is not so in time */
export async function untilSo(isSo: () => Promise<boolean> | boolean, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`it is not so within ${timeoutMs} ms`)
    await pause(50)
  }
}

/** Each does the next that nobody has begun. */
export async function atOnce<T>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values()
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (const item of left) await work(item)
    }),
  )
}

export function flowNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `flow-${at}`)
}

/** Of two built-in steps, which have one queue. */
export function benchSpec(more: object = {}): object {
  const triggers = [{ name: 'by-hand', manual: {} }]
  const steps = [
    { name: 'check', filter: 'data.amount > 0' },
    { name: 'say', log: '"order " & data.id' },
  ]
  return { triggers, steps, ...more }
}

export async function createFlow(
  { client, namespace }: Pick<BenchCluster, 'client' | 'namespace'>,
  name: string,
  spec: object,
): Promise<KubeObject> {
  const body = { apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', metadata: { name }, spec }
  const path = pathOf(resources.flows, { namespace })
  return orThrow(await client.request<KubeObject>({ method: 'POST', path, query: { fieldManager: 'kubectl' }, body }))
}
