import { CustomObjectsApi, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { resources } from '../../crds/resources.ts'
import type { KubeObject } from '../../kube/kube-object.ts'
import { openStatusWriter } from '../../kube/write/status-writer.ts'
import { atOnce, benchSpec, createFlow, flowNames, openBenchCluster, type BenchCluster } from './bench-cluster.ts'
import { median, spread, type BenchResult } from './bench-result.ts'

const flows = 500
const rounds = 3
/** As many as the status writer sends at a time. */
const writers = 8

/** Status writes in a second, by server-side apply: our writer, and client-node's API as it is used by hand. */
export async function bench(): Promise<BenchResult[]> {
  const cluster = await openBenchCluster()
  try {
    const objects: KubeObject[] = []
    const spec = benchSpec({ suspend: true })
    await atOnce(writers, flowNames(flows), async (name) => objects.push(await createFlow(cluster, name, spec)))
    const ours: number[] = []
    const theirs: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await ratePerSecond(() => writeOurs(cluster, objects, round)))
      theirs.push(await ratePerSecond(() => writeTheirs(cluster, objects, round)))
    }
    const note = `${spread(ours)} a second, client-node ${spread(theirs)}; ${writers} at a time`
    const value = median(ours) / median(theirs)
    return [{ name: 'status-writes', value, goal: 4, unit: '×', isAtLeast: true, note }]
  } finally {
    await cluster.close()
  }
}

async function ratePerSecond(work: () => Promise<void>): Promise<number> {
  const since = performance.now()
  await work()
  return (flows * 1_000) / (performance.now() - since)
}

async function writeOurs({ client }: BenchCluster, objects: KubeObject[], round: number): Promise<void> {
  const places = new Map(objects.map(({ metadata }, at) => [metadata.name, at]))
  let failures = 0
  const writer = openStatusWriter({
    client,
    resource: resources.flows,
    fieldManager: 'weir-flows',
    atOnce: writers,
    onWritten: (object) => {
      objects[places.get(object.metadata.name) ?? 0] = object
    },
    onFailure: () => (failures += 1),
  })
  for (const object of objects) writer.write(object, statusOf(round))
  let isDone = false
  // The writer lets each object rest for a second after its write, which is no part of the work.
  const settled = writer.settled().then(() => (isDone = true))
  await settled
  writer.close()
  if (failures > 0 || !isDone) throw new Error(`${failures} status writes have failed`)
}

async function writeTheirs(
  { kubeconfig, namespace }: BenchCluster,
  objects: KubeObject[],
  round: number,
): Promise<void> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const api = config.makeApiClient(CustomObjectsApi)
  const { group, version, plural } = resources.flows
  const options = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
  const indexed = objects.map((object, at) => ({ object, at }))
  await atOnce(writers, indexed, async ({ object, at }) => {
    const { name } = object.metadata
    const body = { apiVersion: `${group}/${version}`, kind: 'Flow', metadata: { name }, status: statusOf(round + 100) }
    const where = { group, version, namespace, plural, name }
    const answer = await api.patchNamespacedCustomObjectStatus(
      { ...where, body, fieldManager: 'weir-flows', force: true },
      options,
    )
    objects[at] = answer as KubeObject
  })
}

function statusOf(round: number): object {
  const condition = { status: 'True', reason: 'Bench', lastTransitionTime: '2026-01-01T00:00:00Z', message: `${round}` }
  return {
    observedGeneration: 1,
    backlog: round,
    conditions: [
      { ...condition, type: 'Ready' },
      { ...condition, type: 'Active' },
    ],
  }
}
