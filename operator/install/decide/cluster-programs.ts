import type { InstalledObject } from './installed-object.ts'
import { podSpec } from './restricted-pod.ts'

/** A program that works for all namespaces: the data plane's part of an installation. */
export interface ClusterProgram {
  /** As its objects are called, behind `weir-`. */
  readonly role: string
  /** In every namespace. */
  readonly rules: readonly object[]
  /** Of one that callers from outside speak with, behind a Service. */
  readonly hooksPort?: number
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
/** Of the port, in the pod and the Service. */
const hooks = 'hooks'

/** Account, rights, who may speak with it and where, and its pod. Any number of pods may run; one is enough. */
export function clusterProgramObjects(program: ClusterProgram, wish: ClusterProgramWish): readonly InstalledObject[] {
  const name = `weir-${program.role}`
  const { namespace, httpPort } = wish
  const selected = { 'app.kubernetes.io/name': name }
  const labels = { ...selected, 'app.kubernetes.io/part-of': 'weir' }
  const own = { name, namespace, labels }
  const ports = [httpPort, ...(program.hooksPort === undefined ? [] : [program.hooksPort])]
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
        ingress: [{ ports: ports.map((port) => ({ protocol: 'TCP', port })) }],
      },
    },
    ...(program.hooksPort === undefined ? [] : [serviceOf(own, selected)]),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: own,
      // Without a number of pods it is one, until somebody scales it: whoever does is not to be in conflict with the next apply.
      spec: {
        selector: { matchLabels: selected },
        template: { metadata: { labels }, spec: { serviceAccountName: name, ...podOf(program, wish) } },
      },
    },
  ]
}

/** What an Ingress or an HTTPRoute leads to. */
function serviceOf(metadata: InstalledObject['metadata'], selector: Readonly<Record<string, string>>): InstalledObject {
  const ports = [{ name: hooks, port: 80, targetPort: hooks, protocol: 'TCP' }]
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ports } }
}

function podOf(
  { role, hooksPort }: ClusterProgram,
  { image, httpPort, shutdownSeconds, secret }: ClusterProgramWish,
): object {
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
      ...(hooksPort === undefined ? [] : [{ name: 'WEIR_HOOKS_PORT', value: String(hooksPort) }]),
    ],
    ports: hooksPort === undefined ? [] : [{ name: hooks, containerPort: hooksPort, protocol: 'TCP' }],
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
  })
}
