/** A rule of a definition, and two manifests that differ in what it is about. */
export interface RuleCase {
  readonly kinds: readonly string[]
  /** Its message. */
  readonly rule: string
  readonly kept: object
  /** Breaks this rule alone. */
  readonly broken: object
  /** What is blamed. */
  readonly field: string
  /** For a rule about changes: what was there before. */
  readonly before?: object
}

const manual = { name: 'by-hand', manual: {} }
const call = { name: 'it', component: 'crm', function: 'getContacts' }
const triggered = (rest: object): object => ({ triggers: [{ name: 'it', ...rest }], steps: [call] })
const webhook = (rest: object): object => triggered({ webhook: { path: '/a', auth: { none: {} }, ...rest } })
const flow = (steps: readonly object[]): object => ({ triggers: [manual], steps })
const calling = (rest: object): object => flow([{ ...call, ...rest }])
const builtIn = (rest: object): object => flow([{ name: 'it', ...rest }])

const ofFlow: readonly Omit<RuleCase, 'kinds'>[] = [
  {
    rule: "a trigger's `to` must be the name of a step",
    kept: triggered({ manual: {}, to: 'it' }),
    broken: triggered({ manual: {}, to: 'ti' }),
    field: 'spec.triggers',
  },
  {
    rule: '`to` of an edge and of `onError` must be the name of a step',
    kept: calling({ next: [{ to: 'it' }] }),
    broken: calling({ next: [{ to: 'ti' }] }),
    field: 'spec.steps',
  },
  {
    rule: '`to` of an edge and of `onError` must be the name of a step',
    kept: flow([
      { ...call, onError: { to: 'b' } },
      { name: 'b', log: 'data' },
    ]),
    broken: calling({ onError: { to: 'b' } }),
    field: 'spec.steps',
  },
  {
    rule: 'as soon as one step has `next`, every step but the last writes it; `next: []` ends there',
    kept: flow([
      { ...call, next: [] },
      { name: 'a', filter: 'true', next: [{ to: 'b' }] },
      { name: 'b', log: 'data' },
    ]),
    broken: flow([call, { name: 'a', filter: 'true', next: [{ to: 'b' }] }, { name: 'b', log: 'data' }]),
    field: 'spec.steps',
  },
  {
    rule: 'a trigger is exactly one of schedule, webhook, poll, listen, manual',
    kept: triggered({ schedule: { cron: '@hourly' } }),
    broken: triggered({ schedule: { cron: '@hourly' }, listen: {} }),
    field: 'spec.triggers[0].name',
  },
  {
    rule: '`sync` says how to wait for the answer: it needs `reply: sync`',
    kept: webhook({ reply: 'sync', sync: { timeoutSeconds: 5 } }),
    broken: webhook({ reply: 'accepted', sync: { timeoutSeconds: 5 } }),
    field: 'spec.triggers[0].webhook.sync',
  },
  {
    rule: 'auth is exactly one of none, hmac, jwt, basic, apiKey, mtls; to let everybody in write `none: {}`',
    kept: webhook({ auth: { jwt: { credential: 'a' } } }),
    broken: webhook({ auth: {} }),
    field: 'spec.triggers[0].webhook.auth',
  },
  {
    rule: 'a step is exactly one of component, clusterComponent, transform, set, filter, split, wait, log, fail, respond',
    kept: builtIn({ transform: 'data' }),
    broken: builtIn({ transform: 'data', split: 'data' }),
    field: 'spec.steps[0].name',
  },
  {
    rule: '`function` names what the component does: a component step needs it, a built-in has none',
    kept: builtIn({ clusterComponent: 'http', function: 'request' }),
    broken: builtIn({ clusterComponent: 'http' }),
    field: 'spec.steps[0].function',
  },
  {
    rule: 'config, bind, credential, timeoutSeconds, concurrencyPerProcess, order, deduplicate and dedicated belong to a component step',
    kept: calling({ config: { a: 1 }, bind: { b: 'data' }, credential: 'c' }),
    broken: builtIn({ filter: 'true', credential: 'c' }),
    field: 'spec.steps[0].name',
  },
  {
    rule: 'config, bind, credential, timeoutSeconds, concurrencyPerProcess, order, deduplicate and dedicated belong to a component step',
    kept: calling({ timeoutSeconds: 1, order: {}, deduplicate: { windowSeconds: 1, key: 'data.id' }, dedicated: {} }),
    broken: builtIn({ filter: 'true', order: {} }),
    field: 'spec.steps[0].name',
  },
  {
    rule: '`transformMetadata` stands beside a `transform`',
    kept: builtIn({ transform: 'data', transformMetadata: 'metadata' }),
    broken: builtIn({ filter: 'true', transformMetadata: 'metadata' }),
    field: 'spec.steps[0].transformMetadata',
  },
  {
    rule: 'at most one edge of a step is `otherwise: true`',
    kept: calling({
      next: [
        { to: 'it', otherwise: true },
        { to: 'it', when: 'true', otherwise: false },
      ],
    }),
    broken: calling({
      next: [
        { to: 'it', otherwise: true },
        { to: 'it', otherwise: true },
      ],
    }),
    field: 'spec.steps[0].next',
  },
  {
    rule: 'wait either `seconds`, or `until` an instant that an expression gives',
    kept: builtIn({ wait: { until: '$now()' } }),
    broken: builtIn({ wait: { until: '$now()', seconds: 1 } }),
    field: 'spec.steps[0].wait.seconds',
  },
  {
    rule: 'an edge has either `when` or `otherwise: true`',
    kept: calling({ next: [{ to: 'it', when: 'true' }] }),
    broken: calling({ next: [{ to: 'it', when: 'true', otherwise: true }] }),
    field: 'spec.steps[0].next[0].when',
  },
  {
    rule: 'after the last attempt a message goes either to a step (`to`) or where `then` says',
    kept: calling({ onError: { then: 'discard' } }),
    broken: calling({ onError: { then: 'discard', to: 'it' } }),
    field: 'spec.steps[0].onError.to',
  },
  {
    rule: 'maxDelaySeconds must not be below initialDelaySeconds',
    kept: calling({ onError: { retry: { initialDelaySeconds: 1, maxDelaySeconds: 1.5 } } }),
    broken: calling({ onError: { retry: { initialDelaySeconds: 2.5, maxDelaySeconds: 2 } } }),
    field: 'spec.steps[0].onError.retry.maxDelaySeconds',
  },
]

const ofComponent: readonly Omit<RuleCase, 'kinds'>[] = [
  {
    rule: "a component's code comes either from an `image` or from inline `source`",
    kept: { source: { files: { 'a.js': '' } } },
    broken: { image: 'a', source: { files: { 'a.js': '' } } },
    field: 'spec.image',
  },
  {
    rule: 'max must not be below min',
    kept: { image: 'a', scaling: { min: 2, max: 2 } },
    broken: { image: 'a', scaling: { min: 2, max: 1 } },
    field: 'spec.scaling.max',
  },
  {
    rule: 'a variable has either a value or valueFrom',
    kept: { image: 'a', env: [{ name: 'A', valueFrom: {} }] },
    broken: { image: 'a', env: [{ name: 'A', value: '', valueFrom: {} }] },
    field: 'spec.env[0].valueFrom',
  },
]

const secret = { secretRef: { name: 'a' } }

const ofCredential: readonly Omit<RuleCase, 'kinds'>[] = [
  {
    rule: '`apiKey` says where an API key goes: it needs `type: apiKey`',
    kept: { type: 'apiKey', apiKey: { in: 'header' }, ...secret },
    broken: { type: 'basic', apiKey: { in: 'header' }, ...secret },
    field: 'spec.apiKey',
  },
  {
    rule: '`scopes` belong to the types oauth2AuthorizationCode, oauth2ClientCredentials and jwtBearer',
    kept: { type: 'jwtBearer', scopes: ['read'], ...secret },
    broken: { type: 'session', scopes: ['read'], ...secret },
    field: 'spec.scopes',
  },
]

const ofApp: readonly Omit<RuleCase, 'kinds'>[] = [
  {
    rule: '`burst` must not be more than `requests`',
    kept: { rateBudget: { requests: 5, perSeconds: 1, burst: 5 } },
    broken: { rateBudget: { requests: 5, perSeconds: 1, burst: 6 } },
    field: 'spec.rateBudget.burst',
  },
]

const revision = { flow: 'a', revision: 1, hash: 'h', plan: { steps: [1] } }

const ofFlowRevision: readonly Omit<RuleCase, 'kinds'>[] = [
  {
    rule: 'a FlowRevision never changes: edit its Flow, and a new one is made',
    before: revision,
    kept: revision,
    broken: { ...revision, plan: { steps: [2] } },
    field: 'spec.plan',
  },
]

/** At least one for each rule of the definitions: a test holds that none is missing. */
export const ruleCases: readonly RuleCase[] = [
  ...ofFlow.map((rule) => ({ ...rule, kinds: ['Flow'] })),
  ...ofComponent.map((rule) => ({ ...rule, kinds: ['Component', 'ClusterComponent'] })),
  ...ofCredential.map((rule) => ({ ...rule, kinds: ['Credential'] })),
  ...ofApp.map((rule) => ({ ...rule, kinds: ['App'] })),
  ...ofFlowRevision.map((rule) => ({ ...rule, kinds: ['FlowRevision'] })),
]
