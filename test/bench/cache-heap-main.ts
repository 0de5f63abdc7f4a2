import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { CustomObjectsApi, KubeConfig, makeInformer, type KubernetesObject } from '@kubernetes/client-node'
import { resources } from '../../crds/resources.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import { pathOf } from '../../kube/kube-object.ts'
import { openKubeClient } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { flowIndexes } from '../../operator/flows/flow-indexes.ts'
import { projectFlow } from '../../operator/open-caches.ts'
import type { InCluster } from '../../operator/operator-parts.ts'
import { keepHeapSmall } from '../../operator/small-heap.ts'
import { untilSo } from './bench-cluster.ts'
import { everydayFlow } from './bench-flow.ts'

/** What one way to hold all Flows of a namespace takes, in a process with nothing else in it: for `operator-cache-bench.ts`. */
export interface Holding {
  readonly bytes: number
  readonly longestStallMs: number
  readonly tookMs: number
}

const [way = '', kubeconfig = '', namespace = '', countText = ''] = process.argv.slice(2)
const count = Number(countText)
const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  spec: holdSpecs,
  ours: holdOurs,
  informer: holdInformer,
}

// As the operator's process does.
if (way === 'ours') keepHeapSmall()
const before = await collected()
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const since = performance.now()
const held = await ways[way]?.()
const tookMs = performance.now() - since
delay.disable()
const holding: Holding = { bytes: (await collected()) - before, longestStallMs: delay.max / 1e6, tookMs }
process.stdout.write(JSON.stringify({ ...holding, isHeld: held !== undefined }))
process.exit(0)

async function collected(): Promise<number> {
  for (let times = 0; times < 4; times += 1) {
    globalThis.gc?.()
    await pause(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function holdSpecs(): Promise<unknown> {
  const texts = Array.from({ length: 10 }, (_, at) => JSON.stringify(everydayFlow(at).spec))
  return Array.from({ length: count }, (_, at) => JSON.parse(texts[at % 10] ?? '') as unknown)
}

async function holdOurs(): Promise<unknown> {
  const client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-bench' })
  const cache = openObjectCache<InCluster<Flow>>({
    client,
    namespace,
    resource: resources.flows,
    project: projectFlow(),
    indexes: flowIndexes,
  })
  void cache.run(new AbortController().signal)
  await cache.synced
  if (cache.size() !== count) throw new Error(`${cache.size()} of ${count} Flows were listed`)
  return cache
}

async function holdInformer(): Promise<unknown> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const api = config.makeApiClient(CustomObjectsApi)
  const { group, version, plural } = resources.flows
  const list = () =>
    api.listNamespacedCustomObject({ group, version, namespace, plural }) as Promise<{
      readonly items: KubernetesObject[]
    }>
  const watching = makeInformer(config, pathOf(resources.flows, { namespace }), list as never)
  await watching.start()
  await untilSo(() => watching.list().length === count, 300_000)
  return watching
}
