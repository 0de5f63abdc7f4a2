import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import { quoted, suggestion } from '../../flow/finding/suggest.ts'
import { UsageError } from '../usage-error.ts'
import type { Cluster } from './open-cluster.ts'

/** @throws {UsageError} with what may have been meant, when there is none */
export async function namedObject<T extends KubeObject = KubeObject>(
  cluster: Cluster,
  resource: Resource,
  name: string,
): Promise<T> {
  const found = await cluster.find<T>(resource, name)
  if (found !== undefined) return found
  const names = (await cluster.list(resource)).map(({ metadata }) => metadata.name)
  const where = resource.isNamespaced ? ` in namespace "${cluster.namespace}"` : ''
  const hint =
    names.length === 0 && resource.isNamespaced ? ', which has none: is it another one (-n)?' : suggestion(name, names)
  throw new UsageError(`there is no ${resource.kind} ${quoted(name)}${where}${hint}`)
}
