import { describe, expect, it } from 'vitest'
import { poolIdentity, poolObjectName } from './pool-identity.ts'

const uid = '0a5f1c1e-2f3b-4a5c-8d7e-9f0a1b2c3d4e'
const longest = 'a'.repeat(52)

describe('poolIdentity', () => {
  it.each([
    { pool: 'core', want: { kind: 'core' } },
    { pool: 'Component/shop', want: { kind: 'component', component: { kind: 'Component', name: 'shop' } } },
    {
      pool: `ClusterComponent/http/${uid}/fetch`,
      want: {
        kind: 'dedicated',
        component: { kind: 'ClusterComponent', name: 'http' },
        flowUid: uid,
        step: 'fetch',
      },
    },
  ])('reads $pool', ({ pool, want }) => {
    expect(poolIdentity(pool)).toEqual(want)
  })

  it.each([
    '',
    'Core',
    'core/x',
    'Component/',
    'Component/Shop',
    'Component/-shop',
    'Component/shop/x',
    'Component/shop/../x',
    `Component/${longest}a`,
    'Component/shop\nx',
    'Component/$(reboot)',
    'Secret/x',
    `Component/shop/${uid}/a/b`,
    'Component/ş',
    '__proto__',
  ])('makes nothing of %j', (pool) => {
    expect(poolIdentity(pool)).toBeUndefined()
  })
})

describe('poolObjectName', () => {
  const pools = [
    'core',
    'Component/core',
    'Component/shop',
    'ClusterComponent/shop',
    `Component/${longest}`,
    `Component/${longest.slice(1)}b`,
    `Component/${longest}/${uid}/${longest}`,
    `Component/a-b/${uid}/c`,
    `Component/a/${uid}/b-c`,
    `Component/${'a'.repeat(29)}-b`,
    'nobody’s\u0000 pool/../..',
  ]

  it('gives names that are good for pods, labels and hosts', () => {
    for (const pool of pools) {
      expect(poolObjectName(pool)).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/)
      // With what a Deployment and its ReplicaSet put behind it, a pod's name still is one of a host.
      expect(poolObjectName(pool).length + '-5d4f8c7b9d-x2x4z'.length).toBeLessThanOrEqual(63)
    }
  })

  it('gives each pool its own, always the same', () => {
    expect(new Set(pools.map(poolObjectName)).size).toBe(pools.length)
    expect(poolObjectName('core')).toBe('weir-core')
    expect(poolObjectName('Component/shop')).toBe('weir-shop-0684705cac')
  })
})
