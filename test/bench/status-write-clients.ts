import { CustomObjectsApi, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { openStatusWriter } from '../../kube/write/status-writer.ts'
import { atOnce, benchSpec, flowNames, type BenchCluster } from './bench-cluster.ts'
import { resources } from '../../crds/resources.ts'

export const objectsOfAKind = 300
/** As many as the status writer sends at a time. */
export const writers = 8
const fieldManager = 'weir-bench'

export interface StatusKind {
  readonly name: string
  readonly resource: Resource
  readonly spec: object
}

/** One whose checks cost the server little, so that the clients are compared; and the one that is written most, whose rules it evaluates at each write. */
export const statusKinds: readonly StatusKind[] = [
  { name: 'status-writes', resource: resources.credentials, spec: { type: 'basic', secretRef: { name: 'login' } } },
  { name: 'status-writes-of-flows', resource: resources.flows, spec: benchSpec({ suspend: true }) },
]

/** Objects of a kind, as they were after the last write. */
export interface Written {
  readonly namespace: string
  readonly resource: Resource
  readonly objects: KubeObject[]
}

export async function makeObjects(
  { client, namespace }: Pick<BenchCluster, 'client' | 'namespace'>,
  { resource, spec }: StatusKind,
): Promise<Written> {
  const objects: KubeObject[] = []
  const path = pathOf(resource, { namespace })
  await atOnce(writers, flowNames(objectsOfAKind), async (name) => {
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name }, spec }
    objects.push(orThrow(await client.request<KubeObject>({ method: 'POST', path, body })))
  })
  return { namespace, resource, objects }
}

/** A status of each, by our writer. @param word what makes it another than the last */
export async function writeOurs(client: KubeClient, { resource, objects }: Written, word: string): Promise<void> {
  const places = new Map(objects.map(({ metadata }, at) => [metadata.name, at]))
  let failures = 0
  const writer = openStatusWriter({
    client,
    resource,
    fieldManager,
    atOnce: writers,
    onWritten: (object) => {
      objects[places.get(object.metadata.name) ?? 0] = object
    },
    onFailure: () => (failures += 1),
  })
  for (const object of objects) writer.write(object, statusOf(word))
  // The writer lets each object rest for a second after its write, which is no part of the work, and not waited for here.
  await writer.settled()
  writer.close()
  if (failures > 0) throw new Error(`${failures} status writes have failed`)
}

export function openClientNode(kubeconfig: string): CustomObjectsApi {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  return config.makeApiClient(CustomObjectsApi)
}

/** The same, by client-node's API as it is used by hand. */
export async function writeTheirs(
  api: CustomObjectsApi,
  { namespace, resource, objects }: Written,
  word: string,
): Promise<void> {
  const { group, version, plural, kind } = resource
  const options = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
  const indexed = objects.map((object, at) => ({ object, at }))
  await atOnce(writers, indexed, async ({ object, at }) => {
    const { name } = object.metadata
    const body = { apiVersion: `${group}/${version}`, kind, metadata: { name }, status: statusOf(word) }
    const where = { group, version, namespace, plural, name }
    const answer = await api.patchNamespacedCustomObjectStatus({ ...where, body, fieldManager, force: true }, options)
    objects[at] = answer as KubeObject
  })
}

function statusOf(message: string): object {
  const condition = { status: 'True', reason: 'Bench', lastTransitionTime: '2026-01-01T00:00:00Z', message }
  return {
    observedGeneration: 1,
    conditions: [
      { ...condition, type: 'Ready' },
      { ...condition, type: 'Stalled' },
    ],
  }
}
