import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import { replyOf } from '../wire/reply.ts'
import type { Rig, RigOptions, Script } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

async function rigOf(options: RigOptions): Promise<Rig> {
  rig = await openRig(options)
  return rig
}

const call = (name: string, rest: Partial<Step> = {}): Step => ({ name, component: 'app', function: name, ...rest })
const failing = (times: number, failure = { code: 'Busy', message: 'busy' }): Script => {
  let calls = 0
  return async ({ emitError, emitData, data }) => {
    calls += 1
    await (calls <= times ? emitError(failure) : emitData(data))
    return undefined
  }
}

describe('a message on its way', () => {
  it('goes from step to step, and what leaves the last is finished', async () => {
    const { send, untilIdle, finished } = await rigOf({ spec: { steps: [call('first'), call('second')] } })
    await send({ n: 1 })
    await untilIdle()
    expect(finished).toEqual([{ step: 'second', data: { n: 1 }, metadata: {} }])
  })

  it.each([
    { name: 'takes the edge whose condition holds', spent: 2000, want: ['vip'] },
    { name: 'takes otherwise when none holds', spent: 10, want: ['store'] },
  ])('$name', async ({ spent, want }) => {
    const { send, untilIdle, finished } = await rigOf({
      spec: {
        steps: [
          call('fetch', {
            next: [
              { to: 'vip', when: 'data.spent > 1000' },
              { to: 'store', otherwise: true, map: '{"s": data.spent}' },
            ],
          }),
          call('vip', { next: [] }),
          call('store'),
        ],
      },
    })
    await send({ spent })
    await untilIdle()
    expect(finished.map(({ step }) => step)).toEqual(want)
  })

  it('carries what a later expression names of its ancestors and its trigger, and no more', async () => {
    const { send, untilIdle, finished, plan } = await rigOf({
      spec: {
        steps: [
          call('first'),
          call('second'),
          { name: 'shape', transform: '{"was": $steps.first.data.id, "from": $trigger.name, "at": $now()}' },
        ],
      },
      scripts: { second: async ({ emitData }) => emitData({ other: true }).then(() => undefined) },
    })
    expect(plan.carried.steps).toEqual({ first: [['data', 'id']] })
    await send({ id: 7, big: 'x' })
    await untilIdle()
    expect(finished[0]?.data).toEqual({ was: 7, from: 'by-hand', at: '2026-01-01T00:00:00.000Z' })
  })

  it('is one message for each item of a split list, and none for a missing list', async () => {
    const { send, untilIdle, finished } = await rigOf({
      spec: { steps: [{ name: 'each', split: 'data.items' }, { name: 'keep', filter: 'data > 1' }, call('store')] },
    })
    await send({ items: [1, 2, 3] })
    await send({})
    await untilIdle()
    expect(finished.map(({ data }) => data)).toEqual([2, 3])
  })

  it('waits, and goes on behind the wait', async () => {
    const { send, settle, clock, untilIdle, finished } = await rigOf({
      spec: {
        steps: [call('first'), { name: 'pause', wait: { seconds: 90 } }, { name: 'shape', transform: '{"n": data.n}' }],
      },
    })
    await send({ n: 1 })
    await settle()
    await clock.advance(89_000)
    expect(finished).toEqual([])
    await untilIdle()
    expect(finished).toEqual([{ step: 'shape', data: { n: 1 }, metadata: {} }])
  })

  it('answers the caller that waits', async () => {
    const { send, untilIdle, broker } = await rigOf({
      spec: {
        steps: [
          call('first'),
          { name: 'answer', respond: { status: '201', headers: { 'x-id': '"7"' }, body: '{"id": data.n}' } },
        ],
      },
    })
    const replies: unknown[] = []
    await broker.declareQueues([{ name: 'reply', dropHeadAbove: 10 }])
    await broker.consume('reply', { prefetch: 10 }, ({ message, ack }) => {
      replies.push(replyOf(message))
      ack()
    })
    await send({ n: 7 }, { replyTo: 'reply' })
    await untilIdle()
    expect(replies).toEqual([{ kind: 'response', status: 201, headers: { 'x-id': '7' }, body: { id: 7 } }])
  })
})

describe('a failing component', () => {
  it('is tried again after growing delays until it works', async () => {
    const { send, untilIdle, finished, clock } = await rigOf({
      spec: {
        steps: [
          call('store', {
            onError: { retry: { maxAttempts: 5, initialDelaySeconds: 1, factor: 2, maxDelaySeconds: 60 } },
          }),
        ],
      },
      scripts: { store: failing(3) },
    })
    const startedAt = clock.now()
    await send({ n: 1 })
    await untilIdle()
    expect(finished).toHaveLength(1)
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(1000 + 2000 + 4000)
  })

  it('gives a dead letter with its attempts after the last one', async () => {
    const { send, untilIdle, deadLetters, host } = await rigOf({
      spec: { steps: [call('store', { onError: { retry: { maxAttempts: 3 } } })] },
      scripts: { store: failing(99) },
    })
    const run = await send({ n: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(3)
    const letters = await deadLetters()
    expect(letters).toMatchObject([{ step: 'store', run, code: 'Busy', message: 'busy', attempts: 3 }])
    expect(letters[0]?.failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  })

  it('is not tried again when it says that this is useless', async () => {
    const { send, untilIdle, deadLetters, host } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: { store: failing(99, { code: 'NoId', message: 'no id', permanent: true } as never) },
    })
    await send({})
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(await deadLetters()).toMatchObject([{ code: 'NoId', attempts: 1 }])
  })

  it('spends no attempt while it asks for patience', async () => {
    let calls = 0
    const { send, untilIdle, finished, host } = await rigOf({
      spec: { steps: [call('store', { onError: { retry: { maxAttempts: 1 } } })] },
      scripts: {
        store: async ({ emitError, emitData }) => {
          calls += 1
          await (calls < 4 ? emitError({ message: 'slow down', retryAfterSeconds: 5 }) : emitData({}))
          return undefined
        },
      },
    })
    await send({})
    await untilIdle()
    expect(host.calls.map(({ context }) => context.attempt)).toEqual([1, 1, 1, 1])
    expect(finished).toHaveLength(1)
  })

  it('is dropped and counted with then: discard', async () => {
    const { send, untilIdle, deadLetters, events } = await rigOf({
      spec: { steps: [call('store', { onError: { retry: { maxAttempts: 1 }, then: 'discard' } })] },
      scripts: { store: failing(99) },
    })
    await send({})
    await untilIdle()
    expect(await deadLetters()).toEqual([])
    expect(events.map(({ kind }) => kind)).toEqual(['discarded'])
  })

  it('sends the message as it was, with its error, to the step that handles it', async () => {
    const { send, untilIdle, finished, deadLetters } = await rigOf({
      spec: {
        steps: [
          call('store', { onError: { retry: { maxAttempts: 2 }, to: 'explain' } }),
          {
            name: 'explain',
            transform: '{"n": data.n, "why": metadata.error.code, "attempts": metadata.error.attempts}',
          },
        ],
      },
      scripts: { store: failing(99) },
    })
    await send({ n: 5 })
    await untilIdle()
    expect(finished).toMatchObject([{ step: 'explain', data: { n: 5, why: 'Busy', attempts: 2 } }])
    expect(await deadLetters()).toEqual([])
  })

  it('asks for its message again by a rebound, with growing delays and a reason', async () => {
    const { send, untilIdle, finished, host, clock } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: {
        store: async ({ onEmit, emitData, context }) => {
          await (context.reboundReason === undefined
            ? onEmit({ kind: 'rebound', reason: 'later' })
            : emitData({ why: context.reboundReason }))
          return undefined
        },
      },
    })
    const startedAt = clock.now()
    await send({})
    await untilIdle()
    expect(host.calls).toHaveLength(2)
    expect(finished[0]?.data).toEqual({ why: 'later' })
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(15_000)
  })

  it('that died for another call comes back without an attempt', async () => {
    let calls = 0
    const { send, untilIdle, host, finished } = await rigOf({
      spec: { steps: [call('store', { onError: { retry: { maxAttempts: 1 } } })] },
      scripts: {
        store: async ({ emitData }) => {
          calls += 1
          if (calls === 1)
            return { kind: 'died', innocent: true, failure: { code: 'ComponentCrashed', message: 'gone' } }
          await emitData({})
          return undefined
        },
      },
    })
    await send({})
    await untilIdle()
    expect(host.calls.map(({ context }) => context.attempt)).toEqual([1, 1])
    expect(finished).toHaveLength(1)
  })

  it('with order: {} is tried again in place, before the next message', async () => {
    const seen: unknown[] = []
    let calls = 0
    const { send, untilIdle } = await rigOf({
      spec: { steps: [call('store', { order: {} })] },
      scripts: {
        store: async ({ data, emitError }) => {
          calls += 1
          if (calls <= 2) await emitError({ message: 'busy' })
          else seen.push(data)
          return undefined
        },
      },
    })
    await send(1)
    await send(2)
    await untilIdle()
    expect(seen).toEqual([1, 2])
  })
})

describe('a failing built-in', () => {
  it('is a dead letter as the message stood there, and the component before it is not called again', async () => {
    const { send, untilIdle, deadLetters, host } = await rigOf({
      spec: { steps: [call('fetch'), { name: 'shape', transform: 'data.n + "x"' }] },
    })
    await send({ n: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(await deadLetters()).toMatchObject([{ step: 'shape', code: 'ExpressionFailed', attempts: 1 }])
  })

  it('does not keep its siblings from going on', async () => {
    const { send, untilIdle, deadLetters, finished } = await rigOf({
      spec: {
        steps: [
          { name: 'each', split: 'data' },
          { name: 'double', transform: 'data * 2' },
        ],
      },
    })
    await send([1, 'two', 3])
    await untilIdle()
    expect(finished.map(({ data }) => data)).toEqual([2, 6])
    expect(await deadLetters()).toHaveLength(1)
  })

  it.each([
    { name: 'a transform that yields nothing', step: { name: 'x', transform: 'data.missing' }, code: 'EmptyResult' },
    { name: 'a fail step', step: { name: 'x', fail: { code: 'Refused', message: '"no"' } }, code: 'Refused' },
    { name: 'a wait without a time', step: { name: 'x', wait: { until: 'data.missing' } }, code: 'WaitInvalid' },
    { name: 'a status that is none', step: { name: 'x', respond: { status: '"ok"' } }, code: 'ResponseInvalid' },
    {
      name: 'an endless recursion',
      step: { name: 'x', transform: '($f := function($n){$f($n+1)}; $f(0))' },
      code: 'Expression',
    },
  ])('says why: $name', async ({ step, code }) => {
    const { send, untilIdle, deadLetters } = await rigOf({ spec: { steps: [step] } })
    await send({})
    await untilIdle()
    const [letter] = await deadLetters()
    expect(letter?.code).toContain(code)
  })
})

describe('what is emitted', () => {
  it('has the same ids when its input is worked on again', async () => {
    const ids: string[][] = []
    let attempts = 0
    const { send, untilIdle, host } = await rigOf({
      spec: { steps: [call('fetch', { onError: { retry: { maxAttempts: 2 } } }), call('store')] },
      scripts: {
        fetch: async ({ emitData, emitError }) => {
          attempts += 1
          for (const n of attempts === 1 ? [1, 1, 2] : [2, 1, 1]) await emitData({ n })
          if (attempts === 1) await emitError({ message: 'after all that' })
          return undefined
        },
      },
    })
    await send({})
    await untilIdle()
    const stored = host.calls.filter(({ function: { name } }) => name === 'store')
    ids.push(
      stored.slice(0, 3).map(({ context }) => context.messageId),
      stored.slice(3).map(({ context }) => context.messageId),
    )
    expect(new Set(ids[0])).toHaveLength(3)
    expect(ids[1]?.toSorted()).toEqual(ids[0]?.toSorted())
  })

  it('after its input was settled goes on, with an id of its own', async () => {
    let late: (() => Promise<void>) | undefined
    const { send, settle, untilIdle, finished, host } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
      scripts: {
        fetch: async ({ emitData }) => {
          late = () => emitData({ late: true })
          return undefined
        },
      },
    })
    await send({})
    await settle()
    await late?.()
    await late?.()
    await untilIdle()
    expect(finished).toHaveLength(2)
    const ids = host.calls.flatMap(({ function: { name }, context }) => (name === 'store' ? [context.messageId] : []))
    expect(new Set(ids)).toHaveLength(2)
  })

  it('waits while the queue that it goes to is full', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let emitted = 0
    const { send, settle, clock, untilIdle, finished } = await rigOf({
      limits: { queuedMessages: 10 },
      spec: { steps: [call('fetch'), call('store')] },
      scripts: {
        fetch: async ({ emitData }) => {
          for (let n = 0; n < 50; n += 1) {
            await emitData({ n })
            emitted += 1
          }
          return undefined
        },
        store: async ({ emitData, data }) => {
          await held
          await emitData(data)
          return undefined
        },
      },
    })
    await send({})
    await settle()
    await clock.advance(1000)
    expect(emitted).toBeLessThanOrEqual(12)
    release?.()
    await untilIdle()
    expect(finished).toHaveLength(50)
  })

  it('is refused when it is too large, and the message is a dead letter', async () => {
    const { send, untilIdle, deadLetters } = await rigOf({
      limits: { messageBytes: 1000 },
      spec: { steps: [call('fetch'), call('store')] },
      scripts: {
        fetch: async ({ emitData }) =>
          emitData('x'.repeat(2000)).then(
            () => undefined,
            () => undefined,
          ),
      },
    })
    await send({})
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ step: 'fetch', code: 'MessageTooLarge' }])
  })
})

describe('a snapshot', () => {
  const functions = { poll: { kind: 'trigger', snapshot: true } } as const

  it('is what the last settled message left', async () => {
    const { send, untilIdle, host } = await rigOf({
      functions,
      spec: { steps: [call('poll')] },
      scripts: {
        poll: async ({ onEmit, snapshot }) => {
          const { n = 0 } = snapshot as { n?: number }
          await onEmit({ kind: 'snapshot', value: { n: n + 1 } })
          await onEmit({ kind: 'updateSnapshot', value: { seen: true } })
          return undefined
        },
      },
    })
    for (let times = 0; times < 3; times += 1) await send({})
    await untilIdle()
    expect(host.calls.map(({ snapshot }) => snapshot)).toEqual([{}, { n: 1, seen: true }, { n: 2, seen: true }])
  })

  it('of a failed attempt is dropped', async () => {
    let calls = 0
    const { send, untilIdle, host } = await rigOf({
      functions,
      spec: { steps: [call('poll')] },
      scripts: {
        poll: async ({ onEmit, emitError }) => {
          calls += 1
          await onEmit({ kind: 'snapshot', value: { n: calls } })
          if (calls === 1) await emitError({ message: 'busy' })
          return undefined
        },
      },
    })
    await send({})
    await untilIdle()
    expect(host.calls.map(({ snapshot }) => snapshot)).toEqual([{}, {}])
  })

  it('knows the messages that it settled: such a one is acknowledged without a call', async () => {
    const { send, untilIdle, host, broker, plan } = await rigOf({ functions, spec: { steps: [call('poll')] } })
    const id = await send({})
    await untilIdle()
    const [stage] = plan.stages
    const headers = { ...host.calls[0]!.context }
    expect(headers.messageId).toBe(id)
    const { message } = lastDelivered(host)
    await broker.publish({ kind: 'queue', queue: stage!.queue }, { id, headers: headersFor(plan, id), body: message })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
  })
})

describe('deduplicate', () => {
  const steps = [
    call('store', { deduplicate: { windowSeconds: 60, key: 'data.id' }, onError: { retry: { maxAttempts: 2 } } }),
  ]

  it('drops a message whose key was seen within the window', async () => {
    const { send, untilIdle, host, clock, events } = await rigOf({ spec: { steps } })
    await send({ id: 1 })
    await untilIdle()
    await send({ id: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ kind: 'discarded', code: 'Duplicate' })
    await clock.advance(61_000)
    await send({ id: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(2)
  })

  it('lets a retry of the same message through', async () => {
    const { send, untilIdle, host, finished } = await rigOf({ spec: { steps }, scripts: { store: failing(1) } })
    await send({ id: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(2)
    expect(finished).toHaveLength(1)
  })

  it('says that a key expression gave nothing', async () => {
    const { send, untilIdle, deadLetters } = await rigOf({ spec: { steps } })
    await send({})
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ code: 'EmptyResult' }])
  })
})

describe('a credential', () => {
  const steps = [call('store', { credential: 'login', config: { url: 'u', username: 'config' } })]

  it('is merged over bind and config', async () => {
    const { send, untilIdle, host } = await rigOf({
      spec: {
        steps: [
          call('store', { credential: 'login', config: { url: 'u', username: 'config', x: 1 }, bind: { x: 'data.x' } }),
        ],
      },
      credentials: { login: { username: 'anna', password: 'geheim' } },
    })
    await send({ x: 2 })
    await untilIdle()
    expect(host.calls[0]?.config).toEqual({ url: 'u', username: 'anna', password: 'geheim', x: 2 })
    expect(host.calls[0]?.secrets).toEqual(['geheim'])
  })

  it('that is missing makes the message wait, and no attempt is spent', async () => {
    const { send, settle, clock, untilIdle, host, given, finished } = await rigOf({ spec: { steps } })
    await send({})
    await settle()
    await clock.advance(300_000)
    expect(host.calls).toEqual([])
    given.set('login', { username: 'anna' })
    await untilIdle()
    expect(host.calls.map(({ context }) => context.attempt)).toEqual([1])
    expect(finished).toHaveLength(1)
  })
})

describe('nothing is lost', () => {
  it('when a message names a revision that is gone: it is a dead letter', async () => {
    const { broker, plan, untilIdle, deadLetters } = await rigOf({ spec: { steps: [call('store')] } })
    const headers = { ...headersFor(plan, 'm1'), revision: 99 }
    await broker.publish({ kind: 'queue', queue: plan.stages[0]!.queue }, { id: 'm1', headers, body: body({}) })
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ id: 'm1', code: 'PlanMismatch' }])
  })

  it('and what becomes of a message of which no plan is known any more is told under the namespace of its queue', async () => {
    const { broker, plan, plans, untilIdle, events } = await rigOf({
      spec: { steps: [{ name: 'say', log: 'data' }] },
      namespace: 'shop',
    })
    plans.forget(1)
    plans.deactivate()
    const headers = { ...headersFor(plan, 'm1'), revision: 99 }
    await broker.publish({ kind: 'queue', queue: plan.stages[0]!.queue }, { id: 'm1', headers, body: body({}) })
    await untilIdle()
    expect(events).toMatchObject([{ kind: 'dead', code: 'PlanMismatch', namespace: 'shop' }])
  })

  it('when a queue goes under an output: it is re-injected, or a dead letter', async () => {
    const { broker, plan, send, untilIdle, deadLetters } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
    })
    const gone = plan.stages.find(({ name }) => name === 'store')!
    await broker.deleteQueue(gone.queue)
    await send({ n: 1 })
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ step: 'store', code: 'PlanMismatch' }])
  })

  it('when the runner closes: what has started ends, the rest goes back', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { runner, send, settle, finished, broker, host } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: {
        store: async ({ data, emitData }) => {
          await held
          await emitData(data)
          return undefined
        },
      },
    })
    for (let n = 0; n < 10; n += 1) await send({ n })
    await settle()
    const startedCalls = host.calls.length
    const closing = runner.close(5000)
    release?.()
    await settle()
    await closing
    expect(finished).toHaveLength(startedCalls)
    expect((await broker.pending()).ready).toBe(10 - startedCalls)
  })

  it('of a tracked run: it has ended when nothing of it is pending', async () => {
    const { send, settle, untilIdle, store } = await rigOf({
      spec: { steps: [{ name: 'each', split: 'data' }, call('store', { onError: { retry: { maxAttempts: 2 } } })] },
      scripts: { store: failing(1) },
    })
    const run = await send([1, 2, 3], { tracked: true })
    await settle()
    expect(await store.trackedRuns.active('uid')).toEqual([run])
    await untilIdle()
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })
})

describe('an endless trigger', () => {
  const options: RigOptions = {
    functions: { subscribe: { kind: 'trigger' } },
    spec: { triggers: [{ name: 'on-change', listen: {} }], steps: [call('subscribe'), call('store')] },
  }

  it('is started by a fire, once, and each of its messages is a run', async () => {
    let emit: ((data: unknown) => Promise<void>) | undefined
    const { send, settle, untilIdle, host, finished } = await rigOf({
      ...options,
      scripts: {
        subscribe: ({ emitData }) => {
          emit = emitData
          return new Promise(() => {})
        },
      },
    })
    await send({})
    await send({})
    await settle()
    expect(host.calls).toHaveLength(1)
    await emit?.({ n: 1 })
    await emit?.({ n: 2 })
    await untilIdle()
    expect(finished.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }])
    const runs = host.calls.slice(1).map(({ context }) => context.run)
    expect(new Set(runs)).toHaveLength(2)
  })

  it('is ended for good when the runner stops listening', async () => {
    const { send, settle, host, runner } = await rigOf({
      ...options,
      scripts: { subscribe: () => new Promise(() => {}) },
    })
    await send({})
    await settle()
    await runner.stopListening()
    await send({})
    await settle()
    expect(host.calls).toHaveLength(1)
    expect(host.stopped).toEqual([host.calls[0]?.child.key])
  })

  it('is started again by the next fire when it is gone', async () => {
    const { send, settle, host } = await rigOf({ ...options, scripts: { subscribe: () => new Promise(() => {}) } })
    await send({})
    await settle()
    host.calls[0]?.child.onExit?.()
    await send({})
    await settle()
    expect(host.calls).toHaveLength(2)
  })
})

function lastDelivered(host: Rig['host']): { readonly message: Buffer } {
  return { message: body(JSON.parse(host.calls[0]!.message.toString()) as object) }
}

function body(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify({ data: {}, ...message }))
  const prefix = Buffer.from([0, 0, 0, 2, 0x7b, 0x7d])
  return Buffer.concat([prefix, payload])
}

function headersFor(plan: Rig['plan'], run: string) {
  return sampleHeaders({
    flow: plan.flow.uid,
    revision: plan.revision,
    revisionHash: plan.hash,
    run,
    trigger: 'by-hand',
    at: plan.stages[0]!.name,
  })
}
