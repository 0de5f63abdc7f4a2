import { describe, expect, it } from 'vitest'
import { managersOfReplicas, replicasOwner } from './replicas-owner.ts'

const alone = { replicaManagers: ['weir-scaler'], annotations: [undefined, undefined], hasAutoscaler: false }

describe('replicasOwner', () => {
  it.each([
    { name: 'nobody else has written it', given: {}, want: { kind: 'weir' } },
    {
      name: 'somebody has scaled it to zero, which leaves no trace but that it is ours no longer',
      given: { replicaManagers: [] },
      want: { kind: 'other', why: 'manager' },
    },
    {
      name: 'somebody has scaled it by hand',
      given: { replicaManagers: ['weir-scaler', 'kubectl'] },
      want: { kind: 'other', why: 'manager' },
    },
    {
      name: 'somebody has, and gives it back',
      given: { replicaManagers: ['kubectl'], annotations: ['weir', 'none'] },
      want: { kind: 'weir' },
    },
    {
      name: 'the component wants none',
      given: { annotations: [undefined, 'none'] },
      want: { kind: 'other', why: 'annotation' },
    },
    { name: 'the annotation says nothing that is known', given: { annotations: ['yes', ''] }, want: { kind: 'weir' } },
    { name: 'an autoscaler is at work', given: { hasAutoscaler: true }, want: { kind: 'other', why: 'autoscaler' } },
    {
      name: 'an autoscaler is at work, whatever is noted',
      given: { hasAutoscaler: true, annotations: ['weir'] },
      want: { kind: 'other', why: 'autoscaler' },
    },
  ])('when $name', ({ given, want }) => {
    expect(replicasOwner({ ...alone, ...given })).toEqual(want)
  })
})

describe('managersOfReplicas', () => {
  it('finds them by field, the scale subresource included', () => {
    const fieldsV1 = { 'f:spec': { 'f:replicas': {} } }
    const others = { 'f:spec': { 'f:template': {} } }
    expect(
      managersOfReplicas([
        { manager: 'weir-pools', fieldsV1: others },
        { manager: 'kubectl', subresource: 'scale', fieldsV1 },
        { manager: 'x' },
        null,
        'rubbish',
      ]),
    ).toEqual(['kubectl'])
    expect(managersOfReplicas(undefined)).toEqual([])
  })
})
