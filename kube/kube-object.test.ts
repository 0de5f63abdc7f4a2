import { describe, expect, it } from 'vitest'
import { apiVersionOf, keyOf, pathOf, placeOf, type Resource } from './kube-object.ts'

const maps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const roles: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  isNamespaced: false,
}

describe('a path', () => {
  it.each([
    { name: 'all', resource: maps, place: {}, want: '/api/v1/configmaps' },
    { name: 'of a namespace', resource: maps, place: { namespace: 'a' }, want: '/api/v1/namespaces/a/configmaps' },
    {
      name: 'one',
      resource: maps,
      place: { namespace: 'a', name: 'b', subresource: 'status' },
      want: '/api/v1/namespaces/a/configmaps/b/status',
    },
    {
      name: 'in no namespace',
      resource: roles,
      place: { namespace: 'a', name: 'system:x' },
      want: '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax',
    },
    { name: 'a query in a name', resource: maps, place: { name: 'a?b#c%' }, want: '/api/v1/configmaps/a%3Fb%23c%25' },
  ])('$name', ({ resource, place, want }) => {
    expect(pathOf(resource, place)).toBe(want)
  })

  it.each(['', '.', '..', 'a/b', '/'])('never leads elsewhere: %j', (name) => {
    expect(() => pathOf(maps, { name })).toThrow(RangeError)
    expect(() => pathOf(maps, { namespace: name, name: 'a' })).toThrow('cannot stand in a path')
  })
})

it('names an object by its key, and the other way round', () => {
  for (const place of [{ namespace: 'a', name: 'b' }, { name: 'b' }]) {
    expect(placeOf(keyOf({ metadata: place }))).toEqual(place)
  }
  expect([maps, roles].map(apiVersionOf)).toEqual(['v1', 'rbac.authorization.k8s.io/v1'])
})
