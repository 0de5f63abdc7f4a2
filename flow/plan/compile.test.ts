import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import { contractIndex } from '../component/contract-index.ts'
import { compile } from './compile.ts'
import type { ComponentPlanStep, Plan } from './plan.ts'
import { livingQueuesOf } from './queue-name.ts'
import { flowOf, flowWith, sampleFlows, sampleIndex } from '../../test/samples/sample-flows.ts'

const planOf = (steps: readonly Step[], triggers?: readonly Trigger[]): Plan =>
  compile(flowWith(steps, triggers === undefined ? {} : { triggers }), { contracts: sampleIndex, revision: 1 })
const sample = (name: keyof typeof sampleFlows): Plan =>
  compile(flowOf(sampleFlows[name]), { contracts: sampleIndex, revision: 1 })
const entriesOf = (plan: Plan) => Object.fromEntries(plan.stages.map(({ name, entries }) => [name, entries.join(' ')]))
const store: Step = { name: 'store', component: 'shop', function: 'upsertContact' }
const componentStep = (step: Partial<Step>): ComponentPlanStep =>
  planOf([{ ...store, ...step }]).steps['store'] as ComponentPlanStep

describe('compile: defaults', () => {
  it('gives a component step attempts, a time-out and one message at a time', () => {
    expect(componentStep({})).toMatchObject({
      timeoutSeconds: 60,
      concurrencyPerProcess: 1,
      ordered: false,
      config: {},
      bind: {},
      onError: {
        retry: { maxAttempts: 12, initialDelaySeconds: 1, maxDelaySeconds: 300, factor: 2 },
        then: 'deadLetter',
      },
    })
  })

  const shared: Step = { name: 'store', clusterComponent: 'http', function: 'request' }
  const counted: { readonly name: string; readonly step: Step; readonly want: number }[] = [
    { name: 'a shared component', step: shared, want: 32 },
    { name: 'what the step says', step: { ...store, concurrencyPerProcess: 7 }, want: 7 },
    { name: 'an ordered step, whatever it says', step: { ...shared, concurrencyPerProcess: 7, order: {} }, want: 1 },
    { name: 'a function with a snapshot', step: { ...store, function: 'count', concurrencyPerProcess: 7 }, want: 1 },
    {
      name: 'a trigger function',
      step: { ...store, component: 'crm', function: 'listen', concurrencyPerProcess: 7 },
      want: 1,
    },
  ]

  it.each(counted)('runs $want at a time for $name', ({ step, want }) => {
    expect(planOf([step]).steps['store']).toMatchObject({ concurrencyPerProcess: want })
  })

  it.each([
    {
      name: 'one field',
      retry: { maxAttempts: 3 },
      want: { maxAttempts: 3, initialDelaySeconds: 1, maxDelaySeconds: 300 },
    },
    {
      name: 'a long first pause',
      retry: { initialDelaySeconds: 600 },
      want: { initialDelaySeconds: 600, maxDelaySeconds: 600 },
    },
    {
      name: 'a short last pause',
      retry: { maxDelaySeconds: 0.5 },
      want: { initialDelaySeconds: 0.5, maxDelaySeconds: 0.5 },
    },
  ])('fills up a retry with $name', ({ retry, want }) => {
    expect(componentStep({ onError: { retry } }).onError.retry).toMatchObject(want)
  })

  it('gives built-ins one attempt, whatever is written', () => {
    const plan = planOf([{ name: 'f', filter: 'true', onError: { retry: { maxAttempts: 5 }, then: 'discard' } }])
    expect(plan.steps['f']?.onError).toMatchObject({ retry: { maxAttempts: 1 }, then: 'discard' })
  })

  it('fills up the triggers', () => {
    const triggers: Trigger[] = [
      { name: 'a', schedule: { cron: '@daily' } },
      { name: 'b', poll: { everySeconds: 5 } },
      { name: 'c', webhook: { path: '/c', auth: { hmac: { credential: 'k' } } } },
      { name: 'd', webhook: { path: '/d', auth: { apiKey: { credential: 'k' } }, reply: 'sync' } },
    ]
    expect(planOf([store], triggers).triggers.map(({ spec }) => spec)).toMatchObject([
      { schedule: { timeZone: 'UTC', jitterSeconds: 0, missed: 'latest', overlap: 'allow' } },
      { poll: { untilEmpty: false } },
      {
        webhook: {
          methods: ['POST'],
          reply: 'accepted',
          accepted: { status: 202 },
          auth: { hmac: { algorithm: 'sha256', encoding: 'hex' } },
        },
      },
      { webhook: { sync: { timeoutSeconds: 30, onTimeout: 'accepted' }, auth: { apiKey: { in: 'header' } } } },
    ])
  })

  it('takes an unnamed namespace for default, and a flow without uid for the only one of its name', () => {
    const { flow } = sample('sequence')
    expect(flow).toMatchObject({ namespace: 'default', uid: 'default_sequence', suspend: true, pending: 'follow' })
  })
})

describe('compile: triggers', () => {
  it.each<{ trigger: Omit<Trigger, 'name'>; want: object }>([
    {
      trigger: { schedule: { cron: '0 3 * * *' } },
      want: { schedule: { cron: '0 3 * * *', timeZone: 'UTC', jitterSeconds: 0, missed: 'latest', overlap: 'allow' } },
    },
    { trigger: { poll: { everySeconds: 5 } }, want: { poll: { everySeconds: 5, untilEmpty: false } } },
    {
      trigger: { webhook: { path: '/x', auth: { apiKey: { credential: 'c' } } } },
      want: {
        webhook: {
          path: '/x',
          methods: ['POST'],
          reply: 'accepted',
          maxBodyBytes: 1_048_576,
          auth: { apiKey: { credential: 'c', in: 'header', name: 'X-API-Key' } },
          accepted: { status: 202 },
          sync: { timeoutSeconds: 30, onTimeout: 'accepted' },
        },
      },
    },
  ])('have every default in $trigger', ({ trigger, want }) => {
    expect(planOf([store], [{ name: 't', ...trigger }]).triggers[0]?.spec).toEqual({ name: 't', ...want })
  })
})

describe('compile: stages', () => {
  it('fuses built-ins behind the component that feeds them, in every stage that reaches them', () => {
    expect(entriesOf(sample('contacts'))).toEqual({
      _core: 'check shape',
      fetch: 'fetch check shape',
      vip: 'vip',
      store: 'store',
    })
  })

  it('makes one core stage of a flow without components', () => {
    const plan = planOf([
      { name: 'a', filter: 'true' },
      { name: 'b', log: 'data' },
    ])
    expect(entriesOf(plan)).toEqual({ _core: 'a b' })
    expect(plan.stages[0]).toMatchObject({ pool: 'core', singleActiveConsumer: false, snapshot: 'none' })
  })

  it('makes no core stage where triggers reach components alone', () => {
    expect(entriesOf(planOf([store, { name: 'log', log: 'data' }]))).toEqual({ store: 'store log' })
  })

  it('makes error handlers entries of the stages whose steps name them, and of what is fused there', () => {
    expect(entriesOf(sample('sync'))).toEqual({
      _core: 'known due sorry',
      count: 'count answer refuse sorry',
    })
  })

  it('copies a handler into each stage whose step names it', () => {
    const handled = { onError: { to: 'repair' } }
    const plan = planOf([
      { ...store, ...handled },
      { ...store, name: 'again', ...handled },
      { name: 'repair', log: 'metadata.error' },
    ])
    expect(entriesOf(plan)).toEqual({ store: 'store repair', again: 'again repair' })
  })

  it('gives a component that handles errors a stage of its own', () => {
    const plan = planOf([
      { ...store, onError: { to: 'mail' } },
      { ...store, name: 'mail' },
    ])
    expect(entriesOf(plan)).toEqual({ store: 'store', mail: 'mail' })
    expect(plan.steps['store']?.next).toEqual([])
  })

  it('leaves out what no trigger reaches', () => {
    const plan = planOf([
      { ...store, next: [] },
      { ...store, name: 'lost', next: [{ to: 'store' }] },
    ])
    expect(Object.keys(plan.steps)).toEqual(['store'])
    expect(entriesOf(plan)).toEqual({ store: 'store' })
  })

  it.each([
    { name: 'a plain action', called: ['shop', 'upsertVip'], want: { singleActiveConsumer: false, snapshot: 'none' } },
    {
      name: 'an ordered action',
      called: ['shop', 'upsertVip'],
      order: {},
      want: { singleActiveConsumer: true, snapshot: 'none' },
    },
    {
      name: 'an action with a snapshot',
      called: ['shop', 'count'],
      want: { singleActiveConsumer: true, snapshot: 'settlement' },
    },
    { name: 'a trigger', called: ['crm', 'getContacts'], want: { singleActiveConsumer: true, snapshot: 'settlement' } },
    {
      name: 'a trigger without a cursor',
      called: ['crm', 'listen'],
      want: { singleActiveConsumer: true, snapshot: 'none' },
    },
    {
      name: 'an action that writes on the way',
      called: ['crm', 'getAll'],
      want: { singleActiveConsumer: true, snapshot: 'checkpoint' },
    },
  ])('consumes $name as it must', ({ called: [component = '', called = ''], order, want }) => {
    const step: Step = { name: 'x', component, function: called, ...(order && { order }) }
    expect(planOf([step]).stages[0]).toMatchObject({ name: 'x', pool: `Component/${component}`, ...want })
  })

  it('gives a dedicated step a pool of its own', () => {
    expect(planOf([{ ...store, dedicated: {} }]).stages[0]?.pool).toBe('Component/shop/uid-1/store')
  })

  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const randomFlow = fc
    .array(
      fc.record({
        isComponent: fc.boolean(),
        next: fc.array(fc.nat(), { maxLength: 3 }),
        handler: fc.option(fc.nat()),
      }),
      {
        minLength: 1,
        maxLength: names.length,
      },
    )
    .map((parts) =>
      parts.map(({ isComponent, next, handler }, at): Step => {
        // Only forwards, so that there is no cycle.
        const later = (n: number) => names[at + 1 + (n % (parts.length - at - 1))] ?? 'a'
        const isLast = at === parts.length - 1
        return {
          ...(isComponent ? { ...store, name: names[at] ?? '' } : { name: names[at] ?? '', filter: 'true' }),
          next: isLast ? [] : next.map((n) => ({ to: later(n) })),
          ...(handler !== null && !isLast && { onError: { to: later(handler) } }),
        }
      }),
    )
  const randomTriggers = fc.array(fc.nat(), { minLength: 1, maxLength: 3 })

  /** Steps from which a message could not go on: their target is neither in the stage nor has a queue. */
  const lostIn = (plan: Plan) => {
    const queued = new Set(plan.stages.map(({ name }) => name))
    return plan.stages.flatMap(({ entries }) =>
      entries.filter((entry) => {
        const { next = [], onError } = plan.steps[entry] ?? {}
        const targets = [...next.map(({ to }) => to), ...(onError?.to ? [onError.to.step] : [])]
        return targets.some((to) => !entries.includes(to) && !queued.has(to))
      }),
    )
  }

  it('knows at every step of a stage where its messages go, in any flow', () => {
    fc.assert(
      fc.property(randomFlow, randomTriggers, (steps, entries) => {
        const to = (n: number) => names[n % steps.length] ?? 'a'
        const plan = planOf(
          steps,
          entries.map((n, at): Trigger => ({ name: `t${at}`, manual: {}, to: to(n) })),
        )
        const { stages } = plan
        expect(lostIn(plan)).toEqual([])
        expect(new Set(stages.map(({ queue }) => queue)).size).toBe(stages.length)
        expect(stages.filter(({ name }) => name === '_core').length).toBeLessThanOrEqual(1)
        for (const { name, entries } of stages) {
          const fused = name === '_core' ? entries : entries.slice(1)
          if (name !== '_core') expect(entries[0]).toBe(name)
          expect(fused.filter((entry) => plan.steps[entry]?.kind !== 'filter')).toEqual([])
        }
        for (const { queue, to } of plan.triggers) {
          expect(stages.find((stage) => stage.queue === queue)?.entries).toContain(to)
        }
        const placed = new Set(stages.flatMap(({ entries }) => entries))
        expect(placed).toEqual(new Set(Object.keys(plan.steps)))
      }),
    )
  })
})

describe('compile: queues', () => {
  const edited = (steps: readonly Step[], before: Plan) =>
    compile(flowWith(steps), { contracts: sampleIndex, revision: 2, livingQueues: livingQueuesOf(before) })
  const queueOf = (plan: Plan, name: string) => plan.stages.find((stage) => stage.name === name)?.queue

  const before = planOf([store, { name: 'log', log: 'data' }])

  it.each([
    { name: 'another config', steps: [{ ...store, config: { a: 1 } }] },
    { name: 'another credential and time-out', steps: [{ ...store, credential: 'x', timeoutSeconds: 5 }] },
    { name: 'another step before it', steps: [{ name: 'first', filter: 'true' }, store] },
    { name: 'a step behind it', steps: [store, { ...store, name: 'second' }] },
  ] satisfies { name: string; steps: Step[] }[])('keeps a step’s queue with $name', ({ steps }) => {
    expect(queueOf(edited(steps, before), 'store')).toBe(queueOf(before, 'store'))
  })

  it.each([
    { name: 'another function', step: { function: 'upsertVip' } },
    { name: 'an order', step: { order: {} } },
    { name: 'pods of its own', step: { dedicated: {} } },
  ] satisfies { name: string; step: Partial<Step> }[])('gives a step with $name a new queue', ({ step }) => {
    const queue = queueOf(edited([{ ...store, ...step }], before), 'store')
    expect(queue).not.toBe(queueOf(before, 'store'))
    expect(queue).toMatch(/^uid-1\.store\.[0-9a-f]{12}\.2$/)
  })

  it('never gives a name twice: without a living queue the revision is in it', () => {
    const again = compile(flowWith([store]), { contracts: sampleIndex, revision: 3 })
    expect(queueOf(again, 'store')).toBe(queueOf(before, 'store')?.replace(/1$/, '3'))
  })

  it('takes the youngest of several that would do', () => {
    const [old] = livingQueuesOf(before)
    const livingQueues = [2, 5, 4].map((revision) => ({ step: 'store', pool: 'p', hash: old?.hash ?? '', revision }))
    const plan = compile(flowWith([store]), { contracts: sampleIndex, revision: 6, livingQueues })
    expect(queueOf(plan, 'store')).toMatch(/\.5$/)
  })
})

describe('compile: edges', () => {
  it('keeps an edge’s key through every edit of something else', () => {
    const keys = (plan: Plan) =>
      Object.values(plan.steps).flatMap(({ next, onError }) => [...next.map(({ key }) => key), onError.to?.key])
    const flow = flowOf(sampleFlows.contacts)
    const other = { ...flow, metadata: { ...flow.metadata, name: 'other', uid: 'x' } }
    expect(keys(compile(other, { contracts: sampleIndex, revision: 9 }))).toEqual(keys(sample('contacts')))
    for (const key of keys(sample('contacts'))) if (key !== undefined) expect(key).toMatch(/^[0-9a-f]{12}$/)
  })

  it('tells edges apart by everything that they are', () => {
    const to = { to: 'store' }
    const edges = [
      to,
      { ...to, when: 'true' },
      { ...to, when: 'false' },
      { ...to, map: 'true' },
      { ...to, otherwise: true },
    ]
    const plan = planOf([
      { name: 'a', filter: 'true', next: [...edges, { to: 'b' }], onError: { to: 'store' } },
      { name: 'b', filter: 'true', next: [to] },
      store,
    ])
    const steps = Object.values(plan.steps)
    const keys = steps.flatMap(({ next, onError }) => [
      ...next.map(({ key }) => key),
      ...(onError.to ? [onError.to.key] : []),
    ])
    expect(keys).toHaveLength(8)
    expect(new Set(keys).size).toBe(8)
  })

  it('follows the list where no step has next', () => {
    const plan = sample('sequence')
    expect(Object.values(plan.steps).map(({ name, next }) => `${name}>${next.map(({ to }) => to).join()}`)).toEqual([
      'watch>all',
      'all>lines',
      'lines>later',
      'later>fields',
      'fields>send',
      'send>note',
      'note>',
      'repair>',
    ])
  })
})

describe('compile: carried', () => {
  const carriedOf = (...sources: readonly string[]) =>
    planOf([{ ...store }, ...sources.map((log, at): Step => ({ name: `l${at}`, log }))]).carried

  it.each([
    { name: 'nothing', sources: ['data.id', '$flow.name'], want: { steps: {}, trigger: [] } },
    { name: 'a path', sources: ['$steps.store.data.id'], want: { steps: { store: [['data', 'id']] }, trigger: [] } },
    {
      name: 'the shortest of several',
      sources: ['$steps.store.data.a.b', '$steps.store.data.a', '$steps.store.metadata'],
      want: { steps: { store: [['data', 'a'], ['metadata']] }, trigger: [] },
    },
    {
      name: 'a whole message',
      sources: ['$steps.store', '$steps.store.data'],
      want: { steps: { store: [[]] }, trigger: [] },
    },
    {
      name: 'the trigger',
      sources: ['$trigger.request.headers', '$trigger.data'],
      want: { steps: {}, trigger: [['data'], ['request', 'headers']] },
    },
    { name: 'no name of the trigger', sources: ['$trigger.name & $trigger.kind'], want: { steps: {}, trigger: [] } },
  ])('is $name', ({ sources, want }) => {
    expect(carriedOf(...sources)).toEqual(want)
  })

  it('names all steps by a star where they cannot be told, and of the named ones what the star reads, too', () => {
    const { steps } = carriedOf('$lookup($steps, data.name).metadata', '$steps.store.data.id')
    expect(Object.keys(steps)).toEqual(['*', 'store'])
    expect(steps['store']).toEqual(expect.arrayContaining([...(steps['*'] ?? [])]))
  })

  it('asks every place where an expression may stand', () => {
    const read = (name: string) => `$steps.store.data.${name}`
    const plan = planOf([
      { ...store },
      { name: 'a', transform: read('transform'), transformMetadata: read('metadata') },
      { name: 'b', set: { x: read('set') } },
      { name: 'c', filter: read('filter') },
      { name: 'd', split: read('split') },
      { name: 'e', wait: { until: read('until') } },
      { name: 'f', log: read('log') },
      { name: 'g', respond: { status: read('status'), headers: { h: read('headers') }, body: read('body') } },
      { ...store, name: 'h', bind: { x: read('bind') }, deduplicate: { windowSeconds: 1, key: read('key') } },
      { name: 'i', fail: { code: 'C', message: read('fail') } },
    ])
    const edges = planOf([
      { ...store, next: [{ to: 'x', when: read('when'), map: read('map') }] },
      { name: 'x', log: '1' },
    ])
    const names = [plan, edges].flatMap(({ carried }) => (carried.steps['store'] ?? []).map((path) => path[1]))
    expect(names).toHaveLength(15)
    expect(new Set(names)).toEqual(
      new Set([
        'bind',
        'body',
        'fail',
        'filter',
        'headers',
        'key',
        'log',
        'map',
        'metadata',
        'set',
        'split',
        'status',
        'transform',
        'until',
        'when',
      ]),
    )
  })
})

describe('compile: flows that lint refuses', () => {
  const unlinted: {
    readonly name: string
    readonly steps: readonly Step[]
    readonly triggers?: Trigger[]
    readonly says: string
  }[] = [
    { name: 'an unknown component', steps: [{ ...store, component: 'shpo' }], says: 'shpo' },
    { name: 'an unknown function', steps: [{ ...store, function: 'toString' }], says: 'toString' },
    { name: 'an edge to nowhere', steps: [{ ...store, next: [{ to: 'x' }] }], says: '"x"' },
    { name: 'a handler that is not there', steps: [{ ...store, onError: { to: 'x' } }], says: '"x"' },
    { name: 'a trigger to nowhere', steps: [store], triggers: [{ name: 't', manual: {}, to: 'x' }], says: '"x"' },
    { name: 'a trigger of no kind', steps: [store], triggers: [{ name: 't' }], says: '"t"' },
    { name: 'no steps', steps: [], says: 'no step' },
    { name: 'a step of no kind', steps: [{ name: 'x' }], says: '"x"' },
    { name: 'two steps of one name', steps: [store, store], says: 'same name' },
    { name: 'a broken expression', steps: [{ name: 'x', log: '$steps.(' }], says: '"x"' },
  ]

  it.each(unlinted)('refuses $name and says which', ({ steps, triggers, says }) => {
    let error: unknown
    try {
      planOf(steps, triggers)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toContain('flow "sample" has no plan')
    expect(((error as Error).cause as Error).message).toContain(says)
  })

  it('finds the component of the flow’s namespace', () => {
    const contracts = contractIndex([
      { kind: 'Component', name: 'shop', namespace: 'other', dialect: 'oih', isolation: 'process', functions: {} },
    ])
    expect(() => compile(flowWith([store]), { contracts, revision: 1 })).toThrow('no plan')
  })
})

describe('compile: without fusing', () => {
  const steps: readonly Step[] = [{ name: 'shape', transform: 'data' }, store, { name: 'check', filter: 'true' }]
  const triggers: readonly Trigger[] = [{ name: 'by-hand', manual: {} }]
  const flow = flowWith(steps, { triggers })
  const apart = compile(flow, { contracts: sampleIndex, revision: 1, fuse: false })

  it('gives every step a stage, and enters at the first step’s', () => {
    expect(entriesOf(apart)).toEqual({ shape: 'shape', store: 'store', check: 'check' })
    expect(apart.stages.map(({ pool }) => pool)).toEqual(['core', 'Component/shop', 'core'])
    expect(apart.triggers[0]?.queue).toBe(apart.stages[0]?.queue)
  })

  it('is the same plan for whoever compares hashes', () => {
    expect(apart.hash).toBe(planOf(steps, triggers).hash)
  })
})
