import { describe, expect, it } from 'vitest'
import { withAuthDefaults, type PlanWebhookAuth } from '../../../flow/plan/defaults.ts'
import type { Query } from './request-target.ts'
import { proofOf, schemeOf, verifyCaller } from './verify-caller.ts'

const basic = withAuthDefaults({ basic: { credential: 'c' } })
const key = withAuthDefaults({ apiKey: { credential: 'c' } })
const queryKey = withAuthDefaults({ apiKey: { credential: 'c', in: 'query', name: 'token' } })
const signature = withAuthDefaults({ hmac: { credential: 'c' } })
const login = { username: 'anna', password: 'pa:ss' }
const basicHeader = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

function kindOf(
  auth: PlanWebhookAuth,
  fields: Record<string, string>,
  headers: Record<string, string>,
  query: Query = {},
) {
  return verifyCaller(auth, fields, { headers, query, now: 0 }).kind
}

describe('verifyCaller', () => {
  it.each([
    { name: 'nobody’s name, where none is asked for', auth: { none: {} }, fields: {}, headers: {}, want: 'allowed' },
    { name: 'user name and password', auth: basic, fields: login, headers: basicHeader('anna:pa:ss'), want: 'allowed' },
    {
      name: 'a scheme in lower case',
      auth: basic,
      fields: login,
      headers: { authorization: basicHeader('anna:pa:ss').authorization.replace('Basic', 'basic') },
      want: 'allowed',
    },
    { name: 'another password', auth: basic, fields: login, headers: basicHeader('anna:pass'), want: 'denied' },
    { name: 'another user', auth: basic, fields: login, headers: basicHeader('bert:pa:ss'), want: 'denied' },
    { name: 'no password', auth: basic, fields: login, headers: {}, want: 'denied' },
    { name: 'another scheme', auth: basic, fields: login, headers: { authorization: 'Bearer YTpi' }, want: 'denied' },
    {
      name: 'a password that is not set',
      auth: basic,
      fields: { username: 'anna' },
      headers: basicHeader('anna:'),
      want: 'misconfigured',
    },
    {
      name: 'an empty password',
      auth: basic,
      fields: { username: 'anna', password: '' },
      headers: basicHeader('anna:'),
      want: 'misconfigured',
    },
    {
      name: 'the previous password',
      auth: basic,
      fields: { ...login, previousPassword: 'old' },
      headers: basicHeader('anna:old'),
      want: 'allowed',
    },
    { name: 'a key', auth: key, fields: { key: 'k1' }, headers: { 'x-api-key': 'k1' }, want: 'allowed' },
    {
      name: 'a key under its other name',
      auth: key,
      fields: { apiKey: 'k1' },
      headers: { 'x-api-key': 'k1' },
      want: 'allowed',
    },
    {
      name: 'the previous key',
      auth: key,
      fields: { key: 'k2', previousKey: 'k1' },
      headers: { 'x-api-key': 'k1' },
      want: 'allowed',
    },
    { name: 'another key', auth: key, fields: { key: 'k1' }, headers: { 'x-api-key': 'k' }, want: 'denied' },
    { name: 'no key', auth: key, fields: { key: 'k1' }, headers: {}, want: 'denied' },
    {
      name: 'a key that is not set',
      auth: key,
      fields: { key: '' },
      headers: { 'x-api-key': '' },
      want: 'misconfigured',
    },
    {
      name: 'a key in the query',
      auth: queryKey,
      fields: { key: 'k1' },
      headers: {},
      query: { token: 'k1' },
      want: 'allowed',
    },
    {
      name: 'two keys in the query',
      auth: queryKey,
      fields: { key: 'k1' },
      headers: {},
      query: { token: ['k1', 'k1'] },
      want: 'denied',
    },
    {
      name: 'a key in the wrong place',
      auth: queryKey,
      fields: { key: 'k1' },
      headers: { token: 'k1' },
      want: 'denied',
    },
    { name: 'a way that is not known', auth: {}, fields: {}, headers: {}, want: 'misconfigured' },
  ])('judges $name: $want', ({ auth, fields, headers, query, want }) => {
    expect(kindOf(auth, fields as Record<string, string>, headers as Record<string, string>, query)).toBe(want)
  })
})

describe('proofOf', () => {
  it('is what must not go on into the flow', () => {
    expect(proofOf(basic)).toEqual({ header: 'authorization' })
    expect(proofOf({ jwt: { credential: 'c' } })).toEqual({ header: 'authorization' })
    expect(proofOf(key)).toEqual({ header: 'x-api-key' })
    expect(proofOf(queryKey)).toEqual({ parameter: 'token' })
    expect(proofOf({ none: {} })).toEqual({})
  })
})

describe('schemeOf', () => {
  it('tells a caller how it could say who it is', () => {
    expect([basic, { jwt: { credential: 'c' } }, key, signature].map(schemeOf)).toEqual([
      'Basic realm="webhook", charset="UTF-8"',
      'Bearer',
      'ApiKey',
      'Signature',
    ])
  })
})
