import { clusterProgramObjects, type ClusterProgram } from './cluster-programs.ts'
import type { InstalledObject } from './installed-object.ts'
import { podSpec } from './restricted-pod.ts'

/** What a role of Kubernetes allows. */
interface Rule {
  readonly apiGroup: string
  readonly resource: string
  readonly verbs: readonly string[]
}

export interface InstallWish {
  /** Of the operator, and of the pods that run flows. */
  readonly image: string
  readonly namespace: string
  readonly clusterRules: readonly Rule[]
  readonly leadingRules: readonly Rule[]
  /** Beside the operator. */
  readonly programs: readonly ClusterProgram[]
  readonly httpPort: number
  /** What has started may take so long after the signal. */
  readonly shutdownSeconds: number
}

const name = 'weir-operator'
/** Which somebody makes: its keys are the variables that the operator cannot do without. */
export const serversSecret = 'weir-servers'
const rbac = 'rbac.authorization.k8s.io'
const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'weir' }

/** All of an installation but the definitions of Weir's kinds, in the order in which they are to be there. */
export function installObjects(wish: InstallWish): readonly InstalledObject[] {
  const { namespace } = wish
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const own = { name, namespace, labels }
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: own, automountServiceAccountToken: false },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name, labels },
      rules: wish.clusterRules.map(policyRule),
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects,
    },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: own, rules: wish.leadingRules.map(policyRule) },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: own,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects,
    },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: own, spec: deploymentSpec(wish) },
    ...wish.programs.flatMap((program) => clusterProgramObjects(program, { ...wish, secret: serversSecret })),
  ]
}

function policyRule({ apiGroup, resource, verbs }: Rule): object {
  return { apiGroups: [apiGroup], resources: [resource], verbs }
}

function deploymentSpec(wish: InstallWish): object {
  const selected = { 'app.kubernetes.io/name': name }
  const spec = podSpec({
    ...wish,
    container: 'operator',
    program: 'operator',
    // Until it is there the pod waits, and says so.
    envFrom: [{ secretRef: { name: serversSecret } }],
    env: [
      { name: 'WEIR_IMAGE', value: wish.image },
      // One arena for all threads: each of several keeps the most that its threads have ever taken.
      { name: 'MALLOC_ARENA_MAX', value: '1' },
    ],
    resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } },
  })
  return {
    selector: { matchLabels: selected },
    template: { metadata: { labels }, spec: { serviceAccountName: name, ...spec } },
  }
}
