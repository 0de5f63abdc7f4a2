import { describe, expect, it } from 'vitest'
import type { ComponentContract } from './component-contract.ts'
import { componentOf, contractIndex } from './contract-index.ts'

const contract = (part: Partial<ComponentContract>): ComponentContract => ({
  kind: 'Component',
  name: 'shop',
  dialect: 'oih',
  isolation: 'process',
  functions: {},
  ...part,
})

describe('contractIndex', () => {
  const own = contract({ namespace: 'team-a' })
  const other = contract({ namespace: 'team-b', name: 'mail' })
  const given = contract({ name: 'crm' })
  const cluster = contract({ kind: 'ClusterComponent', name: 'http', namespace: 'ignored' })
  const index = contractIndex([own, other, given, cluster])

  it.each([
    { name: 'a component of the namespace', kind: 'Component', component: 'shop', namespace: 'team-a', want: own },
    {
      name: 'not one of another namespace',
      kind: 'Component',
      component: 'mail',
      namespace: 'team-a',
      want: undefined,
    },
    {
      name: 'one without a namespace everywhere',
      kind: 'Component',
      component: 'crm',
      namespace: 'team-b',
      want: given,
    },
    {
      name: 'a cluster component everywhere',
      kind: 'ClusterComponent',
      component: 'http',
      namespace: 'x',
      want: cluster,
    },
    { name: 'a cluster component only as such', kind: 'Component', component: 'http', namespace: 'x', want: undefined },
    { name: 'a component only as such', kind: 'ClusterComponent', component: 'crm', namespace: 'x', want: undefined },
    {
      name: 'nothing by an object’s own keys',
      kind: 'Component',
      component: '__proto__',
      namespace: 'x',
      want: undefined,
    },
  ] as const)('finds $name', ({ kind, component, namespace, want }) => {
    expect(index.find({ kind, name: component }, namespace)).toBe(want)
  })

  it('prefers the namespace’s own over one that is known everywhere', () => {
    const everywhere = contract({})
    expect(contractIndex([own, everywhere]).find({ kind: 'Component', name: 'shop' }, 'team-a')).toBe(own)
    expect(contractIndex([own, everywhere]).find({ kind: 'Component', name: 'shop' }, 'team-b')).toBe(everywhere)
  })

  it('takes the later of two with the same key', () => {
    const later = contract({ namespace: 'team-a', isolation: 'shared' })
    expect(contractIndex([own, later]).find({ kind: 'Component', name: 'shop' }, 'team-a')).toBe(later)
  })

  it('names what a namespace may use, sorted and once each', () => {
    const everywhere = contract({})
    const full = contractIndex([own, other, given, cluster, everywhere])
    expect(full.names('Component', 'team-a')).toEqual(['crm', 'shop'])
    expect(full.names('Component', 'team-b')).toEqual(['crm', 'mail', 'shop'])
    expect(full.names('ClusterComponent', 'team-a')).toEqual(['http'])
  })
})

describe('componentOf', () => {
  it('tells a component step from a built-in', () => {
    expect(componentOf({ component: 'shop' })).toEqual({ kind: 'Component', name: 'shop' })
    expect(componentOf({ clusterComponent: 'http' })).toEqual({ kind: 'ClusterComponent', name: 'http' })
    expect(componentOf({})).toBeUndefined()
  })
})
