import type { MongoFailure } from './mongo-failure.ts'

/** What a server says of itself to `hello`. */
export interface ServerGreeting {
  readonly setName?: string
  /** `isdbgrid` is a router of a sharded cluster. */
  readonly msg?: string
  readonly maxWireVersion: number
}

/** Of MongoDB 6.0. */
const leastWireVersion = 17

/** Why a server cannot keep what a store promises; undefined when it can. */
export function serverMisfit({ setName, msg, maxWireVersion }: ServerGreeting): MongoFailure | undefined {
  if (maxWireVersion < leastWireVersion) {
    const what = `is too old (wire version ${maxWireVersion}): 6.0 or newer is needed`
    return { code: 'StoreTooOld', what, mayRepeat: false }
  }
  if (setName !== undefined || msg === 'isdbgrid') return undefined
  const what =
    'is no replica set, which alone can promise that a write stays: start it with --replSet and run rs.initiate(); one member is enough'
  return { code: 'StoreNotReplicaSet', what, mayRepeat: false }
}
