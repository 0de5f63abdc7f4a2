import { parse } from 'yaml'
import type { Flow, FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { ComponentContract, FunctionContract } from '../../flow/component/component-contract.ts'
import { contractIndex } from '../../flow/component/contract-index.ts'

// Flows for tests.

function contract(
  name: string,
  functions: readonly Partial<FunctionContract>[],
  part: Partial<ComponentContract> = {},
): ComponentContract {
  const all = functions.map((own): FunctionContract => {
    const base = { name: 'run', kind: 'action', main: './run.js', emits: 'many', checkpoint: false, ...own } as const
    return { snapshot: base.kind === 'trigger', ...base }
  })
  const byName = Object.fromEntries(all.map((one) => [one.name, one]))
  return { kind: 'Component', name, dialect: 'oih', isolation: 'process', functions: byName, ...part }
}

export const sampleContracts: readonly ComponentContract[] = [
  contract('crm', [
    { name: 'getContacts', kind: 'trigger' },
    { name: 'listen', kind: 'trigger', snapshot: false },
    { name: 'getAll', snapshot: true, checkpoint: true },
  ]),
  contract('shop', [
    { name: 'upsertVip', title: 'Upsert a VIP', config: { type: 'object' } },
    { name: 'upsertContact', emits: 'one' },
    { name: 'count', snapshot: true },
  ]),
  contract('http', [{ name: 'request' }], { kind: 'ClusterComponent', isolation: 'shared', dialect: 'elasticio' }),
]

export const sampleIndex = contractIndex(sampleContracts)

export function flowOf(yaml: string): Flow {
  return parse(yaml) as Flow
}

/** A flow of these steps with one manual trigger; `spec` overrides. */
export function flowWith(steps: FlowSpec['steps'], spec: Partial<FlowSpec> = {}): Flow {
  return {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'Flow',
    metadata: { name: 'sample', namespace: 'default', uid: 'uid-1' },
    spec: { triggers: [{ name: 'by-hand', manual: {} }], steps, ...spec },
  }
}

/** Flow manifests by what they show. */
export const sampleFlows = {
  contacts: `
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: contacts, namespace: default}
spec:
  suspend: false
  triggers:
  - {name: nightly, schedule: {cron: "0 3 * * *", timeZone: Europe/Berlin, jitterSeconds: 30, missed: latest, overlap: forbid}}
  - name: changed
    webhook: {path: /contacts/changed, methods: [POST], auth: {none: {}}, reply: accepted}
    to: check
  - {name: by-hand, manual: {}}
  steps:
  - {name: fetch, component: crm, function: getContacts, config: {pageSize: 100}, credential: crm-login, next: [{to: check}]}
  - name: check
    filter: data.email != null
    next: [{to: shape}]
  - name: shape
    transform: '{"name": data.first & " " & data.last, "from": $trigger.name, "found": $steps.check.data.id}'
    next:
    - {to: vip, when: data.spent > 1000}
    - {to: store, otherwise: true, map: '{"contact": data}'}
  - {name: vip, component: shop, function: upsertVip, credential: shop-login, next: []}
  - name: store
    component: shop
    function: upsertContact
    credential: shop-login
    onError: {retry: {maxAttempts: 5, initialDelaySeconds: 1, maxDelaySeconds: 60, factor: 2}, then: deadLetter}
    timeoutSeconds: 30
`,
  sequence: `
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: sequence, labels: {stage: test}}
spec:
  suspend: true
  update: {pending: follow}
  triggers:
  - {name: feed, listen: {}, to: watch}
  - {name: rhythm, poll: {everySeconds: 60, untilEmpty: true}}
  steps:
  - {name: watch, component: crm, function: listen, onError: {to: repair}}
  - {name: all, component: crm, function: getAll}
  - {name: lines, split: data.lines}
  - {name: later, wait: {seconds: 3600}}
  - {name: fields, set: {id: $string(data.id), stage: $flow.labels.stage, of: $steps.all.metadata}}
  - name: send
    clusterComponent: http
    function: request
    config: {method: PUT}
    bind: {url: '"https://shop.example/lines/" & data.id'}
    credential: http-login
    concurrencyPerProcess: 200
    dedicated: {}
    deduplicate: {windowSeconds: 600, key: data.id}
    onError: {then: discard, retry: {initialDelaySeconds: 600}}
  - {name: note, log: $trigger.scheduledAt}
  - {name: repair, transform: metadata.error, transformMetadata: "{}"}
`,
  sync: `
apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: sync, namespace: team-a}
spec:
  freeze: true
  triggers:
  - name: ask
    webhook:
      path: /ask/{id}
      methods: [POST, GET]
      auth: {hmac: {credential: keys, timestampHeader: x-time}}
      reply: sync
      sync: {timeoutSeconds: 5}
      schema: {type: object}
  steps:
  - {name: known, filter: $exists($trigger.request.params.id), onError: {to: sorry}, next: [{to: count}, {to: due}]}
  - {name: due, wait: {until: data.due}, next: [{to: count}]}
  - {name: count, component: shop, function: count, order: {}, onError: {to: refuse}, next: [{to: answer}]}
  - {name: answer, respond: {status: '201', headers: {x-id: $trigger.request.params.id}, body: '{"count": data}'}, next: []}
  - {name: refuse, fail: {code: NotCounted, message: metadata.error.message}, onError: {to: sorry}, next: []}
  - {name: sorry, respond: {}}
`,
} as const
