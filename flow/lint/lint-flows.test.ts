import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contractIndex } from '../component/contract-index.ts'
import { contractOf } from '../component/contract-of.ts'
import { parseManifests } from '../manifest/parse-manifests.ts'
import { sampleContracts, sampleFlows } from '../../test/samples/sample-flows.ts'
import { lintManifests, type LintOptions } from './lint-flows.ts'

/** The flow that the documentation shows. */
const { contacts } = sampleFlows

const around = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:                       # image: … in the cluster; or small code in line:
  dialect: auto             # auto | oih | elasticio
  isolation: process        # process | shared
  source:
    files:                  # without a component.json, each NAME.js that exports process is the action NAME
      upsertVip.js: |
        exports.process = async () => {}
      upsertContact.js: |
        exports.process = async function (msg, cfg, snapshot) {
          return { data: { stored: msg.data.contact.name, by: cfg.username } }
        }
---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: crm}
spec: {image: crm, functions: [{name: getContacts, kind: trigger}]}
---
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: shop-login}
spec: {type: basic, secretRef: {name: shop-login}}     # its fields are merged over the step's config into cfg
---
apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: crm-login}
spec: {type: apiKey, secretRef: {name: crm-key, keys: {key: token}}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-login}
stringData: {username: anna, password: "..."}
---
apiVersion: v1
kind: Secret
metadata: {name: crm-key}
data: {token: c2VjcmV0}
`

function lint(texts: readonly string[], options: Partial<LintOptions> = {}) {
  const parsed = parseManifests(texts.map((text, at) => ({ file: `${at}.yaml`, text })))
  const contracts = contractIndex(
    parsed.manifests.components.flatMap(
      ({ object: { kind, metadata, spec } }) => contractOf({ kind, name: metadata.name, spec }).contract ?? [],
    ),
  )
  return [...parsed.findings, ...lintManifests(parsed, { contracts, strict: false, ...options })]
}

function codesOf(texts: readonly string[], options: Partial<LintOptions> = {}): string[] {
  return lint(texts, options).map(({ severity, code, path }) => `${severity} ${code} ${path}`)
}

describe('lintManifests', () => {
  it('has nothing to say about the flow that the documentation shows', () => {
    expect(lint([contacts, around], { strict: true })).toEqual([])
  })

  it.each(Object.entries(sampleFlows))('lets pass what compiles: %s', (_name, text) => {
    const errors = lint([text], { contracts: contractIndex(sampleContracts) }).filter((one) => one.severity === 'error')
    expect(errors).toEqual([])
  })

  it('lets one delay of a retry move the default of the other out of its way', () => {
    const retried = (retry: string) =>
      contacts.replace('maxAttempts: 5, initialDelaySeconds: 1, maxDelaySeconds: 60', retry)
    expect(codesOf([retried('initialDelaySeconds: 400'), around])).toEqual([])
    expect(codesOf([retried('maxDelaySeconds: 0.5'), around])).toEqual([])
    expect(codesOf([retried('initialDelaySeconds: 400, maxDelaySeconds: 300'), around])).toEqual([
      'error RetryContradiction spec.steps[4].onError.retry.initialDelaySeconds',
    ])
  })

  it('warns of what is in none of the files, and refuses it when strict', () => {
    const wanted = [
      'UnknownComponent spec.steps[0].component',
      'UnknownComponent spec.steps[3].component',
      'UnknownComponent spec.steps[4].component',
      'UnknownCredential spec.steps[0].credential',
      'UnknownCredential spec.steps[3].credential',
      'UnknownCredential spec.steps[4].credential',
    ]
    expect(codesOf([contacts])).toEqual(wanted.map((rest) => `warning ${rest}`))
    expect(codesOf([contacts], { strict: true })).toEqual(wanted.map((rest) => `error ${rest}`))
  })

  it('knows components that are given as code, and credentials that are given by name', () => {
    const named = ['crm', 'shop'].map((name) => ({
      kind: 'Component' as const,
      name,
      dialect: 'oih' as const,
      isolation: 'process' as const,
      functions: Object.fromEntries(
        ['getContacts', 'upsertVip', 'upsertContact'].map((name) => [
          name,
          { name, kind: 'action' as const, main: '', emits: 'many' as const, snapshot: false, checkpoint: false },
        ]),
      ),
    }))
    const options = { contracts: contractIndex(named), strict: true, credentials: ['crm-login', 'shop-login'] }
    expect(codesOf([contacts], options)).toEqual([])
    const bare = 'apiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: crm}\nspec: {dialect: oih}\n'
    expect(codesOf([contacts, bare], { ...options, components: ['crm'] })).toEqual([])
    expect(codesOf([contacts, bare], options)).toEqual(['error ComponentCode spec'])
  })

  it('needs no Secret for a credential that is given by name', () => {
    const credential = around.split('---\n').filter((text) => text.includes('kind: Credential'))
    expect(codesOf(credential, { strict: true, credentials: ['crm-login', 'shop-login'] })).toEqual([])
  })

  it('looks for references in the namespace of the flow alone', () => {
    const moved = contacts.replace('namespace: default', 'namespace: other')
    expect(codesOf([moved, around]).filter((line) => line.includes('Credential'))).toHaveLength(3)
  })

  it('does not call an object unknown that has mistakes of its own', () => {
    const torn = around.replace('type: basic,', 'typ: basic,').replace('image: crm', 'imge: crm')
    expect(codesOf([contacts, torn])).toEqual(['error UnknownField spec.imge', 'error UnknownField spec.typ'])
  })

  it('says of a misspelt edge only that it is misspelt', () => {
    const misspelt = contacts.replace('next: [{to: shape}]', 'next: [{to: shpae}]')
    expect(codesOf([misspelt, around])).toEqual(['error UnknownStep spec.steps[1].next[0].to'])
  })

  it('says of a forgotten next only that it is forgotten', () => {
    const forgotten = contacts.replace('    next: [{to: shape}]\n', '')
    expect(codesOf([forgotten, around])).toEqual(['error MissingNext spec.steps[1]'])
  })

  it('finds mistakes in the rest of a flow that has one in its form', () => {
    const text = contacts
      .replace('    timeoutSeconds: 30', '    timeout: 30')
      .replace('data.spent > 1000', 'data.spent > (1000')
      .replace('Europe/Berlin', 'Europe/Berln')
    expect(codesOf([text, around])).toEqual([
      'error UnknownField spec.steps[4].timeout',
      'error InvalidTimeZone spec.triggers[0].schedule.timeZone',
      'error ExpressionSyntax spec.steps[2].next[0].when',
    ])
  })

  it.each([
    ['timeoutSecond: 30', 'UnknownField spec.steps[4].timeoutSecond'],
    ['timeout: 30', 'UnknownField spec.steps[4].timeout'],
    ['timeoutSeconds: soon', 'WrongType spec.steps[4].timeoutSeconds'],
    ['bind: {a: 1}', 'ExpressionNotString spec.steps[4].bind.a'],
  ])('judges the ways of a flow and its references beside %s', (field, first) => {
    const text = contacts
      .replace('timeoutSeconds: 30', field)
      .replace('next: [{to: shape}]', 'next: [{to: shpae}]')
      .replace('$steps.check.data', '$steps.chekc.data')
    expect(codesOf([text, around])).toEqual([
      `error ${first}`,
      'error UnknownStep spec.steps[1].next[0].to',
      'error UnknownStepReference spec.steps[2].transform',
    ])
  })

  it.each([
    ['    next: [{to: shape}]', '    nxt: [{to: shape}]', 'UnknownField spec.steps[1].nxt'],
    ['    next: [{to: shape}]', '    goto: shape', 'UnknownField spec.steps[1].goto'],
    ['    next: [{to: shape}]', '    next: shape', 'WrongType spec.steps[1].next'],
    ['    to: check', '    target: check', 'UnknownField spec.triggers[1].target'],
    ['- name: check', '- name: Check', 'WrongFormat spec.steps[1].name'],
  ])('says no more of a flow in which for %s stands %s', (right, wrong, code) => {
    expect(codesOf([contacts.replace(right, wrong), around])).toEqual([`error ${code}`])
  })

  it('holds no missing answer against a flow whose misspelt field is about answers', () => {
    const text = `apiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  triggers: [{name: t, webhook: {path: /x, auth: {none: {}}, repyl: sync}}]\n  steps: [{name: a, respond: {}}]\n`
    expect(codesOf([text])).toEqual(['error UnknownField spec.triggers[0].webhook.repyl'])
    expect(codesOf([text.replace('repyl', 'reply').replace('respond', 'respnd')])).toEqual([
      'error UnknownField spec.steps[0].respnd',
    ])
  })

  it('does not hold against a step what follows from a misspelt field', () => {
    const text = contacts.replace('    filter: data.email', '    fitler: data.email')
    expect(codesOf([text, around])).toEqual(['error UnknownField spec.steps[1].fitler'])
  })

  it('finds webhooks that clash across flows of a namespace, and only there', () => {
    const other = contacts.replace('name: contacts', 'name: others')
    expect(codesOf([contacts, other, around])).toEqual(['error WebhookPathClash spec.triggers[1].webhook.path'])
    expect(codesOf([contacts, other.replace('timeoutSeconds:', 'timeoutSecond:'), around])).toEqual([
      'error UnknownField spec.steps[4].timeoutSecond',
      'error WebhookPathClash spec.triggers[1].webhook.path',
    ])
    expect(codesOf([contacts, other.replace('methods: [POST]', 'methods: [PUT]'), around])).toEqual([])
    expect(codesOf([contacts, other.replace('/contacts/changed', '"/contacts/{what}"'), around])).toEqual([])
    expect(codesOf([contacts, other.replace('namespace: default', 'namespace: b')]).join()).not.toContain('Clash')
  })

  it('names the other component kind when the name is one of that', () => {
    const contracts = contractIndex([
      { kind: 'ClusterComponent', name: 'http', dialect: 'oih', isolation: 'shared', functions: {} },
    ])
    const text = contacts.replace('component: crm', 'component: http')
    const [finding] = lint([text, around], { contracts }).filter(({ code }) => code === 'UnknownComponent')
    expect(finding?.message).toContain('write "clusterComponent"')
  })

  it('does not miss config that bind or the credential gives', () => {
    const needs = (steps: string) =>
      codesOf([
        `apiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: c}\nspec:\n  image: c\n  functions: [{name: f, kind: action, config: {required: [url, 'key']}}]\n`,
        `apiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  triggers: [{name: t, manual: {}}]\n  steps: [{name: a, component: c, function: f, ${steps}}]\n`,
      ]).filter((line) => line.includes('Config'))
    expect(needs('config: {}')).toHaveLength(2)
    expect(needs(`bind: {url: data.url}`)).toHaveLength(1)
    expect(needs(`bind: {url: data.url}, config: {key: 1}`)).toEqual([])
    expect(needs('credential: x')).toEqual([])
  })

  it('judges config by schemas of other drafts', () => {
    const flow = `apiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  triggers: [{name: t, manual: {}}]\n  steps: [{name: a, component: c, function: f, config: {count: 0, text: ok}}]\n`
    const schema = {
      $schema: 'http://json-schema.org/draft-04/schema#',
      id: 'http://example.com/config',
      properties: {
        count: { type: 'number', minimum: 0, exclusiveMinimum: true, required: true },
        text: { type: 'string', format: 'whatever', pattern: '^(a+)+$|ok' },
        id: { type: 'object' },
      },
    }
    const component = JSON.stringify({
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'Component',
      metadata: { name: 'c' },
      spec: { image: 'c', functions: [{ name: 'f', kind: 'action', config: schema }] },
    })
    expect(codesOf([flow, component])).toEqual(['error ConfigInvalid spec.steps[0].config.count'])
  })

  it('cannot be hung by the pattern of a component', () => {
    const flow = `apiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  triggers: [{name: t, manual: {}}]\n  steps: [{name: a, component: c, function: f, config: {x: ${'a'.repeat(5000)}!}}]\n`
    const component = `apiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: c}\nspec: {image: c, functions: [{name: f, kind: action, config: {properties: {x: {pattern: '^(a+)+$'}}}}]}\n`
    expect(codesOf([flow, component])).toEqual(['error ConfigInvalid spec.steps[0].config.x'])
  })

  it('never throws, whatever graph a flow makes', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const body = fc.constantFrom(
      { log: 'data' },
      { filter: '$steps.a.data' },
      { split: '$steps.c.data.x-1' },
      { respond: {} },
      { wait: { seconds: 1 } },
      { component: 'shop', function: 'upsertVip' },
      { component: 'crm', function: 'getContacts', order: {} },
      {},
    )
    const edge = fc.record({ to: name, when: fc.constant('data.x'), otherwise: fc.boolean() }, { requiredKeys: ['to'] })
    const rest = fc.record(
      { next: fc.array(edge, { maxLength: 3 }), onError: fc.record({ to: name }) },
      { requiredKeys: [] },
    )
    const step = fc.tuple(name, body, rest).map(([name, body, rest]) => ({ name, ...body, ...rest }))
    const trigger = fc.record(
      {
        name,
        to: name,
        manual: fc.constant({}),
        webhook: fc.constant({ path: '/x', auth: { none: {} }, reply: 'sync' }),
        listen: fc.constant({}),
      },
      { requiredKeys: ['name'] },
    )
    const spec = fc.record({
      triggers: fc.array(trigger, { minLength: 1, maxLength: 3 }),
      steps: fc.array(step, { minLength: 1, maxLength: 6 }),
    })
    fc.assert(
      fc.property(spec, (spec) => {
        const flow = { apiVersion: 'weir.dev/v1alpha1', kind: 'Flow', metadata: { name: 'f' }, spec }
        for (const { message } of lint([JSON.stringify(flow), around]))
          expect(message).not.toMatch(/undefined|\[object/)
      }),
      { numRuns: 200 },
    )
  })
})
