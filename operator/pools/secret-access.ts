import type { Clock } from '../../kube/clock.ts'
import { pathOf } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { accessReviews } from './pool-resources.ts'

/** Where the operator may read Secrets, and so give that right to pools: everywhere, or in namespaces that were opened to it one by one. */
export type SecretAccess = 'cluster' | 'tenants'

const rememberedMs = 30_000
const verbs = ['get', 'list', 'watch'] as const

/** Whether the operator may read the Secrets of a namespace. Asked again after half a minute, since a RoleBinding may have come. */
export function openSecretAccess(
  mode: SecretAccess,
  { client, clock }: { readonly client: KubeClient; readonly clock: Clock },
): (namespace: string) => Promise<boolean> {
  const known = new Map<string, { readonly at: number; readonly isAllowed: boolean }>()
  const ask = async (namespace: string, verb: string): Promise<boolean> => {
    const spec = { resourceAttributes: { namespace, verb, group: '', resource: 'secrets' } }
    const request = { method: 'POST', path: pathOf(accessReviews), body: { spec } } as const
    const answer = orThrow(await client.request<{ readonly status?: { readonly allowed?: boolean } }>(request))
    return answer.status?.allowed === true
  }
  return async (namespace) => {
    if (mode === 'cluster') return true
    const before = known.get(namespace)
    if (before !== undefined && clock.elapsed() - before.at < rememberedMs) return before.isAllowed
    const isAllowed = (await Promise.all(verbs.map((verb) => ask(namespace, verb)))).every(Boolean)
    known.set(namespace, { at: clock.elapsed(), isAllowed })
    return isAllowed
  }
}
