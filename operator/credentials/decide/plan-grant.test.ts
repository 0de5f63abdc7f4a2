import { describe, expect, it } from 'vitest'
import type { CredentialSpec } from '../../../crds/v1alpha1/credential.ts'
import { planGrant, type CredentialSight, type FoundApp } from './plan-grant.ts'

const app: FoundApp = {
  kind: 'found',
  oauth2: { tokenUrl: 'https://crm.test/token', scopes: ['read', 'write'] },
  secretName: 'app-client',
  client: { kind: 'found', fields: { clientId: 'id', clientSecret: 's' } },
}
const code = 'oauth2AuthorizationCode'
const own = { clientId: 'own', clientSecret: 'own-secret', tokenUrl: 'https://own.test' }

function sight(
  type: CredentialSpec['type'],
  fields: Readonly<Record<string, string>>,
  more: Partial<CredentialSight> = {},
  spec: Partial<CredentialSpec> = {},
): CredentialSight {
  const full: CredentialSpec = { type, secretRef: { name: 'given' }, ...spec }
  return { spec: full, secret: { kind: 'found', fields }, app: undefined, keptRefreshToken: undefined, ...more }
}

describe('what a Credential takes', () => {
  it.each<{ readonly name: string; readonly of: CredentialSight; readonly want: object }>([
    {
      name: 'a basic one with both',
      of: sight('basic', { username: 'u', password: 'p' }),
      want: { kind: 'static', expiresAt: undefined },
    },
    {
      name: 'a basic one with an empty one',
      of: sight('basic', { username: 'u', password: ' ' }),
      want: { kind: 'keyMissing', lacking: [['password']] },
    },
    { name: 'an API key by any of its names', of: sight('apiKey', { value: 'k' }), want: { kind: 'static' } },
    {
      name: 'an API key without one',
      of: sight('apiKey', {}),
      want: { kind: 'keyMissing', lacking: [['key', 'apiKey', 'value']] },
    },
    { name: 'an hmac', of: sight('hmac', { secret: 's' }), want: { kind: 'static' } },
    { name: 'jwks', of: sight('jwks', {}), want: { kind: 'keyMissing' } },
    {
      name: 'oauth1',
      of: sight('oauth1', { consumerKey: 'k' }),
      want: { kind: 'keyMissing', lacking: [['consumerSecret']] },
    },
    {
      name: 'mtls as Kubernetes has it',
      of: sight('mtls', { 'tls.crt': 'c', 'tls.key': 'k' }),
      want: { kind: 'static' },
    },
    { name: 'mixed', of: sight('mixed', {}), want: { kind: 'static' } },
    { name: 'one that expires', of: sight('session', { expiresAt: '7' }), want: { kind: 'static', expiresAt: 7_000 } },
    {
      name: 'a key that is mapped and not there',
      of: sight('mixed', {}, {}, { secretRef: { name: 'given', keys: { token: 'tkn' } } }),
      want: { kind: 'keyMissing', lacking: [['token']] },
    },
    {
      name: 'no Secret',
      of: sight('basic', {}, { secret: { kind: 'absent' } }),
      want: { kind: 'secretNotFound', secret: 'given' },
    },
    {
      name: 'a closed Secret',
      of: sight('basic', {}, { secret: { kind: 'denied' } }),
      want: { kind: 'secretDenied', secret: 'given' },
    },
    {
      name: 'a Secret of Weir’s own',
      of: sight('basic', {}, { secret: { kind: 'reserved' } }),
      want: { kind: 'secretReserved', secret: 'given' },
    },
    { name: 'no consent', of: sight(code, own), want: { kind: 'noConsent', secret: 'given' } },
    {
      name: 'a token that somebody gave',
      of: sight(code, { accessToken: 'a', expiresAt: '7' }),
      want: { kind: 'static', expiresAt: 7_000 },
    },
    {
      name: 'a token that nobody can renew',
      of: sight('oauth2ClientCredentials', { accessToken: 'a' }),
      want: { kind: 'static' },
    },
    {
      name: 'a consent',
      of: sight(code, { ...own, refreshToken: 'r' }),
      want: { kind: 'grant', grant: { kind: 'refreshToken', givenRefreshToken: 'r', clientId: 'own' } },
    },
    {
      name: 'a consent that Weir keeps',
      of: sight(code, own, { keptRefreshToken: 'k' }),
      want: { kind: 'grant', grant: { givenRefreshToken: undefined, seed: '' } },
    },
    {
      name: 'a public client',
      of: sight(code, { clientId: 'i', tokenUrl: 'https://a', refreshToken: 'r' }),
      want: { kind: 'grant', grant: { clientSecret: undefined } },
    },
    {
      name: 'an App’s client and scopes',
      of: sight(code, { refreshToken: 'r' }, { app }),
      want: { kind: 'grant', grant: { tokenUrl: 'https://crm.test/token', clientId: 'id', scope: 'read write' } },
    },
    {
      name: 'its own client before the App’s',
      of: sight(code, { ...own, refreshToken: 'r' }, { app }),
      want: {
        kind: 'grant',
        grant: { tokenUrl: 'https://crm.test/token', clientId: 'own', clientSecret: 'own-secret' },
      },
    },
    {
      name: 'its own scopes',
      of: sight('oauth2ClientCredentials', own, {}, { scopes: ['a', 'b'] }),
      want: { kind: 'grant', grant: { kind: 'clientCredentials', scope: 'a b' } },
    },
    {
      name: 'no App',
      of: sight('oauth2ClientCredentials', {}, { app: { kind: 'absent' } }, { app: 'crm' }),
      want: { kind: 'appNotFound', app: 'crm' },
    },
    {
      name: 'an App whose client is closed',
      of: sight('oauth2ClientCredentials', {}, { app: { ...app, client: { kind: 'denied' } } }),
      want: { kind: 'secretDenied', secret: 'app-client' },
    },
    {
      name: 'an App whose client is not there',
      of: sight('oauth2ClientCredentials', {}, { app: { ...app, client: { kind: 'absent' } } }),
      want: { kind: 'secretNotFound', secret: 'app-client' },
    },
    {
      name: 'a client without a secret',
      of: sight('oauth2ClientCredentials', { clientId: 'i', tokenUrl: 'https://a' }),
      want: { kind: 'keyMissing', lacking: [['clientSecret']] },
    },
    {
      name: 'a robot without a key',
      of: sight('jwtBearer', { tokenUrl: 'https://a' }),
      want: { kind: 'keyMissing', lacking: [['privateKey'], ['issuer', 'clientId']] },
    },
    {
      name: 'a robot',
      of: sight('jwtBearer', { tokenUrl: 'https://a', privateKey: 'p', issuer: 'i' }),
      want: { kind: 'grant', grant: { signing: { issuer: 'i', subject: 'i', audience: 'https://a' } } },
    },
  ])('$name', ({ of, want }) => {
    expect(planGrant(of)).toMatchObject(want)
  })

  it('has another grant as soon as anything about it is another', () => {
    const fields = { ...own, refreshToken: 'r' }
    const id = (of: CredentialSight): string => {
      const planned = planGrant(of)
      return planned.kind === 'grant' ? planned.grant.id : planned.kind
    }
    const same = id(sight(code, fields))
    expect(id(sight(code, { ...fields, unrelated: 'x' }))).toBe(same)
    const others = [
      sight(code, { ...fields, refreshToken: 'r2' }),
      sight(code, { ...fields, clientSecret: 'x' }),
      sight(code, { ...fields, tokenUrl: 'https://b' }),
      sight(code, fields, {}, { scopes: ['a'] }),
      sight('oauth2ClientCredentials', fields),
    ]
    expect(new Set([same, ...others.map(id)]).size).toBe(6)
    // What is shown of it says nothing of what is in it.
    expect(same).toMatch(/^[0-9a-f]{32}$/)
  })
})
