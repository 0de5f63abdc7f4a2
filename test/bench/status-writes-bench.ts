import { CustomObjectsApi, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { resources } from '../../crds/resources.ts'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { openStatusWriter } from '../../kube/write/status-writer.ts'
import { atOnce, benchSpec, flowNames, openBenchCluster, type BenchCluster } from './bench-cluster.ts'
import { median, ownCpuMs, spread, type BenchResult } from './bench-result.ts'

const objectsOfAKind = 300
const rounds = 5
/** As many as the status writer sends at a time. */
const writers = 8

interface Kind {
  readonly name: string
  readonly resource: Resource
  readonly spec: object
}

/** One whose checks cost the server little, so that the clients are compared; and the one that is written most, whose rules it evaluates at each write. */
const kinds: readonly Kind[] = [
  { name: 'status-writes', resource: resources.credentials, spec: { type: 'basic', secretRef: { name: 'login' } } },
  { name: 'status-writes-of-flows', resource: resources.flows, spec: benchSpec({ suspend: true }) },
]

/** Status writes in a second, by server-side apply: our writer, and client-node's API as it is used by hand. */
export async function bench(): Promise<BenchResult[]> {
  const cluster = await openBenchCluster()
  try {
    const results: BenchResult[] = []
    for (const kind of kinds) results.push(await compare(cluster, kind))
    return results
  } finally {
    await cluster.close()
  }
}

async function compare(cluster: BenchCluster, { name, resource, spec }: Kind): Promise<BenchResult> {
  const { client, namespace } = cluster
  const objects: KubeObject[] = []
  const path = pathOf(resource, { namespace })
  await atOnce(writers, flowNames(objectsOfAKind), async (one) => {
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name: one }, spec }
    objects.push(orThrow(await client.request<KubeObject>({ method: 'POST', path, body })))
  })
  const all: Written = { cluster, resource, objects }
  const ours: number[] = []
  const theirs: number[] = []
  const cpu = { ours: 0, theirs: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const before = ownCpuMs()
    ours.push(await ratePerSecond(() => writeOurs(all, round)))
    const between = ownCpuMs()
    theirs.push(await ratePerSecond(() => writeTheirs(all, round)))
    cpu.ours += between - before
    cpu.theirs += ownCpuMs() - between
  }
  const ratios = ours.map((rate, at) => rate / (theirs[at] ?? 0))
  const each = (ms: number): string => `${(ms / rounds / objectsOfAKind).toFixed(2)} ms`
  const note = `${spread(ours)} a second, client-node ${spread(theirs)}, ratios ${spread(ratios)}; ${writers} at a time; CPU of the client a write ${each(cpu.ours)} and ${each(cpu.theirs)}`
  return { name, value: median(ratios), goal: 4, unit: '×', isAtLeast: true, note }
}

interface Written {
  readonly cluster: BenchCluster
  readonly resource: Resource
  readonly objects: KubeObject[]
}

async function ratePerSecond(work: () => Promise<void>): Promise<number> {
  const since = performance.now()
  await work()
  return (objectsOfAKind * 1_000) / (performance.now() - since)
}

async function writeOurs({ cluster: { client }, resource, objects }: Written, round: number): Promise<void> {
  const places = new Map(objects.map(({ metadata }, at) => [metadata.name, at]))
  let failures = 0
  const writer = openStatusWriter({
    client,
    resource,
    fieldManager: 'weir-bench',
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
  { cluster: { kubeconfig, namespace }, resource, objects }: Written,
  round: number,
): Promise<void> {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  const api = config.makeApiClient(CustomObjectsApi)
  const { group, version, plural, kind } = resource
  const options = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
  const indexed = objects.map((object, at) => ({ object, at }))
  await atOnce(writers, indexed, async ({ object, at }) => {
    const { name } = object.metadata
    const body = { apiVersion: `${group}/${version}`, kind, metadata: { name }, status: statusOf(round + 100) }
    const where = { group, version, namespace, plural, name }
    const answer = await api.patchNamespacedCustomObjectStatus(
      { ...where, body, fieldManager: 'weir-bench', force: true },
      options,
    )
    objects[at] = answer as KubeObject
  })
}

function statusOf(round: number): object {
  const condition = { status: 'True', reason: 'Bench', lastTransitionTime: '2026-01-01T00:00:00Z', message: `${round}` }
  return {
    observedGeneration: 1,
    conditions: [
      { ...condition, type: 'Ready' },
      { ...condition, type: 'Stalled' },
    ],
  }
}
