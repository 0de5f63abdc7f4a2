import { describe, expect, it } from 'vitest'
import { installObjects } from './install-objects.ts'
import type { InstalledObject } from './installed-object.ts'

const objects = installObjects({
  image: 'registry.example/weir:1',
  namespace: 'flows',
  clusterRules: [{ apiGroup: 'weir.dev', resource: 'flows', verbs: ['get', 'patch'] }],
  leadingRules: [{ apiGroup: 'coordination.k8s.io', resource: 'leases', verbs: ['create'] }],
  programs: [
    { role: 'recorder', rules: [{ apiGroups: ['weir.dev'], resources: ['flows'], verbs: ['watch'] }] },
    { role: 'gateway', rules: [], hooksPort: 8080 },
  ],
  httpPort: 9464,
  shutdownSeconds: 30,
})

function one(kind: string, name = 'weir-operator'): InstalledObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  return found ?? expect.unreachable(kind)
}

describe('installObjects', () => {
  it('has the namespace first and the pods last', () => {
    expect(objects.map(({ kind }) => kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'Deployment',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'NetworkPolicy',
      'Deployment',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'NetworkPolicy',
      'Service',
      'Deployment',
    ])
  })

  it('gives the operator what its parts list, and the lease in its own namespace alone', () => {
    expect(one('ClusterRole')['rules']).toEqual([
      { apiGroups: ['weir.dev'], resources: ['flows'], verbs: ['get', 'patch'] },
    ])
    expect(one('Role')).toMatchObject({
      metadata: { namespace: 'flows' },
      rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] }],
    })
    for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
      expect(one(kind)['subjects']).toEqual([{ kind: 'ServiceAccount', name: 'weir-operator', namespace: 'flows' }])
    }
  })

  it('gives the pods of pools the image that the operator has, and the operator one arena of memory', () => {
    expect(one('Deployment')).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                image: 'registry.example/weir:1',
                env: expect.arrayContaining([
                  { name: 'WEIR_IMAGE', value: 'registry.example/weir:1' },
                  { name: 'MALLOC_ARENA_MAX', value: '1' },
                ]) as unknown[],
                envFrom: [{ secretRef: { name: 'weir-servers' } }],
              },
            ],
          },
        },
      },
    })
  })

  it('gives a program for all namespaces its own rights, and of the servers’ Secret no more than their addresses', () => {
    expect(one('ClusterRole', 'weir-recorder')['rules']).toEqual([
      { apiGroups: ['weir.dev'], resources: ['flows'], verbs: ['watch'] },
    ])
    const { spec } = one('Deployment', 'weir-recorder') as unknown as Deployed
    const [container] = spec.template.spec.containers
    expect(container?.command).toEqual(['node', '/opt/weir/runtime/programs/cluster-recorder.mjs'])
    expect(container?.envFrom).toBeUndefined()
    const keys = container?.env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.key ?? [])
    expect(keys).toEqual(['WEIR_BROKER_URL', 'WEIR_STORE_URL', 'WEIR_NAMESPACE', 'WEIR_LOG_LEVEL'])
  })

  it('lets callers reach the gateway, and nobody else by that port', () => {
    expect(one('Service', 'weir-gateway')).toMatchObject({
      metadata: { namespace: 'flows' },
      spec: {
        selector: { 'app.kubernetes.io/name': 'weir-gateway' },
        ports: [{ port: 80, targetPort: 'hooks' }],
      },
    })
    const portsOf = (name: string) => {
      const { spec } = one('NetworkPolicy', name) as unknown as { spec: { ingress: [{ ports: { port: number }[] }] } }
      return spec.ingress[0].ports.map(({ port }) => port)
    }
    expect([portsOf('weir-gateway'), portsOf('weir-recorder')]).toEqual([[9464, 8080], [9464]])
    const { spec } = one('Deployment', 'weir-gateway') as unknown as Deployed
    expect(spec.template.spec.containers[0]).toMatchObject({
      ports: [{ name: 'metrics' }, { name: 'hooks', containerPort: 8080 }],
      env: expect.arrayContaining([{ name: 'WEIR_HOOKS_PORT', value: '8080' }]) as unknown[],
    })
  })
})

interface Deployed {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly DeployedContainer[] } } }
}

interface DeployedContainer {
  readonly command: readonly string[]
  readonly envFrom?: unknown
  readonly env: readonly {
    readonly name: string
    readonly valueFrom?: { readonly secretKeyRef: { readonly key: string } }
  }[]
}
