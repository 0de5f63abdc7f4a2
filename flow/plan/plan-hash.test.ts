import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import type { ComponentContract, FunctionContract } from '../component/component-contract.ts'
import { contractIndex } from '../component/contract-index.ts'
import { compile, type CompileOptions } from './compile.ts'
import { flowOf, sampleContracts, sampleFlows, sampleIndex } from '../../test/samples/sample-flows.ts'

const hashOf = (flow: Flow, options: Partial<CompileOptions> = {}) =>
  compile(flow, { contracts: sampleIndex, revision: 1, ...options }).hash
const samples = Object.entries(sampleFlows).map(([name, yaml]) => ({ name, flow: flowOf(yaml) }))
const contacts = flowOf(sampleFlows.contacts)
const sequence = flowOf(sampleFlows.sequence)
const sync = flowOf(sampleFlows.sync)

/** The value with the keys of every object in another order. */
function shuffled(value: unknown, random: (n: number) => number): unknown {
  if (Array.isArray(value)) return value.map((one) => shuffled(one, random))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => ({ key, one, at: random(1000) }))
  entries.sort((a, b) => a.at - b.at)
  return Object.fromEntries(entries.map(({ key, one }) => [key, shuffled(one, random)]))
}

interface Mutation {
  readonly path: string
  readonly value: unknown
}

/** The value with one of its places changed or taken away, for every place. */
function mutations(value: unknown, path: string): readonly Mutation[] {
  if (Array.isArray(value)) {
    return value.flatMap((one, at) =>
      mutations(one, `${path}[${at}]`).map((changed) => ({ ...changed, value: value.with(at, changed.value) })),
    )
  }
  if (typeof value !== 'object' || value === null) return [{ path, value: otherLeaf(value) }]
  return Object.entries(value).flatMap(([key, one]) => [
    {
      path: `${path}.${key} taken away`,
      value: Object.fromEntries(Object.entries(value).filter(([own]) => own !== key)),
    },
    ...mutations(one, `${path}.${key}`).map((changed) => ({ ...changed, value: { ...value, [key]: changed.value } })),
  ])
}

function otherLeaf(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  return typeof value === 'boolean' ? !value : `${String(value)}x`
}

describe('planHash is the same', () => {
  it.each(samples)('however the YAML of $name is written', ({ flow }) => {
    const layout = fc.record({
      indent: fc.integer({ min: 1, max: 8 }),
      lineWidth: fc.constantFrom(0, 20, 80),
      defaultStringType: fc.constantFrom<'PLAIN' | 'QUOTE_DOUBLE' | 'QUOTE_SINGLE'>(
        'PLAIN',
        'QUOTE_DOUBLE',
        'QUOTE_SINGLE',
      ),
      collectionStyle: fc.constantFrom<'any' | 'block' | 'flow'>('any', 'block', 'flow'),
    })
    fc.assert(
      fc.property(layout, fc.infiniteStream(fc.nat(999)), fc.boolean(), (layout, numbers, isCommented) => {
        const yaml = stringify(
          shuffled(flow, () => numbers.next().value ?? 0),
          layout,
        )
        const commented = isCommented ? `# top\n${yaml}\n# bottom\n` : yaml
        // The library folds some quoted texts so that they come back as others.
        fc.pre(isDeepStrictEqual(flowOf(commented), flow))
        expect(hashOf(flowOf(commented))).toBe(hashOf(flow))
      }),
      { numRuns: 60 },
    )
  })

  const same: { readonly name: string; readonly flow: Flow; readonly options?: Partial<CompileOptions> }[] = [
    { name: 'in another revision', flow: contacts, options: { revision: 7 } },
    {
      name: 'on queues that live already',
      flow: contacts,
      options: { livingQueues: [{ step: 'vip', pool: 'p', hash: 'x', revision: 1 }] },
    },
    {
      name: 'when the flow is suspended',
      flow: { ...contacts, spec: { ...contacts.spec, suspend: true, freeze: true } },
    },
    { name: 'under another name and uid', flow: { ...contacts, metadata: { name: 'other', uid: 'u', generation: 4 } } },
    {
      name: 'with labels that nothing reads',
      flow: { ...contacts, metadata: { ...contacts.metadata, labels: { a: 'b' } } },
    },
    { name: 'with its status', flow: { ...contacts, status: { observedGeneration: 3 } } },
    {
      name: 'with its steps in another order, where every step says what is next',
      flow: withSteps(sync, (steps) => [steps[0]!, ...steps.slice(1).reverse()]),
    },
    {
      name: 'with its triggers in another order',
      flow: { ...contacts, spec: { ...contacts.spec, triggers: contacts.spec.triggers.toReversed() } },
    },
    {
      name: 'with webhook methods in another order',
      flow: flowOf(sampleFlows.sync.replace('[POST, GET]', '[GET, POST]')),
    },
    {
      name: 'with a step that nothing reaches',
      flow: withSteps(contacts, (steps) => [
        ...steps.slice(0, 4),
        { name: 'lost', log: '1', next: [] },
        ...steps.slice(4),
      ]),
    },
  ]

  it.each(same)('$name', ({ flow, options }) => {
    const original = [contacts, sequence, sync].find(({ metadata }) => metadata.name === flow.metadata.name) ?? contacts
    expect(hashOf(flow, options)).toBe(hashOf(original))
  })

  it('when a default is written out', () => {
    const short = `
metadata: {name: x}
spec:
  triggers: [{name: a, schedule: {cron: '@daily'}}, {name: b, webhook: {path: /b, auth: {hmac: {credential: k}}}}, {name: c, poll: {everySeconds: 9}}]
  steps: [{name: s, component: shop, function: upsertVip}, {name: t, clusterComponent: http, function: request}, {name: u, log: data, onError: {}}]`
    const long = `
metadata: {name: x, namespace: default}
spec:
  suspend: false
  update: {pending: finish}
  triggers:
  - {name: a, to: s, schedule: {cron: '@daily', timeZone: UTC, jitterSeconds: 0, missed: latest, overlap: allow}}
  - name: b
    webhook: {path: /b, methods: [POST], reply: accepted, accepted: {status: 202}, auth: {hmac: {credential: k, algorithm: sha256, encoding: hex}}}
  - {name: c, poll: {everySeconds: 9, untilEmpty: false}}
  steps:
  - name: s
    component: shop
    function: upsertVip
    config: {}
    bind: {}
    timeoutSeconds: 60
    concurrencyPerProcess: 1
    onError: {retry: {maxAttempts: 12, initialDelaySeconds: 1, maxDelaySeconds: 300, factor: 2}, then: deadLetter}
    next: [{to: t, otherwise: false}]
  - {name: t, clusterComponent: http, function: request, concurrencyPerProcess: 32, next: [{to: u}]}
  - {name: u, log: data, onError: {then: deadLetter}}`
    expect(hashOf(flowOf(long))).toBe(hashOf(flowOf(short)))
  })

  it('when a component’s titles change, or functions that no step calls', () => {
    const contracts = sampleContracts.map((one) =>
      withFunctions(one, (called) => ({ ...called, title: 'new', description: 'new' }), {
        other: { ...one.functions['x'] } as FunctionContract,
      }),
    )
    for (const { flow } of samples) expect(hashOf(flow, { contracts: contractIndex(contracts) })).toBe(hashOf(flow))
  })

  it('in every version of the compiler', () => {
    expect(Object.fromEntries(samples.map(({ name, flow }) => [name, hashOf(flow)]))).toMatchInlineSnapshot(`
      {
        "contacts": "8bc68beae5df41ea339e3e90e1dafe7b",
        "sequence": "1a29b99e5d3baf341a4e9c82cac46c81",
        "sync": "06eea8da9674cb7afc57184195a13920",
      }
    `)
  })
})

describe('planHash is another', () => {
  /** Says what would hold anyway, or what a flow's revision is not about. */
  const meansNothing =
    /\.(?:suspend|freeze)(?: taken away)?$|^contacts .*\.(?:missed|methods|reply|initialDelaySeconds|factor|then) taken away$|^contacts spec\.steps\[3\]\.next taken away$|^sync spec\.steps\[[34]\]\.next taken away$|^sequence spec\.triggers\[0\]\.to taken away$/

  const changes = samples.flatMap(({ name, flow }) =>
    [...mutations(flow.spec, 'spec')].map(({ path, value }) => ({
      name: `${name} ${path}`,
      flow: { ...flow, spec: value as Flow['spec'] },
      before: hashOf(flow),
    })),
  )

  it('covers every field of the sample flows', () => {
    expect(changes.length).toBeGreaterThan(150)
  })

  it.each(changes.filter(({ name }) => !meansNothing.test(name)))('with $name changed', ({ flow, before }) => {
    let after: string
    try {
      after = hashOf(flow)
    } catch {
      return // the change made a flow that lint refuses
    }
    expect(after).not.toBe(before)
  })

  it('with labels that an expression may read', () => {
    const labelled = { ...sequence, metadata: { ...sequence.metadata, labels: { stage: 'live' } } }
    expect(hashOf(labelled)).not.toBe(hashOf(sequence))
  })

  it('with labels that the answer of a webhook may read', () => {
    const answering = (body: string, stage: string): Flow => ({
      ...contacts,
      metadata: { ...contacts.metadata, labels: { stage } },
      spec: {
        ...contacts.spec,
        triggers: [{ name: 'ask', webhook: { path: '/ask', auth: { none: {} }, accepted: { body } } }],
      },
    })
    expect(hashOf(answering('$flow.labels.stage', 'live'))).not.toBe(hashOf(answering('$flow.labels.stage', 'test')))
    expect(hashOf(answering('$flow.name', 'live'))).toBe(hashOf(answering('$flow.name', 'test')))
  })

  it('with pods of its own for a step', () => {
    const dedicated = withSteps(contacts, (steps) =>
      steps.map((step) => (step.name === 'vip' ? { ...step, dedicated: {} } : step)),
    )
    expect(hashOf(dedicated)).not.toBe(hashOf(contacts))
  })

  const contractChanges: { readonly name: string; readonly change: (one: ComponentContract) => ComponentContract }[] = [
    { name: 'dialect', change: (one) => ({ ...one, dialect: 'elasticio' }) },
    { name: 'isolation', change: (one) => ({ ...one, isolation: 'shared' }) },
    { name: 'file', change: (one) => withFunctions(one, (called) => ({ ...called, main: './else.js' })) },
    {
      name: 'number of emits',
      change: (one) => withFunctions(one, (called) => ({ ...called, emits: called.emits === 'one' ? 'many' : 'one' })),
    },
    { name: 'snapshot', change: (one) => withFunctions(one, (called) => ({ ...called, snapshot: !called.snapshot })) },
    { name: 'checkpoint', change: (one) => withFunctions(one, (called) => ({ ...called, checkpoint: true })) },
    {
      name: 'input schema',
      change: (one) => withFunctions(one, (called) => ({ ...called, input: { type: 'object' } })),
    },
  ]

  it.each(contractChanges)('with another $name in the contract', ({ change }) => {
    expect(hashOf(contacts, { contracts: contractIndex(sampleContracts.map(change)) })).not.toBe(hashOf(contacts))
  })
})

function withSteps(flow: Flow, change: (steps: Flow['spec']['steps']) => Flow['spec']['steps']): Flow {
  return { ...flow, spec: { ...flow.spec, steps: change(flow.spec.steps) } }
}

function withFunctions(
  contract: ComponentContract,
  change: (called: FunctionContract) => FunctionContract,
  more: Readonly<Record<string, FunctionContract>> = {},
): ComponentContract {
  const changed = Object.entries(contract.functions).map(([name, called]) => [name, change(called)] as const)
  return { ...contract, functions: { ...Object.fromEntries(changed), ...more } }
}
