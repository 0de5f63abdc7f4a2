import { installObjects } from '../../operator/install/decide/install-objects.ts'
import { clusterRules, leadingRules } from '../../operator/operator-rules.ts'
import { openPodAccount, type PodAccount } from '../rig/pod-account.ts'
import type { BenchGround } from './many-flows.ts'

interface Variable {
  readonly name: string
  readonly value?: string
}

interface Deployed {
  readonly template: { readonly spec: { readonly containers: readonly { readonly env: readonly Variable[] }[] } }
}

/** The variables that the manifests start the operator with; those of the servers' Secret are not among them. */
export function installedEnvironment(): Readonly<Record<string, string>> {
  const [image, namespace] = ['weir.example/weir:bench', 'weir-system']
  const wish = { image, namespace, programs: [], httpPort: 0, shutdownSeconds: 30 }
  const [deployment] = installObjects({ ...wish, clusterRules, leadingRules }).filter(
    ({ kind }) => kind === 'Deployment',
  )
  if (deployment === undefined) throw new Error('the manifests have no Deployment')
  const { template } = deployment['spec'] as Deployed
  const variables = template.spec.containers.flatMap(({ env }) => env)
  return Object.fromEntries(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}

/** A service account with the operator's rights, which it has in the whole cluster, those to its Lease included. */
export function openOperatorAccount({ client, kubeconfig }: BenchGround, namespace: string): Promise<PodAccount> {
  const rules = [...clusterRules, ...leadingRules].map(({ apiGroup, resource, verbs }) => ({
    apiGroups: [apiGroup],
    resources: [resource],
    verbs,
  }))
  return openPodAccount(client, { kubeconfig }, { namespace, rules, isClusterWide: true })
}
