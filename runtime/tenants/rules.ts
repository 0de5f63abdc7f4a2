import { planSourceRules } from '../plans/kubernetes/rules.ts'
import { loginSecretName, type TenantRole } from './tenant-logins.ts'

/** What a role of Kubernetes allows. */
interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** What a process for all namespaces needs, in each of them: the flows, and of the Secrets the one that is its own. */
export function tenantProcessRules(role: TenantRole): readonly PolicyRule[] {
  const own = { apiGroups: [''], resources: ['secrets'], resourceNames: [loginSecretName(role)] }
  return [...planSourceRules, { ...own, verbs: ['get', 'list', 'watch'] }]
}
