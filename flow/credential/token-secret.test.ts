import { describe, expect, it } from 'vitest'
import type { CredentialSpec } from '../../crds/v1alpha1/credential.ts'
import { expiryOf, fieldsInUse, isOwnedBy, secretsOfCredential, tokenSecretName } from './token-secret.ts'

const uid = '6f1c1a52-0d0e-4b43-9d56-1f6a6d1cf0aa'

function data(fields: Readonly<Record<string, string>>): { readonly data: Readonly<Record<string, string>> } {
  return {
    data: Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
  }
}

function credential(spec: Partial<CredentialSpec> = {}, name = 'crm') {
  const full: CredentialSpec = { type: 'oauth2AuthorizationCode', secretRef: { name: 'given' }, ...spec }
  return { metadata: { name, uid }, spec: full }
}

describe('the Secret with a token', () => {
  it.each([
    { name: 'a', want: 'weir-token-a-6f1c1a52' },
    { name: 'a.b-c', want: 'weir-token-a.b-c-6f1c1a52' },
    // Cut behind a dot, the rest would be no name.
    { name: `${'a'.repeat(232)}.b`, want: `weir-token-${'a'.repeat(232)}-6f1c1a52` },
  ])('has a name of its own for $name', ({ name, want }) => {
    expect(tokenSecretName(credential({}, name))).toBe(want)
  })

  it('has a name that Kubernetes takes, however long the Credential’s is', () => {
    const name = tokenSecretName(credential({}, 'x'.repeat(253)))
    expect(name).toHaveLength(253)
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
  })

  it('belongs to one Credential, and not to the next one of its name', () => {
    const owner = { uid, controller: true }
    expect(isOwnedBy({ metadata: { name: 'x', ownerReferences: [owner] } }, credential())).toBe(true)
    expect(isOwnedBy({ metadata: { name: 'x', ownerReferences: [{ ...owner, uid: 'other' }] } }, credential())).toBe(
      false,
    )
    expect(isOwnedBy({ metadata: { name: 'x' } }, credential())).toBe(false)
  })

  it('is read beside the one that is named, where the type has tokens', () => {
    expect(secretsOfCredential(credential())).toEqual(['given', 'weir-token-crm-6f1c1a52'])
    expect(secretsOfCredential(credential({ type: 'basic' }))).toEqual(['given'])
  })
})

describe('what is in use of a Credential', () => {
  it.each([
    {
      name: 'everything of a type without tokens',
      spec: { type: 'basic' as const },
      secret: { username: 'u', password: 'p', state: 'Ohio' },
      token: undefined,
      want: { kind: 'fields', fields: { username: 'u', password: 'p', state: 'Ohio' }, expiresAt: undefined },
    },
    {
      name: 'a token, and not what gets new ones',
      spec: {},
      secret: { clientId: 'i', clientSecret: 's', refreshToken: 'r', domain: 'd' },
      token: { accessToken: 'a', refreshToken: 'r2', state: '{}', expiresAt: '1970-01-01T00:00:01Z' },
      want: {
        kind: 'fields',
        fields: { clientId: 'i', domain: 'd', accessToken: 'a', expiresAt: '1970-01-01T00:00:01Z' },
        expiresAt: 1000,
      },
    },
    {
      name: 'no expiry of the token before',
      spec: {},
      secret: { accessToken: 'old', expiresAt: '1970-01-01T00:00:01Z' },
      token: { accessToken: 'new' },
      want: { kind: 'fields', fields: { accessToken: 'new' }, expiresAt: undefined },
    },
    {
      name: 'a token that somebody gave, as long as none was got',
      spec: { secretRef: { name: 'given', keys: { accessToken: 'token' } } },
      secret: { token: 'a' },
      token: { state: '{}' },
      want: { kind: 'fields', fields: { accessToken: 'a' }, expiresAt: undefined },
    },
    {
      name: 'nothing without a token',
      spec: {},
      secret: { clientId: 'i' },
      token: undefined,
      want: { kind: 'noToken' },
    },
  ])('$name', ({ spec, secret, token, want }) => {
    expect(fieldsInUse(credential(spec), data(secret), token && data(token))).toEqual(want)
  })

  it.each([
    ['2026-01-01T00:00:00Z', Date.UTC(2026, 0, 1)],
    [' 1767225600 ', Date.UTC(2026, 0, 1)],
    ['1767225600000', Date.UTC(2026, 0, 1)],
    ['in an hour', undefined],
    ['7', 7000],
    ['', undefined],
    ['2026-99-99', undefined],
  ])('expires as "%s" says', (expiresAt, want) => {
    expect(expiryOf({ expiresAt })).toBe(want)
  })
})
