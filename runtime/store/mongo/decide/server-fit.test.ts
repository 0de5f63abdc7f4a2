import { describe, expect, it } from 'vitest'
import { serverMisfit } from './server-fit.ts'

describe('serverMisfit', () => {
  it.each([
    { name: 'a replica set of 6.0', greeting: { setName: 'rs0', maxWireVersion: 17 }, want: undefined },
    { name: 'a router of a sharded cluster', greeting: { msg: 'isdbgrid', maxWireVersion: 25 }, want: undefined },
    { name: 'a replica set of 5.0', greeting: { setName: 'rs0', maxWireVersion: 13 }, want: 'StoreTooOld' },
    { name: 'a server alone', greeting: { maxWireVersion: 21 }, want: 'StoreNotReplicaSet' },
  ])('judges $name', ({ greeting, want }) => {
    expect(serverMisfit(greeting)?.code).toBe(want)
  })
})
