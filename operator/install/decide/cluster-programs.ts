import type { InstalledObject } from './installed-object.ts'
import { podSpec } from './restricted-pod.ts'

/** A program that works for all namespaces: the data plane's part of an installation. */
export interface ClusterProgram {
  /** As its objects are called, behind `weir-`. */
  readonly role: string
  /** In every namespace. */
  readonly rules: readonly object[]
}

export interface ClusterProgramWish {
  readonly image: string
  readonly namespace: string
  readonly httpPort: number
  readonly shutdownSeconds: number
  /** With the addresses of the servers. */
  readonly secret: string
}

const rbac = 'rbac.authorization.k8s.io'

/** Account, rights, who may speak with it, and its pod. Any number of pods may run; one is enough. */
export function clusterProgramObjects(program: ClusterProgram, wish: ClusterProgramWish): readonly InstalledObject[] {
  const name = `weir-${program.role}`
  const { namespace, httpPort } = wish
  const selected = { 'app.kubernetes.io/name': name }
  const labels = { ...selected, 'app.kubernetes.io/part-of': 'weir' }
  const own = { name, namespace, labels }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: own, automountServiceAccountToken: false },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name, labels }, rules: program.rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name, labels },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: own,
      spec: {
        podSelector: { matchLabels: selected },
        policyTypes: ['Ingress'],
        ingress: [{ ports: [{ protocol: 'TCP', port: httpPort }] }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: own,
      spec: {
        replicas: 1,
        selector: { matchLabels: selected },
        template: { metadata: { labels }, spec: { serviceAccountName: name, ...podOf(program, wish) } },
      },
    },
  ]
}

function podOf({ role }: ClusterProgram, { image, httpPort, shutdownSeconds, secret }: ClusterProgramWish): object {
  const fromSecret = (key: string, optional: boolean): object => ({
    name: key,
    valueFrom: { secretKeyRef: { name: secret, key, ...(optional && { optional }) } },
  })
  return podSpec({
    container: role,
    program: `cluster-${role}`,
    image,
    httpPort,
    shutdownSeconds,
    // Not all that the operator has: neither the management of RabbitMQ nor what passwords are made of.
    env: [
      fromSecret('WEIR_BROKER_URL', false),
      fromSecret('WEIR_STORE_URL', false),
      fromSecret('WEIR_NAMESPACE', true),
      fromSecret('WEIR_LOG_LEVEL', true),
    ],
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
  })
}
