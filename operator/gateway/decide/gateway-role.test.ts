import { describe, expect, it } from 'vitest'
import { gatewayRole, gatewayRoleBinding, grantedCredentials } from './gateway-role.ts'

const access = { credentials: ['login', 'key'], secrets: ['shop-login'] }
const reading = ['get', 'list', 'watch']

describe('what the gateway may read in a namespace', () => {
  it('is what webhooks name, by name', () => {
    const role = gatewayRole('shop', access)
    expect(role).toEqual({
      metadata: {
        name: 'weir-gateway',
        namespace: 'shop',
        labels: { 'app.kubernetes.io/managed-by': 'weir', 'weir.dev/role': 'gateway' },
      },
      rules: [
        { apiGroups: ['weir.dev'], resources: ['credentials'], resourceNames: ['login', 'key'], verbs: reading },
        { apiGroups: [''], resources: ['secrets'], resourceNames: ['shop-login'], verbs: reading },
      ],
    })
    expect(grantedCredentials(role)).toEqual(['login', 'key'])
    expect(grantedCredentials(undefined)).toEqual([])
  })

  it('never is all of a kind', () => {
    expect(gatewayRole('shop', { credentials: ['login'], secrets: [] })?.['rules']).toHaveLength(1)
    expect(gatewayRole('shop', { credentials: [], secrets: [] })).toBeUndefined()
  })

  it('is for one account, of another namespace', () => {
    expect(gatewayRoleBinding('shop', { name: 'weir-gateway', namespace: 'weir-system' })).toMatchObject({
      roleRef: { kind: 'Role', name: 'weir-gateway' },
      subjects: [{ kind: 'ServiceAccount', name: 'weir-gateway', namespace: 'weir-system' }],
    })
  })
})
