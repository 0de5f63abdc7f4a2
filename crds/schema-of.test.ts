import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { sampleFlows } from '../test/samples/sample-flows.ts'
import { isKindName, kinds, schemaOf, type KindName } from './schema-of.ts'

const { contacts } = sampleFlows
const shop = `
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:
  dialect: auto
  isolation: process
  source:
    files:
      upsertContact.js: |
        exports.process = async function (msg, cfg, snapshot) {
          return { data: { stored: msg.data.contact.name, by: cfg.username } }
        }
`
const login = `
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: shop-login}
spec: {type: basic, secretRef: {name: shop-login}}
`
const secret = `
apiVersion: v1
kind: Secret
metadata: {name: shop-login, creationTimestamp: null, managedFields: [{manager: kubectl}]}
stringData: {username: anna, password: "..."}
`

const ajv = new Ajv({ allErrors: true })

function complaints(kind: KindName, manifest: unknown): string[] {
  ajv.validate(schemaOf(kind), manifest)
  return (ajv.errors ?? []).map(({ instancePath, keyword, params }) => {
    const unknownField: unknown = params['additionalProperty']
    return typeof unknownField === 'string' ? `${instancePath}/${unknownField} unknown` : `${instancePath} ${keyword}`
  })
}

const flowWith = (spec: object) => ({
  apiVersion: 'weir.dev/v1alpha1',
  kind: 'Flow',
  metadata: { name: 'it' },
  spec: { triggers: [{ name: 'by-hand', manual: {} }], steps: [{ name: 'a', filter: 'true' }], ...spec },
})
const withStep = (step: object) => flowWith({ steps: [{ name: 'a', ...step }] })
const withTrigger = (trigger: object) => flowWith({ triggers: [{ name: 'a', ...trigger }] })

describe('schemaOf', () => {
  it('knows every kind as Kubernetes names it, core Secrets too', () => {
    expect(kinds.map(({ apiVersion, kind, plural }) => `${apiVersion} ${kind} ${plural}`)).toEqual([
      'weir.dev/v1alpha1 Flow flows',
      'weir.dev/v1alpha1 Component components',
      'weir.dev/v1alpha1 ClusterComponent clustercomponents',
      'weir.dev/v1alpha1 Credential credentials',
      'weir.dev/v1alpha1 App apps',
      'weir.dev/v1alpha1 FlowRevision flowrevisions',
      'v1 Secret secrets',
    ])
  })

  it('tells a kind from any other word', () => {
    expect(['Flow', 'Secret', 'flow', 'Pod', 'toString'].filter(isKindName)).toEqual(['Flow', 'Secret'])
  })

  it('gives schemas that a strict validator takes', () => {
    const strict = new Ajv({ strict: true, allowUnionTypes: true })
    for (const { kind } of kinds) expect(() => strict.compile(schemaOf(kind)), kind).not.toThrow()
  })

  it.each<{ name: string; kind: KindName; text: string }>([
    { name: 'the flow', kind: 'Flow', text: contacts },
    { name: 'its component', kind: 'Component', text: shop },
    { name: 'its credential', kind: 'Credential', text: login },
    { name: 'its secret, as kubectl gives it', kind: 'Secret', text: secret },
  ])('accepts $name of the guide', ({ kind, text }) => {
    expect(complaints(kind, parse(text))).toEqual([])
  })

  it.each<{ name: string; manifest: unknown; want: string[] }>([
    {
      name: 'any value under config',
      manifest: withStep({ component: 'a', function: 'b', config: { deep: [{ and: null }] } }),
      want: [],
    },
    {
      name: 'a name with two dots of a function',
      manifest: withStep({ component: 'a', function: 'v2.get.all' }),
      want: [],
    },
    {
      name: 'a path with a parameter',
      manifest: withTrigger({ webhook: { path: '/a/{id}/b-c', auth: { none: {} } } }),
      want: [],
    },
    {
      name: 'a mere slash as path',
      manifest: withTrigger({ webhook: { path: '/', auth: { none: {} } } }),
      want: ['/spec/triggers/0/webhook/path minLength', '/spec/triggers/0/webhook/path pattern'],
    },
    { name: 'a misspelt field', manifest: withStep({ fliter: 'true' }), want: ['/spec/steps/0/fliter unknown'] },
    {
      name: 'a misspelt field of the metadata',
      manifest: { ...flowWith({}), metadata: { name: 'it', lables: {} } },
      want: ['/metadata/lables unknown'],
    },
    {
      name: 'a field in an empty object',
      manifest: withTrigger({ manual: { to: 'a' } }),
      want: ['/spec/triggers/0/manual/to unknown'],
    },
    { name: 'an unknown field at the top', manifest: { ...flowWith({}), steps: [] }, want: ['/steps unknown'] },
    {
      name: 'an expression that YAML read as a boolean',
      manifest: withStep({ filter: true }),
      want: ['/spec/steps/0/filter type'],
    },
    {
      name: 'a name with capitals',
      manifest: flowWith({ steps: [{ name: 'Fetch', filter: 'a' }] }),
      want: ['/spec/steps/0/name pattern'],
    },
    {
      name: 'a name of 53 characters',
      manifest: { ...flowWith({}), metadata: { name: 'a'.repeat(53) } },
      want: ['/metadata/name maxLength'],
    },
    { name: 'a flow without steps', manifest: flowWith({ steps: [] }), want: ['/spec/steps minItems'] },
    {
      name: '129 steps',
      manifest: flowWith({ steps: Array.from({ length: 129 }, (_, at) => ({ name: `s${at}`, filter: 'a' })) }),
      want: ['/spec/steps maxItems'],
    },
    {
      name: '17 edges',
      manifest: withStep({ filter: 'a', next: Array.from({ length: 17 }, () => ({ to: 'a' })) }),
      want: ['/spec/steps/0/next maxItems'],
    },
    {
      name: 'seconds below a tenth',
      manifest: withStep({ wait: { seconds: 0.05 } }),
      want: ['/spec/steps/0/wait/seconds minimum'],
    },
    {
      name: 'a time-out above twenty minutes',
      manifest: withStep({ component: 'a', function: 'b', timeoutSeconds: 1201 }),
      want: ['/spec/steps/0/timeoutSeconds maximum'],
    },
    {
      name: 'half an attempt',
      manifest: withStep({ filter: 'a', onError: { retry: { maxAttempts: 1.5 } } }),
      want: ['/spec/steps/0/onError/retry/maxAttempts type'],
    },
    {
      name: 'an unknown choice',
      manifest: withStep({ filter: 'a', onError: { then: 'ignore' } }),
      want: ['/spec/steps/0/onError/then enum'],
    },
    {
      name: 'no auth',
      manifest: withTrigger({ webhook: { path: '/a' } }),
      want: ['/spec/triggers/0/webhook required'],
    },
    {
      name: 'no spec',
      manifest: { apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', metadata: { name: 'a' } },
      want: [' required'],
    },
    { name: 'another version', manifest: { ...flowWith({}), apiVersion: 'weir.dev/v1' }, want: ['/apiVersion enum'] },
  ])('judges $name', ({ manifest, want }) => {
    expect(complaints('Flow', manifest)).toEqual(want)
  })
})
