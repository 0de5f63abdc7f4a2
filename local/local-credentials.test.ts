import { describe, expect, it } from 'vitest'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import { localCredentials } from './local-credentials.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

const { manifests, findings } = parseManifests([
  {
    file: 'credentials.yaml',
    text: `
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: shop-login}
spec: {type: basic, secretRef: {name: shop-login, keys: {password: pass}}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-login}
stringData: {username: anna, pass: from-text}
data: {pass: ${base64('from-data')}, other: ${base64('other-value')}}
---
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: key, namespace: sales}
spec: {type: apiKey, apiKey: {in: query, name: token}, secretRef: {name: key}}
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: sales}
data: {key: ${base64('s3cr3t')}}
---
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: without}
spec: {type: basic, secretRef: {name: nowhere}}
---
apiVersion: weir.dev/v1alpha1
kind: App
metadata: {name: crm, namespace: sales}
spec: {rateBudget: {requests: 100, perSeconds: 60}}
---
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: crm-key, namespace: sales}
spec: {type: apiKey, app: crm, secretRef: {name: key}}
---
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: crm-key}
spec: {type: basic, app: crm, secretRef: {name: shop-login}}
`,
  },
])
const source = (given: Record<string, Record<string, string>> = {}) =>
  localCredentials(manifests, new Map(Object.entries(given)))

describe('localCredentials', () => {
  it('are the manifests of this test, which are right', () => {
    expect(findings).toEqual([])
  })

  it.each([
    {
      name: 'are the fields of the Secret, under the names of the Credential; text wins over data',
      get: ['default', 'shop-login'],
      want: { type: 'basic', fields: { username: 'anna', password: 'from-text', other: 'other-value' } },
    },
    {
      name: 'have what is not secret beside an API key',
      get: ['sales', 'key'],
      want: { type: 'apiKey', fields: { in: 'query', name: 'token', key: 's3cr3t' } },
    },
    { name: 'belong to a namespace', get: ['default', 'key'], want: undefined },
    { name: 'are not there without their Secret', get: ['default', 'without'], want: undefined },
    {
      name: 'are what is given for one without a Secret, of the type of the Credential',
      given: { without: { username: 'eve' } },
      get: ['default', 'without'],
      want: { type: 'basic', fields: { username: 'eve' } },
    },
    {
      name: 'are what is given for one that has a Secret, and nothing of that',
      given: { 'shop-login': { username: 'eve' } },
      get: ['default', 'shop-login'],
      want: { type: 'basic', fields: { username: 'eve' } },
    },
    {
      name: 'are of a mixed type where nothing tells it',
      given: { free: { a: 'b' } },
      get: ['anywhere', 'free'],
      want: { type: 'mixed', fields: { a: 'b' } },
    },
  ] as const)('$name', async ({ get: [namespace, name], want, ...rest }) => {
    expect(await source('given' in rest ? rest.given : {}).get(namespace, name)).toEqual(want)
  })

  it('know what of all of them is secret', () => {
    expect(source({ free: { username: 'eve', token: 'given-one' } }).secrets.toSorted()).toEqual(
      ['from-text', 'given-one', 'other-value', 's3cr3t'].toSorted(),
    )
  })

  it('have the rate budget of their App, given or not, and of none of another namespace', async () => {
    const rateBudget = { app: 'crm', requests: 100, perSeconds: 60, burst: 10 }
    expect(await source().get('sales', 'crm-key')).toMatchObject({ type: 'apiKey', rateBudget })
    expect(await source({ 'crm-key': { key: 'mine' } }).get('sales', 'crm-key')).toMatchObject({
      fields: { key: 'mine' },
      rateBudget,
    })
    expect(await source().get('default', 'crm-key')).not.toHaveProperty('rateBudget')
    expect(await source().get('sales', 'key')).not.toHaveProperty('rateBudget')
  })
})
