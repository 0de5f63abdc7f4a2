import { describe, expect, it } from 'vitest'
import { installObjects, type InstalledObject } from './install-objects.ts'

const objects = installObjects({
  image: 'registry.example/weir:1',
  namespace: 'flows',
  clusterRules: [{ apiGroup: 'weir.dev', resource: 'flows', verbs: ['get', 'patch'] }],
  leadingRules: [{ apiGroup: 'coordination.k8s.io', resource: 'leases', verbs: ['create'] }],
  httpPort: 9464,
  shutdownSeconds: 30,
})

function one(kind: string): InstalledObject {
  return objects.find((object) => object.kind === kind) ?? expect.unreachable(kind)
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

  it('gives the pods of pools the image that the operator has', () => {
    expect(one('Deployment')).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                image: 'registry.example/weir:1',
                env: expect.arrayContaining([{ name: 'WEIR_IMAGE', value: 'registry.example/weir:1' }]) as unknown[],
                envFrom: [{ secretRef: { name: 'weir-servers' } }],
              },
            ],
          },
        },
      },
    })
  })
})
