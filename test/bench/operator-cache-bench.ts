import { monitorEventLoopDelay } from 'node:perf_hooks'
import { CustomObjectsApi, KubeConfig, makeInformer, type KubernetesObject } from '@kubernetes/client-node'
import { resources } from '../../crds/resources.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import { pathOf } from '../../kube/kube-object.ts'
import { flowIndexes } from '../../operator/flows/flow-indexes.ts'
import type { InCluster } from '../../operator/operator-parts.ts'
import {
  atOnce,
  benchSpec,
  createFlow,
  flowNames,
  openBenchCluster,
  untilSo,
  type BenchCluster,
} from './bench-cluster.ts'
import type { BenchResult } from './bench-result.ts'

const flows = 10_000
const creators = 16

/** What the operator's cache of 10,000 suspended Flows holds beyond their specs, and how long listing them keeps the process from anything else. */
export async function bench(): Promise<BenchResult[]> {
  const cluster = await openBenchCluster()
  try {
    const spec = benchSpec({ suspend: true })
    await atOnce(creators, flowNames(flows), (name) => createFlow(cluster, name, spec))
    const specBytes = await heapOf(async () => {
      const text = JSON.stringify(spec)
      return { held: Array.from({ length: flows }, () => JSON.parse(text) as unknown), end: async () => {} }
    })
    const stall = monitorEventLoopDelay({ resolution: 1 })
    const own = await heapOf(() => ownCache(cluster, stall))
    const theirs = await heapOf(() => informer(cluster))
    const beyond = (bytes: number): number => (bytes - specBytes) / flows
    const shown = (bytes: number): string => `${(bytes / 1024).toFixed(2)} KB`
    const note = `spec ${shown(specBytes / flows)}, ours ${shown(own / flows)}, client-node's informer ${shown(theirs / flows)}: all in all ${(theirs / own).toFixed(1)}×; without status`
    return [
      { name: 'operator-cache-heap', value: beyond(own) / 1024, goal: 1, unit: 'KB', note },
      { name: 'operator-cache-stall', value: stall.max / 1e6, goal: 60, unit: 'ms' },
      {
        name: 'operator-cache-against-informer',
        value: beyond(theirs) / beyond(own),
        goal: 10,
        unit: '×',
        isAtLeast: true,
        note: 'beyond the spec',
      },
    ]
  } finally {
    await cluster.close()
  }
}

interface Held {
  readonly held: unknown
  readonly end: () => Promise<void>
}

/** Bytes that are held because of it. */
async function heapOf(open: () => Promise<Held>): Promise<number> {
  const before = collected()
  const opened = await open()
  const bytes = collected() - before
  await opened.end()
  return bytes
}

function collected(): number {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

async function ownCache(
  { client, namespace }: BenchCluster,
  stall: ReturnType<typeof monitorEventLoopDelay>,
): Promise<Held> {
  const cache = openObjectCache<InCluster<Flow>>({
    client,
    namespace,
    resource: resources.flows,
    project: (object) => slim(object) as unknown as InCluster<Flow>, // as the API server has checked it
    indexes: flowIndexes,
  })
  const ending = new AbortController()
  stall.enable()
  const running = cache.run(ending.signal)
  await cache.synced
  stall.disable()
  if (cache.size() !== flows) throw new Error(`${cache.size()} of ${flows} Flows were listed`)
  return {
    held: cache,
    end: async () => {
      ending.abort()
      await running
    },
  }
}

async function informer({ kubeconfig, namespace }: BenchCluster): Promise<Held> {
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
  await untilSo(() => watching.list().length === flows, 60_000)
  return { held: watching, end: () => watching.stop() }
}
