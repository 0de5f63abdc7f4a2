import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { HmacAuth } from '../../../crds/v1alpha1/trigger.ts'
import { withAuthDefaults } from '../../../flow/plan/defaults.ts'
import { verifyHmac } from './verify-hmac.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const body = Buffer.from('{"id":1}')
const fields = { secret: 's3cret' }

function sign(
  secret: string,
  data: string | Buffer,
  algorithm = 'sha256',
  encoding: 'hex' | 'base64' | 'base64url' = 'hex',
): string {
  return createHmac(algorithm, secret).update(data).digest(encoding)
}

function verdict(auth: Partial<HmacAuth>, headers: Record<string, string>, given: Record<string, string> = fields) {
  const { hmac } = withAuthDefaults({ hmac: { credential: 'c', ...auth } })
  if (hmac === undefined) throw new Error('hmac stays')
  return verifyHmac(hmac, given, { headers, body, now })
}

describe('verifyHmac', () => {
  it.each([
    { name: 'the default form', auth: {}, headers: { 'x-signature': sign('s3cret', body) } },
    { name: 'upper-case hex', auth: {}, headers: { 'x-signature': sign('s3cret', body).toUpperCase() } },
    {
      name: 'the form of GitHub',
      auth: { header: 'X-Hub-Signature-256', prefix: 'sha256=' },
      headers: { 'x-hub-signature-256': `sha256=${sign('s3cret', body)}` },
    },
    {
      name: 'the form of Shopify',
      auth: { header: 'X-Shopify-Hmac-Sha256', encoding: 'base64' as const },
      headers: { 'x-shopify-hmac-sha256': sign('s3cret', body, 'sha256', 'base64') },
    },
    {
      name: 'sha1 and base64url',
      auth: { algorithm: 'sha1' as const, encoding: 'base64url' as const },
      headers: { 'x-signature': sign('s3cret', body, 'sha1', 'base64url') },
    },
    {
      name: 'sha512',
      auth: { algorithm: 'sha512' as const },
      headers: { 'x-signature': sign('s3cret', body, 'sha512') },
    },
    {
      name: 'a timestamp in seconds',
      auth: { timestampHeader: 'X-Timestamp' },
      headers: { 'x-timestamp': `${now / 1000}`, 'x-signature': sign('s3cret', `${now / 1000}.{"id":1}`) },
    },
    {
      name: 'a timestamp in milliseconds at the edge of its window',
      auth: { timestampHeader: 'X-Timestamp', toleranceSeconds: 10 },
      headers: { 'x-timestamp': `${now - 10_000}`, 'x-signature': sign('s3cret', `${now - 10_000}.{"id":1}`) },
    },
    {
      name: 'a timestamp in words, ahead of us',
      auth: { timestampHeader: 'X-Timestamp' },
      headers: {
        'x-timestamp': '2026-03-01T12:04:59Z',
        'x-signature': sign('s3cret', '2026-03-01T12:04:59Z.{"id":1}'),
      },
    },
  ])('lets $name in', ({ auth, headers }) => {
    expect(verdict(auth, headers as unknown as Record<string, string>)).toEqual({ kind: 'allowed' })
  })

  it.each([
    { name: 'no signature', auth: {}, headers: {} },
    { name: 'an empty one', auth: {}, headers: { 'x-signature': '' } },
    { name: 'another secret', auth: {}, headers: { 'x-signature': sign('other', body) } },
    { name: 'another body', auth: {}, headers: { 'x-signature': sign('s3cret', '{"id":2}') } },
    { name: 'another algorithm', auth: {}, headers: { 'x-signature': sign('s3cret', body, 'sha1') } },
    { name: 'a beginning', auth: {}, headers: { 'x-signature': sign('s3cret', body).slice(0, 20) } },
    { name: 'more than a signature', auth: {}, headers: { 'x-signature': `${sign('s3cret', body)}00` } },
    { name: 'rubbish', auth: {}, headers: { 'x-signature': 'zz zz' } },
    {
      name: 'no prefix where one belongs',
      auth: { prefix: 'sha256=' },
      headers: { 'x-signature': sign('s3cret', body) },
    },
    {
      name: 'no timestamp where one belongs',
      auth: { timestampHeader: 'X-T' },
      headers: { 'x-signature': sign('s3cret', body) },
    },
    {
      name: 'a timestamp that is not signed',
      auth: { timestampHeader: 'X-T' },
      headers: { 'x-t': `${now}`, 'x-signature': sign('s3cret', body) },
    },
    {
      name: 'an old timestamp',
      auth: { timestampHeader: 'X-T', toleranceSeconds: 10 },
      headers: { 'x-t': `${now - 10_001}`, 'x-signature': sign('s3cret', `${now - 10_001}.{"id":1}`) },
    },
    {
      name: 'a timestamp of rubbish',
      auth: { timestampHeader: 'X-T' },
      headers: { 'x-t': 'soon', 'x-signature': sign('s3cret', 'soon.{"id":1}') },
    },
  ])('keeps $name out', ({ auth, headers }) => {
    expect(verdict(auth, headers as unknown as Record<string, string>)).toMatchObject({ kind: 'denied' })
  })

  it('takes both keys during a rotation', () => {
    const both = { secret: 'new', previousSecret: 'old' }
    expect(verdict({}, { 'x-signature': sign('new', body) }, both).kind).toBe('allowed')
    expect(verdict({}, { 'x-signature': sign('old', body) }, both).kind).toBe('allowed')
    expect(verdict({}, { 'x-signature': sign('older', body) }, both).kind).toBe('denied')
  })

  it('lets nobody in by a credential without a secret', () => {
    for (const empty of [{}, { secret: '' }]) {
      expect(verdict({}, { 'x-signature': sign('', body) }, empty as Record<string, string>).kind).toBe('misconfigured')
    }
  })
})
