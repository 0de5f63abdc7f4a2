import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { Cluster } from './open-cluster.ts'
import { failureAdvice } from './failure-advice.ts'

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

export interface SeenSecrets {
  /** With their keys, and without what is secret. */
  readonly found: readonly KubeObject[]
  /** Names of those that may not be read. */
  readonly forbidden: readonly string[]
}

/** The Secrets that Credentials among the objects name, as far as whoever asks may read them. */
export async function seenSecrets(cluster: Cluster, objects: readonly object[]): Promise<SeenSecrets> {
  const wanted = new Map(objects.flatMap((object) => placeOf(object, cluster.namespace)))
  const found: KubeObject[] = []
  const forbidden: string[] = []
  for (const { namespace, name } of wanted.values()) {
    const answer = await cluster.client.request<KubeObject>({
      method: 'GET',
      path: pathOf(secrets, { namespace, name }),
    })
    if (answer.kind === 'done') found.push(withoutValues(answer.value))
    else if (answer.failure.status === 403) forbidden.push(name)
    else if (answer.failure.status !== 404) throw failureAdvice(answer.failure, { ...cluster, what: 'get secrets' })
  }
  return { found, forbidden }
}

interface Place {
  readonly namespace: string
  readonly name: string
}

function placeOf(object: object, ownNamespace: string): [string, Place][] {
  const { kind, metadata, spec } = object as KubeObject
  const reference = isJsonObject(spec) && kind === 'Credential' ? spec['secretRef'] : undefined
  const name = isJsonObject(reference) ? reference['name'] : undefined
  if (typeof name !== 'string') return []
  const { namespace = ownNamespace } = metadata
  return [[`${namespace}/${name}`, { namespace, name }]]
}

function withoutValues({ metadata: { name, namespace }, type, data }: KubeObject): KubeObject {
  const keys = Object.keys(isJsonObject(data) ? data : {})
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    type,
    data: Object.fromEntries(keys.map((key) => [key, ''])),
  }
}
