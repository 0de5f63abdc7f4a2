import { describe, expect, it } from 'vitest'
import { parseQueueName, queueHash, queueName } from './queue-name.ts'

const traits = { pool: 'Component/shop', component: 'Component/shop', function: 'put', singleActiveConsumer: false }

describe('queueName', () => {
  it('is the longest that a flow can have, and below the 255 bytes of the broker', () => {
    const flowUid = '8c1f8a0e-5f5b-4a34-a1de-5a7a1f0c0f1d'
    expect(
      queueName({ flowUid, step: 's'.repeat(52), hash: queueHash(traits), revision: 999_999_999 }).length,
    ).toBeLessThanOrEqual(113)
  })

  it.each([
    { flowUid: 'uid', step: 'store', hash: '0123456789ab', revision: 1 },
    { flowUid: 'default_contacts', step: '_core', hash: 'ffffffffffff', revision: 120 },
    { flowUid: 'a.b', step: 'x', hash: '0123456789ab', revision: 7 },
  ])('can be taken apart again: $flowUid $step', (identity) => {
    expect(parseQueueName(queueName(identity))).toEqual(identity)
  })

  it.each(['', 'dead', 'unrouted', 'a.b.c.1', 'uid.s.0123456789ab.0', 'uid.s.0123456789ab.x'])(
    'is not "%s"',
    (name) => {
      expect(parseQueueName(name)).toBeUndefined()
    },
  )
})

describe('queueHash', () => {
  it.each([
    { name: 'pool', other: { pool: 'Component/shop/uid/store' } },
    { name: 'component', other: { component: 'ClusterComponent/shop' } },
    { name: 'function', other: { function: 'get' } },
    { name: 'consumer', other: { singleActiveConsumer: true } },
  ])('depends on the $name', ({ other }) => {
    expect(queueHash({ ...traits, ...other })).not.toBe(queueHash(traits))
  })

  it('is the same in every version: another one would move every queue', () => {
    expect(queueHash(traits)).toMatchInlineSnapshot(`"213d99f0e463"`)
    expect(queueHash({ pool: 'core', singleActiveConsumer: false })).toMatchInlineSnapshot(`"414a5144cfbb"`)
  })
})
