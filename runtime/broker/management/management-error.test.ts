import { describe, expect, it } from 'vitest'
import { PermanentError, TransientError } from '../../error.ts'
import { managementError, requireAdministrator, requireVersion, type ManagementFailure } from './management-error.ts'

const call = { url: new URL('http://weir:s3cret@rabbit.test:15672'), user: 'weir' }
const administer = /rabbit\.test:15672 does not let the user "weir" administrate.*set_user_tags weir administrator/

describe('managementError', () => {
  const status = (status: number, reason: string): ManagementFailure => ({ kind: 'status', status, reason })
  const connection = (code: string): ManagementFailure => ({ kind: 'connection', code, message: `it is ${code}` })

  it.each<{ name: string; failure: ManagementFailure; code: string; message: RegExp }>([
    // The reasons are those of 3.10 and 4.0.
    {
      name: 'a wrong password',
      failure: status(401, 'Login failed'),
      code: 'ManagementLoginRefused',
      message: /check user and password/,
    },
    {
      name: 'a wrong password (4.0)',
      failure: status(401, 'Not_Authorized'),
      code: 'ManagementLoginRefused',
      message: /"weir"/,
    },
    {
      name: 'no tag at all',
      failure: status(401, 'Not management user'),
      code: 'ManagementAccessRefused',
      message: administer,
    },
    {
      name: 'a lesser tag',
      failure: status(401, 'Not administrator user'),
      code: 'ManagementAccessRefused',
      message: administer,
    },
    { name: 'a proxy that refuses', failure: status(403, ''), code: 'ManagementAccessRefused', message: administer },
    { name: 'no plugin there', failure: status(404, ''), code: 'ManagementNotFound', message: /is it enabled.*15672/ },
    {
      name: 'a stranger’s page',
      failure: { kind: 'foreign' },
      code: 'ManagementNotFound',
      message: /is it enabled.*15672/,
    },
    {
      name: 'another protocol',
      failure: connection('HTTPParserError'),
      code: 'ManagementNotFound',
      message: /15672/,
    },
    {
      name: 'a wrong certificate',
      failure: connection('SELF_SIGNED_CERT_IN_CHAIN'),
      code: 'ManagementTlsError',
      message: /certificate/,
    },
    {
      name: 'a refused value',
      failure: status(400, 'bad_request'),
      code: 'ManagementRefused',
      message: /400 bad_request/,
    },
  ])('says that trying again is useless: $name', ({ failure, code, message }) => {
    const error = managementError(call, failure)
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).toContain('http://rabbit.test:15672')
    expect(error.message).not.toContain('s3cret')
  })

  it.each<{ name: string; failure: ManagementFailure; code: string; message: RegExp }>([
    {
      name: 'nobody there',
      failure: connection('ECONNREFUSED'),
      code: 'ManagementUnreachable',
      message: /is it running/,
    },
    {
      name: 'an unknown host',
      failure: connection('ENOTFOUND'),
      code: 'ManagementUnreachable',
      message: /check the host/,
    },
    {
      name: 'a lost connection',
      failure: connection('UND_ERR_SOCKET'),
      code: 'ManagementUnreachable',
      message: /lost the connection/,
    },
    {
      name: 'no answer',
      failure: { kind: 'timeout', afterMs: 20 },
      code: 'ManagementTimeout',
      message: /within 20 ms/,
    },
    { name: 'a failure there', failure: status(500, 'oh'), code: 'ManagementFailed', message: /500 oh/ },
    {
      name: 'a vhost that has just gone',
      failure: status(400, 'vhost_or_user_not_found'),
      code: 'VhostNotFound',
      message: /deleted meanwhile/,
    },
    { name: 'the same for a policy', failure: { kind: 'gone' }, code: 'VhostNotFound', message: /deleted meanwhile/ },
  ])('may work later: $name', ({ failure, code, message }) => {
    const error = managementError(call, failure)
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).not.toContain('s3cret')
  })
})

it('asks for the tag that is needed', () => {
  expect(() => requireAdministrator(call, ['management', 'policymaker'])).toThrow(administer)
  requireAdministrator(call, ['administrator'])
})

it('names a server that is too old', () => {
  expect(() => requireVersion(call, 'is version 3.9.1; upgrade it')).toThrow(
    expect.objectContaining({
      code: 'BrokerTooOld',
      message: expect.stringMatching(/rabbit\.test:15672 is version 3\.9\.1/),
    }),
  )
})
