/** What a role of Kubernetes allows. */
interface Rule {
  readonly apiGroup: string
  readonly resource: string
  readonly verbs: readonly string[]
}

/** An object of Kubernetes, as it is applied. */
export interface InstalledObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export interface InstallWish {
  /** Of the operator, and of the pods that run flows. */
  readonly image: string
  readonly namespace: string
  readonly clusterRules: readonly Rule[]
  readonly leadingRules: readonly Rule[]
  readonly httpPort: number
  /** What has started may take so long after the signal. */
  readonly shutdownSeconds: number
}

const name = 'weir-operator'
/** Which somebody makes: its keys are the variables that the operator cannot do without. */
export const serversSecret = 'weir-servers'
const rbac = 'rbac.authorization.k8s.io'
const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'weir' }
/** The operator's own last word, and one for the kubelet. */
const lastWordSeconds = 15

/** All of an operator but the definitions of Weir's kinds, in the order in which they are to be there. */
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
  ]
}

function policyRule({ apiGroup, resource, verbs }: Rule): object {
  return { apiGroups: [apiGroup], resources: [resource], verbs }
}

function deploymentSpec(wish: InstallWish): object {
  const selected = { 'app.kubernetes.io/name': name }
  return {
    replicas: 1,
    selector: { matchLabels: selected },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        automountServiceAccountToken: true,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: wish.shutdownSeconds + lastWordSeconds,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          runAsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [operatorContainer(wish)],
      },
    },
  }
}

function operatorContainer({ image, httpPort, shutdownSeconds }: InstallWish): object {
  const probe = (path: string): object => ({ httpGet: { path, port: 'metrics' } })
  const variables = {
    WEIR_IMAGE: image,
    WEIR_HTTP_PORT: String(httpPort),
    WEIR_SHUTDOWN_SECONDS: String(shutdownSeconds),
  }
  return {
    name: 'operator',
    image,
    command: ['node', '/opt/weir/runtime/programs/operator.mjs'],
    // Until it is there the pod waits, and says so.
    envFrom: [{ secretRef: { name: serversSecret } }],
    env: Object.entries(variables).map(([variable, value]) => ({ name: variable, value })),
    ports: [{ name: 'metrics', containerPort: httpPort, protocol: 'TCP' }],
    startupProbe: { ...probe('/livez'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 5 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    resources: { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '512Mi' } },
  }
}
