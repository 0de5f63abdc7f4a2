import { isJsonObject } from './v1alpha1/meta.ts'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from '@marcbachmann/cel-js'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml, parseAllDocuments } from 'yaml'
import type { JsonSchema } from './structural/json-schema.ts'

// CEL's reserved words as Kubernetes escapes them; the fields of ours that are one.
const escaped: Readonly<Record<string, string>> = { function: '__function__', in: '__in__' }

function schemaFrom(file: string): JsonSchema {
  const crd = parseYaml(readFileSync(join(import.meta.dirname, 'generated', file), 'utf8')) as {
    spec: { versions: [{ schema: { openAPIV3Schema: JsonSchema } }] }
  }
  return crd.spec.versions[0].schema.openAPIV3Schema
}

function celValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(celValue)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [escaped[name] ?? name, celValue(field)]))
}

/** Messages of the rules that a value breaks, with the place, as an API server would give them. */
function broken(schema: unknown, value: unknown, path: string, old?: unknown): string[] {
  if (!isJsonObject(schema)) return []
  const rules = (schema['x-kubernetes-validations'] ?? []) as { rule: string; message: string }[]
  const here = rules
    .filter(({ rule }) => old !== undefined || !rule.includes('oldSelf'))
    .filter(({ rule }) => parse(rule)({ self: celValue(value), oldSelf: celValue(old) }) !== true)
    .map(({ message }) => `${path}: ${message}`)
  if (Array.isArray(value))
    return [...here, ...value.flatMap((item, at) => broken(schema['items'], item, `${path}[${at}]`))]
  if (!isJsonObject(value)) return here
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  return [
    ...here,
    ...Object.entries(value).flatMap(([name, field]) =>
      broken(properties[name], field, `${path}.${name}`, isJsonObject(old) ? old[name] : undefined),
    ),
  ]
}

function specOf(file: string): (spec: unknown, old?: unknown) => string[] {
  const properties = schemaFrom(file)['properties'] as Record<string, JsonSchema>
  return (spec, old) => broken(properties['spec'], spec, 'spec', old)
}

const flow = specOf('flows.yaml')
const component = specOf('components.yaml')
const credential = specOf('credentials.yaml')
const app = specOf('apps.yaml')
const revision = specOf('flowrevisions.yaml')

const manual = { name: 'by-hand', manual: {} }
const fetch = { name: 'fetch', component: 'crm', function: 'getContacts' }
const step = (rest: object) => ({ triggers: [manual], steps: [{ name: 'it', ...rest }] })
const trigger = (rest: object) => ({ triggers: [{ name: 'it', ...rest }], steps: [fetch] })
const webhook = (rest: object) => trigger({ webhook: { path: '/a', auth: { none: {} }, ...rest } })

const oneTrigger = 'spec.triggers[0]: a trigger is exactly one of schedule, webhook, poll, listen, manual'
const oneStep =
  'spec.steps[0]: a step is exactly one of component, clusterComponent, transform, set, filter, split, wait, log, fail, respond'
const oneAuth =
  'spec.triggers[0].webhook: auth is exactly one of none, hmac, jwt, basic, apiKey, mtls; to let everybody in write `none: {}`'
const needsFunction =
  'spec.steps[0]: `function` names what the component does: a component step needs it, a built-in has none'
const ofComponent =
  'spec.steps[0]: config, bind, credential, timeoutSeconds, concurrencyPerProcess, order, deduplicate and dedicated belong to a component step'
const waitOne = 'spec.steps[0].wait: wait either `seconds`, or `until` an instant that an expression gives'
const toStep = 'spec: `to` of an edge and of `onError` must be the name of a step'
const missingNext = 'spec: as soon as one step has `next`, every step but the last writes it; `next: []` ends there'

const judges: Readonly<Record<string, (spec: unknown) => string[]>> = {
  Flow: flow,
  Component: component,
  Credential: credential,
}
const examples = globSync('examples/*/**/*.yaml', {
  cwd: join(import.meta.dirname, '..'),
  exclude: (name) => name.includes('node_modules'),
})

describe('the CEL rules', () => {
  it('are shown the examples', () => {
    expect(examples.length).toBeGreaterThan(5)
  })

  it.each(examples)('take %s', (file) => {
    const documents = parseAllDocuments(readFileSync(join(import.meta.dirname, '..', file), 'utf8'))
    const objects = documents.map((document) => document.toJS() as { kind: string; spec: unknown } | null)
    expect(objects.flatMap((object) => (object === null ? [] : (judges[object.kind]?.(object.spec) ?? [])))).toEqual([])
  })
})

describe('the CEL rules of a Flow', () => {
  it.each<{ name: string; spec: unknown; want: string[] }>([
    { name: 'take a trigger of one kind', spec: trigger({ schedule: { cron: '@hourly' } }), want: [] },
    { name: 'refuse a trigger of no kind', spec: trigger({}), want: [oneTrigger] },
    {
      name: 'refuse a trigger of two kinds',
      spec: trigger({ manual: {}, poll: { everySeconds: 1 } }),
      want: [oneTrigger],
    },
    { name: 'refuse a trigger of no kind that leads to a step', spec: trigger({ to: 'fetch' }), want: [oneTrigger] },
    { name: 'take a trigger that leads to a step', spec: trigger({ manual: {}, to: 'fetch' }), want: [] },
    {
      name: 'refuse a trigger that leads nowhere',
      spec: trigger({ manual: {}, to: 'fecth' }),
      want: ["spec: a trigger's `to` must be the name of a step"],
    },
    {
      name: 'take a webhook with one way to tell who calls',
      spec: webhook({ auth: { basic: { credential: 'a' } } }),
      want: [],
    },
    { name: 'refuse a webhook that does not say who may call', spec: webhook({ auth: {} }), want: [oneAuth] },
    {
      name: 'refuse a webhook with two ways',
      spec: webhook({ auth: { none: {}, jwt: { credential: 'a' } } }),
      want: [oneAuth],
    },
    {
      name: 'take a time limit of a synchronous reply',
      spec: webhook({ reply: 'sync', sync: { timeoutSeconds: 5 } }),
      want: [],
    },
    {
      name: 'refuse a time limit without a synchronous reply',
      spec: webhook({ sync: { timeoutSeconds: 5 } }),
      want: ['spec.triggers[0].webhook: `sync` says how to wait for the answer: it needs `reply: sync`'],
    },

    ...[
      { transform: 'data' },
      { set: { a: '1' } },
      { filter: 'true' },
      { split: 'data' },
      { wait: { seconds: 1 } },
      { wait: { until: '$now()' } },
      { log: 'data' },
      { fail: { code: 'No', message: '"no"' } },
      { respond: {} },
    ].map((builtIn) => ({
      name: `take the built-in ${JSON.stringify(builtIn)}`,
      spec: step(builtIn),
      want: [],
    })),
    {
      name: 'take a component step',
      spec: step({
        component: 'a',
        function: 'b',
        config: {},
        bind: {},
        credential: 'c',
        timeoutSeconds: 1,
        concurrencyPerProcess: 2,
        order: {},
        deduplicate: { windowSeconds: 1, key: 'data.id' },
        dedicated: {},
      }),
      want: [],
    },
    { name: 'take a step of the catalogue', spec: step({ clusterComponent: 'http', function: 'request' }), want: [] },
    { name: 'refuse a step that does nothing', spec: step({}), want: [oneStep] },
    { name: 'refuse a step that only has what others have, too', spec: step({ config: {} }), want: [oneStep] },
    {
      name: 'refuse a step that is no more than a function',
      spec: step({ function: 'a' }),
      want: [oneStep, needsFunction],
    },
    {
      name: 'refuse a component step that is something else, too',
      spec: step({ component: 'a', function: 'b', filter: 'true' }),
      want: [oneStep],
    },
    {
      name: 'take a built-in with an edge and one for failures',
      spec: step({ filter: 'true', next: [{ to: 'it' }], onError: { to: 'it' } }),
      want: [],
    },
    {
      name: 'refuse a step that is nothing and leads on',
      spec: step({ next: [{ to: 'it' }], onError: { to: 'it' } }),
      want: [oneStep],
    },
    { name: 'refuse a step that is two things', spec: step({ filter: 'true', transform: 'data' }), want: [oneStep] },
    {
      name: 'refuse a step of two components',
      spec: step({ component: 'a', clusterComponent: 'a', function: 'b' }),
      want: [oneStep],
    },
    { name: 'refuse a component step without a function', spec: step({ component: 'a' }), want: [needsFunction] },
    { name: 'refuse a function of a built-in', spec: step({ filter: 'true', function: 'a' }), want: [needsFunction] },
    ...[
      { config: {} },
      { bind: {} },
      { credential: 'a' },
      { timeoutSeconds: 1 },
      { concurrencyPerProcess: 1 },
      { order: {} },
      { deduplicate: { windowSeconds: 1, key: 'data.id' } },
      { dedicated: {} },
    ].map((rest) => ({
      name: `refuse a built-in with ${Object.keys(rest)[0]}`,
      spec: step({ filter: 'true', ...rest }),
      want: [ofComponent],
    })),
    {
      name: 'take metadata beside a transform',
      spec: step({ transform: 'data', transformMetadata: 'metadata' }),
      want: [],
    },
    {
      name: 'refuse metadata without a transform',
      spec: step({ filter: 'true', transformMetadata: 'metadata' }),
      want: ['spec.steps[0]: `transformMetadata` stands beside a `transform`'],
    },
    { name: 'refuse a wait for two things', spec: step({ wait: { seconds: 1, until: '$now()' } }), want: [waitOne] },
    { name: 'refuse a wait for nothing', spec: step({ wait: {} }), want: [waitOne] },

    {
      name: 'take edges with conditions and one for the rest',
      spec: {
        triggers: [manual],
        steps: [
          {
            ...fetch,
            next: [
              { to: 'a', when: 'true' },
              { to: 'b', otherwise: true },
            ],
          },
          { name: 'a', filter: 'true', next: [] },
          { name: 'b', filter: 'true' },
        ],
      },
      want: [],
    },
    {
      name: 'take `otherwise: false` beside a condition',
      spec: step({ filter: 'true', next: [{ to: 'it', when: 'true', otherwise: false }] }),
      want: [],
    },
    {
      name: 'refuse an edge for some and for the rest',
      spec: step({ filter: 'true', next: [{ to: 'it', when: 'true', otherwise: true }] }),
      want: ['spec.steps[0].next[0]: an edge has either `when` or `otherwise: true`'],
    },
    {
      name: 'refuse two edges for the rest',
      spec: step({
        filter: 'true',
        next: [
          { to: 'it', otherwise: true },
          { to: 'it', otherwise: true },
        ],
      }),
      want: ['spec.steps[0].next: at most one edge of a step is `otherwise: true`'],
    },
    { name: 'refuse an edge to nowhere', spec: step({ filter: 'true', next: [{ to: 'ti' }] }), want: [toStep] },
    {
      name: 'refuse an edge for failures to nowhere',
      spec: step({ filter: 'true', onError: { to: 'ti' } }),
      want: [toStep],
    },
    { name: 'take a sequence', spec: { triggers: [manual], steps: [fetch, { name: 'a', filter: 'true' }] }, want: [] },
    {
      name: 'refuse a step without next among steps with it',
      spec: {
        triggers: [manual],
        steps: [fetch, { name: 'a', filter: 'true', next: [{ to: 'b' }] }, { name: 'b', filter: 'true' }],
      },
      want: [missingNext],
    },
    {
      name: 'refuse to discard and to go on',
      spec: step({ filter: 'true', onError: { then: 'discard', to: 'it' } }),
      want: [
        'spec.steps[0].onError: after the last attempt a message goes either to a step (`to`) or where `then` says',
      ],
    },
    {
      name: 'take pauses that grow',
      spec: step({ filter: 'true', onError: { retry: { initialDelaySeconds: 1, maxDelaySeconds: 1.5 } } }),
      want: [],
    },
    {
      name: 'take one bound of the pauses',
      spec: step({ filter: 'true', onError: { retry: { initialDelaySeconds: 900 } } }),
      want: [],
    },
    {
      name: 'refuse a longest pause below the first',
      spec: step({ filter: 'true', onError: { retry: { initialDelaySeconds: 2.5, maxDelaySeconds: 2 } } }),
      want: ['spec.steps[0].onError.retry: maxDelaySeconds must not be below initialDelaySeconds'],
    },
  ])('$name', ({ spec, want }) => {
    expect(flow(spec)).toEqual(want)
  })
})

describe('the CEL rules of a Component', () => {
  it.each<{ name: string; spec: unknown; want: string[] }>([
    { name: 'take an image', spec: { image: 'a' }, want: [] },
    { name: 'take inline source', spec: { source: { files: { 'a.js': '' } } }, want: [] },
    {
      name: 'refuse both',
      spec: { image: 'a', source: { files: { 'a.js': '' } } },
      want: ["spec: a component's code comes either from an `image` or from inline `source`"],
    },
    {
      name: 'refuse neither',
      spec: {},
      want: ["spec: a component's code comes either from an `image` or from inline `source`"],
    },
    { name: 'take a range of pods', spec: { image: 'a', scaling: { min: 0, max: 1 } }, want: [] },
    {
      name: 'refuse a range upside down',
      spec: { image: 'a', scaling: { min: 2, max: 1 } },
      want: ['spec.scaling: max must not be below min'],
    },
    {
      name: 'take a variable from elsewhere',
      spec: {
        image: 'a',
        env: [
          { name: 'A', valueFrom: {} },
          { name: 'B', value: '' },
        ],
      },
      want: [],
    },
    {
      name: 'refuse a variable from here and elsewhere',
      spec: { image: 'a', env: [{ name: 'A', value: '', valueFrom: {} }] },
      want: ['spec.env[0]: a variable has either a value or valueFrom'],
    },
  ])('$name', ({ spec, want }) => {
    expect(component(spec)).toEqual(want)
  })
})

describe('the CEL rules of a Credential', () => {
  it.each<{ name: string; spec: unknown; want: string[] }>([
    { name: 'take an API key and its place', spec: { type: 'apiKey', apiKey: { in: 'header' } }, want: [] },
    {
      name: 'refuse the place of an API key that is none',
      spec: { type: 'basic', apiKey: {} },
      want: ['spec: `apiKey` says where an API key goes: it needs `type: apiKey`'],
    },
    { name: 'take scopes of a token', spec: { type: 'oauth2ClientCredentials', scopes: ['read'] }, want: [] },
    {
      name: 'refuse scopes of a password',
      spec: { type: 'basic', scopes: ['read'] },
      want: ['spec: `scopes` belong to the types oauth2AuthorizationCode, oauth2ClientCredentials and jwtBearer'],
    },
  ])('$name', ({ spec, want }) => {
    expect(credential(spec)).toEqual(want)
  })
})

describe('the CEL rules of an App', () => {
  it.each<{ name: string; spec: unknown; want: string[] }>([
    { name: 'take an App without a budget', spec: {}, want: [] },
    { name: 'take a budget without a burst', spec: { rateBudget: { requests: 1, perSeconds: 60 } }, want: [] },
    {
      name: 'take a burst of all requests',
      spec: { rateBudget: { requests: 5, perSeconds: 1, burst: 5 } },
      want: [],
    },
    {
      name: 'refuse a burst of more',
      spec: { rateBudget: { requests: 5, perSeconds: 1, burst: 6 } },
      want: ['spec.rateBudget: `burst` must not be more than `requests`'],
    },
  ])('$name', ({ spec, want }) => {
    expect(app(spec)).toEqual(want)
  })
})

describe('the CEL rules of a FlowRevision', () => {
  const old = { flow: 'a', revision: 1, hash: 'h', plan: {} }
  const never = 'spec: a FlowRevision never changes: edit its Flow, and a new one is made'

  it.each([
    { name: 'take what is as it was', spec: { ...old }, want: [] },
    { name: 'refuse another plan', spec: { ...old, plan: { format: 1 } }, want: [never] },
    { name: 'refuse another number', spec: { ...old, revision: 2 }, want: [never] },
  ])('$name', ({ spec, want }) => {
    expect(revision(spec, old)).toEqual(want)
  })
})
