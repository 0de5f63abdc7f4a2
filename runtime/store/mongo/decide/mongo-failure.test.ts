import { describe, expect, it } from 'vitest'
import type { DriverError, ServersSeen } from './mongo-failure.ts'
import { judgeMongoError } from './mongo-failure.ts'

function driverError(changes: Partial<DriverError>): DriverError {
  return { name: 'MongoServerError', message: 'boom', labels: [], ...changes }
}

function unselected(servers: ServersSeen): DriverError {
  return driverError({ name: 'MongoServerSelectionError', message: 'Server selection timed out', servers })
}

describe('judgeMongoError', () => {
  it.each([
    {
      name: 'a server that refuses connections',
      error: unselected({ seen: [{ address: 'a:1', kind: 'Unknown', error: 'connect ECONNREFUSED a:1' }] }),
      want: { code: 'StoreUnreachable', mayRepeat: true, what: expect.stringMatching(/ECONNREFUSED.*host and port/) },
    },
    {
      name: 'members without a primary',
      error: unselected({ setName: 'rs0', seen: [{ address: 'a:1', kind: 'RSSecondary' }] }),
      want: { code: 'StoreUnreachable', mayRepeat: true, what: expect.stringContaining('no primary') },
    },
    {
      name: 'a member of no set, or of another',
      error: unselected({ setName: 'rs0', seen: [] }),
      want: { code: 'StoreNotReplicaSet', what: expect.stringContaining('"rs0"') },
    },
    {
      name: 'a member of a set that was never begun',
      error: unselected({ setName: 'rs0', seen: [{ address: 'a:1', kind: 'RSGhost' }] }),
      want: { code: 'StoreNotReplicaSet', what: expect.stringContaining('rs.initiate()') },
    },
    {
      name: 'a server of long ago',
      error: unselected({ incompatible: 'wire version 6', seen: [] }),
      want: { code: 'StoreTooOld', what: expect.stringContaining('wire version 6') },
    },
    {
      name: 'a certificate that nobody knows',
      error: driverError({ name: 'MongoNetworkError', message: 'self-signed certificate' }),
      want: { code: 'StoreTlsError', mayRepeat: false },
    },
    { name: 'a wrong password', error: driverError({ code: 18 }), want: { code: 'StoreLoginRefused' } },
    {
      name: 'no password',
      error: driverError({ code: 13, message: 'command find requires authentication' }),
      want: { code: 'StoreLoginRefused', what: expect.stringContaining('wants a login') },
    },
    {
      name: 'a missing permission',
      error: driverError({
        code: 13,
        message: 'not authorized on flows to execute command { insert: "plans", s3cret: 1 }',
      }),
      want: { code: 'StoreAccessRefused', what: expect.stringMatching(/to execute insert; .*readWrite/) },
    },
    {
      name: 'a document that is too large',
      error: driverError({ code: 10334 }),
      want: { code: 'StoreDocumentRefused', mayRepeat: false },
    },
    { name: 'a full disk', error: driverError({ code: 14031 }), want: { code: 'StoreFull', mayRepeat: false } },
    { name: 'an own close', error: driverError({ name: 'MongoClientClosedError' }), want: { code: 'StoreClosed' } },
    {
      name: 'a connection that was lost',
      error: driverError({ name: 'MongoNetworkTimeoutError' }),
      want: { code: 'StoreUnreachable', mayRepeat: true },
    },
    {
      name: 'a pool that was cleared by an election',
      error: driverError({ name: 'MongoPoolClearedError' }),
      want: { code: 'StoreUnreachable', mayRepeat: true },
    },
    {
      name: 'a primary that has stepped down',
      error: driverError({ code: 10107 }),
      want: { code: 'StoreUnavailable', mayRepeat: true },
    },
    {
      name: 'what the server says may be tried again',
      error: driverError({ code: 99_999, labels: ['RetryableWriteError'] }),
      want: { code: 'StoreUnavailable', mayRepeat: true },
    },
    { name: 'anything else', error: driverError({ code: 8 }), want: { code: 'StoreUnavailable', mayRepeat: false } },
  ])('knows $name', ({ error, want }) => {
    expect(judgeMongoError(error)).toMatchObject(want)
  })
})
