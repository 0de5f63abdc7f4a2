import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Rig, RigOptions, Script } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'
import { sampleHeaders } from '../../test/samples/sample-message.ts'
import { fireRunId } from '../trigger/decide/fire-id.ts'
import { replyOf } from '../wire/reply.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

async function rigOf(options: RigOptions): Promise<Rig> {
  rig = await openRig(options)
  return rig
}

const call = (name: string, rest: Partial<Step> = {}): Step => ({ name, component: 'app', function: name, ...rest })
const once = { onError: { retry: { maxAttempts: 1 } } }
const failing: Script = async ({ emitError }) => {
  await emitError({ code: 'Busy', message: 'busy' })
  return undefined
}

async function repliesOf({ broker }: Rig): Promise<unknown[]> {
  const replies: unknown[] = []
  await broker.declareQueues([{ name: 'reply', dropHeadAbove: 10 }])
  await broker.consume('reply', { prefetch: 10 }, ({ message, ack }) => {
    replies.push(replyOf(message))
    ack()
  })
  return replies
}

describe('a fire of a schedule', () => {
  const triggers = [{ name: 'nightly', schedule: { cron: '0 3 * * *', overlap: 'forbid' as const } }]
  const run = fireRunId({ flow: 'uid', trigger: 'nightly', at: 0 })

  it.each([
    { stage: 'a component', steps: [call('store')] },
    { stage: 'built-ins', steps: [{ name: 'shape', transform: 'data' }] },
  ])('that is published twice runs once: $stage', async ({ steps }) => {
    const { send, untilIdle, finished, events, store } = await rigOf({ spec: { triggers, steps } })
    await send({ n: 1 }, { run, tracked: true })
    await send({ n: 1 }, { run, tracked: true })
    await untilIdle()
    await send({ n: 1 }, { run, tracked: true })
    await untilIdle()
    expect(finished).toHaveLength(1)
    expect(events.filter(({ code }) => code === 'Duplicate')).toHaveLength(2)
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })

  it('keeps its run on the list while one copy waits for a retry and the other is dropped', async () => {
    let calls = 0
    const { send, settle, untilIdle, finished, store } = await rigOf({
      spec: { triggers, steps: [call('store')] },
      scripts: {
        store: async ({ emitError, emitData }) => {
          calls += 1
          await (calls === 1 ? emitError({ message: 'busy' }) : emitData({}))
          return undefined
        },
      },
    })
    await send({}, { run, tracked: true })
    await settle()
    await send({}, { run, tracked: true })
    await settle()
    expect(await store.trackedRuns.active('uid')).toEqual([run])
    await untilIdle()
    expect({ calls, finished: finished.length }).toEqual({ calls: 2, finished: 1 })
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })

  it('of unknown outcome runs again: its runner died in the middle', async () => {
    const { send, settle, kill, startRunner, untilIdle, host, finished } = await rigOf({
      spec: { triggers, steps: [call('store')] },
      scripts: {
        store: async ({ emitData, data }) => {
          if (host.calls.length === 1) return new Promise(() => {})
          await emitData(data)
          return undefined
        },
      },
    })
    await send({}, { run })
    await settle()
    await kill()
    await startRunner()
    await untilIdle()
    expect(finished).toHaveLength(1)
  })
})

describe('a fire of a poll', () => {
  const triggers = [{ name: 'often', poll: { everySeconds: 60 } }]
  const functions = { poll: { kind: 'trigger' }, other: { kind: 'trigger' } } as const

  it('runs under the active revision, wherever that has its step', async () => {
    const { send, plan, edit, untilIdle, host } = await rigOf({
      functions,
      spec: { triggers, steps: [call('poll', { config: { version: 1 } })] },
    })
    await edit({ triggers, steps: [{ name: 'poll', component: 'app', function: 'other', config: { version: 2 } }] })
    await send({}, { under: plan })
    await untilIdle()
    expect(host.calls.map(({ config }) => config)).toEqual([{ version: 2 }])
  })

  it('whose trigger is gone is discarded and counted', async () => {
    const { send, plan, edit, untilIdle, host, events, entries } = await rigOf({
      functions,
      spec: { triggers, steps: [call('poll')] },
    })
    await edit({ triggers: [{ name: 'by-hand', manual: {} }], steps: [call('poll')] })
    await send({}, { under: plan })
    await untilIdle()
    expect(host.calls).toEqual([])
    expect(events).toMatchObject([{ kind: 'discarded', code: 'TriggerGone' }])
    expect(entries).toHaveLength(1)
  })
})

describe('a message of an older revision', () => {
  const before = [call('fetch'), { name: 'pause', wait: { seconds: 60 } }, { name: 'shape', transform: '{"v": 1}' }]
  const after = [call('other'), { name: 'pause', wait: { seconds: 60 } }, { name: 'shape', transform: '{"v": 2}' }]

  it('goes on under its own when its stage was planned anew', async () => {
    const { send, settle, edit, untilIdle, finished } = await rigOf({ spec: { steps: before } })
    await send({})
    await settle()
    await edit({ steps: after })
    await untilIdle()
    expect(finished.map(({ data }) => data)).toEqual([{ v: 1 }])
  })

  it('goes over to the active one with update.pending: follow, to the queue that its step has there', async () => {
    const { send, settle, edit, untilIdle, finished } = await rigOf({ spec: { steps: before } })
    await send({})
    await settle()
    await edit({ steps: after, update: { pending: 'follow' } })
    await untilIdle()
    expect(finished.map(({ data }) => data)).toEqual([{ v: 2 }])
  })

  it('stays when the active one reads what it does not carry', async () => {
    const { send, settle, edit, untilIdle, finished } = await rigOf({ spec: { steps: before } })
    await send({})
    await settle()
    const reading = [call('fetch'), before[1]!, { name: 'shape', transform: '{"v": $steps.fetch.data.id}' }]
    await edit({ steps: reading, update: { pending: 'follow' } })
    await untilIdle()
    expect(finished.map(({ data }) => data)).toEqual([{ v: 1 }])
  })
})

describe('a snapshot that another consumer has taken over', () => {
  it('ends the work here: nothing is acknowledged, and the message is worked on with the new one', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { send, settle, untilIdle, store, plan, host, events } = await rigOf({
      functions: { poll: { kind: 'trigger', snapshot: true } },
      spec: { steps: [call('poll')] },
      scripts: {
        poll: async ({ onEmit }) => {
          if (host.calls.length === 1) await held
          await onEmit({ kind: 'updateSnapshot', value: { seen: true } })
          return undefined
        },
      },
    })
    await send({})
    await settle()
    const { queue } = plan.stages[0]!
    await store.snapshots.write(queue, await store.snapshots.open(queue), { value: { cursor: 7 }, settled: [] })
    release?.()
    await settle()
    expect(events).toEqual([])
    await untilIdle()
    expect(host.calls.map(({ snapshot }) => snapshot)).toEqual([{}, { cursor: 7 }])
    expect((await store.snapshots.read(queue))?.value).toEqual({ cursor: 7, seen: true })
  })
})

describe('what a component emits at once', () => {
  it('is published in the order of the emits, however long the way of each is', async () => {
    const seen: unknown[] = []
    const { send, untilIdle } = await rigOf({
      spec: {
        steps: [
          call('fetch', {
            next: [
              { to: 'long', when: 'data.n = 1' },
              { to: 'sink', otherwise: true },
            ],
          }),
          { name: 'long', transform: 'data', next: [{ to: 'longer' }] },
          { name: 'longer', transform: 'data', next: [{ to: 'sink' }] },
          call('sink', { order: {}, next: [] }),
        ],
      },
      scripts: {
        fetch: async ({ emitData }) => {
          await Promise.all([1, 2, 3].map((n) => emitData({ n })))
          return undefined
        },
        sink: async ({ data }) => {
          seen.push(data)
          return undefined
        },
      },
    })
    await send({})
    await untilIdle()
    expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })
})

describe('an ordered message', () => {
  it('goes on counting its attempts when another runner gets it', async () => {
    const { send, clock, settle, kill, startRunner, untilIdle, host, deadLetters } = await rigOf({
      spec: { steps: [call('store', { order: {}, onError: { retry: { maxAttempts: 3, initialDelaySeconds: 10 } } })] },
      scripts: { store: failing },
    })
    await send({})
    await settle()
    await clock.advance(10_000)
    await kill()
    await startRunner()
    await untilIdle()
    expect(host.calls.map(({ context }) => context.attempt)).toEqual([1, 2, 3])
    expect(await deadLetters()).toMatchObject([{ attempts: 3 }])
  })

  it('that asks to come back later keeps its place', async () => {
    const seen: unknown[] = []
    const { send, untilIdle } = await rigOf({
      spec: { steps: [call('store', { order: {} })] },
      scripts: {
        store: async ({ data, context, onEmit }) => {
          if (data === 1 && context.reboundReason === undefined) await onEmit({ kind: 'rebound', reason: 'later' })
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

describe('a delivery that finds no place', () => {
  it('is given back after five minutes, and no attempt is spent', async () => {
    let starts = 0
    const { send, settle, clock, broker, events } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: {
        store: ({ signal }) => {
          starts += 1
          return new Promise((resolve) => signal?.addEventListener('abort', () => resolve({ kind: 'notStarted' })))
        },
      },
    })
    await send({})
    await settle()
    await clock.advance(299_000)
    expect(starts).toBe(1)
    await clock.advance(60_000)
    expect({ starts, events, left: (await broker.pending()).unacknowledged }).toEqual({
      starts: 2,
      events: [],
      left: 1,
    })
  })
})

describe('a credential', () => {
  it('that changes reaches the next call, in the same child', async () => {
    const { send, untilIdle, given, host } = await rigOf({
      spec: { steps: [call('store', { credential: 'login' })] },
      credentials: { login: { password: 'old' } },
    })
    await send({})
    await untilIdle()
    given.set('login', { password: 'new' })
    await send({})
    await untilIdle()
    expect(host.calls.map(({ config }) => config)).toEqual([{ password: 'old' }, { password: 'new' }])
    expect(host.calls[0]?.child.key).toBe(host.calls[1]?.child.key)
  })

  it('that only an older revision names, and that is gone, is a dead letter', async () => {
    const { send, plan, edit, untilIdle, deadLetters } = await rigOf({
      spec: { steps: [call('store', { credential: 'login' })] },
    })
    await edit({ steps: [call('store')] })
    await send({}, { under: plan })
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ code: 'CredentialMissing' }])
  })
})

describe('a caller that waits', () => {
  it.each([
    { name: 'a component gives up', steps: [call('store', once)], code: 'Busy' },
    {
      name: 'a component gives up and is discarded',
      steps: [call('store', { onError: { retry: { maxAttempts: 1 }, then: 'discard' as const } })],
      code: 'Busy',
    },
    {
      name: 'a step fails before any component',
      steps: [{ name: 'no', fail: { code: 'Refused', message: '"no"' } }],
      code: 'Refused',
    },
    {
      name: 'an expression fails before any component',
      steps: [{ name: 'no', transform: 'data.n + "x"' }],
      code: 'ExpressionFailed',
    },
  ])('is told at once when $name', async ({ steps, code }) => {
    const opened = await rigOf({ spec: { steps }, scripts: { store: failing } })
    const replies = await repliesOf(opened)
    const run = await opened.send({ n: 1 }, { replyTo: 'reply' })
    await opened.untilIdle()
    expect(replies).toMatchObject([{ kind: 'failed', code, run }])
  })

  it('is told when the queue of its message is gone', async () => {
    const opened = await rigOf({ spec: { steps: [call('fetch'), call('store')] } })
    const replies = await repliesOf(opened)
    await opened.broker.deleteQueue(opened.plan.stages[1]!.queue)
    await opened.send({}, { replyTo: 'reply', tracked: true })
    await opened.untilIdle()
    expect(replies).toMatchObject([{ kind: 'failed', code: 'PlanMismatch' }])
    expect(await opened.store.trackedRuns.active('uid')).toEqual([])
  })
})

describe('what happens inside a stage is told', () => {
  it('of each step that a message enters, and of each end', async () => {
    const { send, untilIdle, received, events } = await rigOf({
      spec: {
        steps: [
          call('fetch', { next: [{ to: 'each' }] }),
          { name: 'each', split: 'data', next: [{ to: 'keep' }] },
          { name: 'keep', filter: 'data > 1', next: [{ to: 'double' }] },
          { name: 'double', transform: 'data * 2', onError: { then: 'discard' }, next: [] },
        ],
      },
    })
    await send([1, 2, 'x'])
    await untilIdle()
    expect(received).toEqual(['fetch', 'each', 'keep', 'keep', 'double', 'keep'])
    expect(events.map(({ step, kind }) => `${step} ${kind}`).toSorted()).toEqual(
      ['fetch settled', 'keep filtered', 'keep dead'].toSorted(),
    )
  })

  it('with the dead letter by its own id, beside that of what it came from', async () => {
    const { send, untilIdle, events, deadLetters } = await rigOf({
      spec: { steps: [call('fetch'), { name: 'shape', transform: 'data.missing' }] },
    })
    const run = await send({})
    await untilIdle()
    const [letter] = await deadLetters()
    expect(events.find(({ kind }) => kind === 'dead')).toMatchObject({ messageId: letter?.id, parentId: run })
  })
})

describe('deduplicate', () => {
  const steps = [call('store', { deduplicate: { windowSeconds: 60, key: 'data.id' } })]

  it('makes a dead letter of what was cut off: nobody knows whether it had its effect', async () => {
    const died: Script = async ({ onStart }) => {
      onStart?.()
      return { kind: 'died', failure: { code: 'ComponentCrashed', message: 'gone' } }
    }
    const { send, untilIdle, host, clock, deadLetters } = await rigOf({ spec: { steps }, scripts: { store: died } })
    await send({ id: 1 })
    await send({ id: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(await deadLetters()).toMatchObject([{ code: 'OutcomeUnknown' }])
    await clock.advance(61_000)
    await send({ id: 1 })
    await untilIdle()
    expect(host.calls).toHaveLength(2)
  })
})

describe('a copy that deduplication drops', () => {
  const holding = () => {
    const release: (() => void)[] = []
    const store: Script = async ({ emitData }) => {
      await new Promise<void>((resolve) => release.push(resolve))
      await emitData({})
      return undefined
    }
    const step = call('store', { deduplicate: { windowSeconds: 60, key: 'data.id' } })
    return { release, options: { spec: { steps: [step] }, scripts: { store } } }
  }

  it('leaves its message on the run’s list while the other copy is at work', async () => {
    const { release, options } = holding()
    const { send, settle, untilIdle, store, events } = await rigOf(options)
    await send({ id: 1 }, { run: 'r', tracked: true })
    await settle()
    await send({ id: 1 }, { run: 'r', tracked: true })
    await settle()
    expect(events).toMatchObject([{ code: 'Duplicate' }])
    expect(await store.trackedRuns.active('uid')).toEqual(['r'])
    release[0]?.()
    await untilIdle()
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })

  it('takes its message off the list when it is another message, or the other copy is done', async () => {
    const { release, options } = holding()
    const { send, settle, untilIdle, store, host } = await rigOf(options)
    await send({ id: 1 }, { run: 'r', tracked: true })
    await settle()
    await send({ id: 1 }, { run: 'another', tracked: true })
    await settle()
    expect(await store.trackedRuns.active('uid')).toEqual(['r'])
    release[0]?.()
    await untilIdle()
    await send({ id: 1 }, { run: 'r', tracked: true })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })

  it('ends its run when the other copy was cut off and given up', async () => {
    const died: Script = async ({ onStart }) => {
      onStart?.()
      return { kind: 'died', failure: { code: 'ComponentCrashed', message: 'gone' } }
    }
    const deduplicate = { windowSeconds: 60, key: 'data.id', onUnknown: 'retry' as const }
    const { send, untilIdle, store, host } = await rigOf({
      spec: { steps: [call('store', { ...once, deduplicate })] },
      scripts: { store: died },
    })
    await send({ id: 1 }, { run: 'r', tracked: true })
    await untilIdle()
    await send({ id: 1 }, { run: 'r', tracked: true })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(await store.trackedRuns.active('uid')).toEqual([])
  })
})

describe('nothing spins', () => {
  it.each([
    { name: 'a body that cannot be read', body: Buffer.from('rubbish') },
    { name: 'an empty body', body: Buffer.alloc(0) },
    { name: 'carried values that are no JSON', body: Buffer.from([0, 0, 0, 3, 0x7b, 0x7b, 0x7b]) },
  ])('on $name: it is a dead letter', async ({ body }) => {
    const { broker, plan, untilIdle, deadLetters, events } = await rigOf({ spec: { steps: [call('store')] } })
    const { queue, name: at } = plan.stages[0]!
    const headers = sampleHeaders({ revisionHash: plan.hash, trigger: 'by-hand', at })
    await broker.publish({ kind: 'queue', queue }, { id: 'm', headers, body })
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ code: 'MalformedMessage' }])
    expect(events).toMatchObject([{ kind: 'dead' }])
  })

  it('on what a built-in makes too large: it is a dead letter as it stood there', async () => {
    const { send, untilIdle, host, deadLetters } = await rigOf({
      limits: { messageBytes: 300 },
      spec: {
        steps: [call('fetch'), { name: 'grow', transform: '{"a": data.t & data.t & data.t & data.t}' }, call('store')],
      },
    })
    await send({ t: 'x'.repeat(100) })
    await untilIdle()
    expect(host.calls).toHaveLength(1)
    expect(await deadLetters()).toMatchObject([{ code: 'MessageTooLarge' }])
  })

  it('on what a component gives that is no message', async () => {
    const { send, untilIdle, deadLetters } = await rigOf({
      spec: {
        steps: [
          call('fetch', { onError: { to: 'handle' }, next: [{ to: 'handle', when: 'data.x' }] }),
          call('handle', { next: [] }),
        ],
      },
      scripts: {
        fetch: ({ onEmit }) => onEmit({ kind: 'data', message: Buffer.from('no json') }).then(() => undefined),
      },
    })
    await send({})
    await untilIdle()
    expect(await deadLetters()).toMatchObject([{ step: 'fetch', code: 'MalformedMessage' }])
  })

  it('while a runner drains: what comes then waits for its close', async () => {
    const releases: (() => void)[] = []
    const { send, settle, runner, broker, host, clock, plan } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: { store: () => new Promise((resolve) => releases.push(() => resolve(undefined))) },
    })
    for (let n = 0; n < 4; n += 1) await send({})
    await settle()
    const started = host.calls.length
    const closing = runner.close(60_000)
    // Room for one more delivery, while another call goes on.
    releases[0]?.()
    await clock.advance(1000)
    expect({ started, calls: host.calls.length }).toEqual({ started: 2, calls: 2 })
    releases[1]?.()
    await settle()
    await closing
    expect(broker.pending()).toMatchObject({ unacknowledged: 0, ready: 2 })
    const counts: number[] = []
    await broker.consume(plan.stages[0]!.queue, { prefetch: 10 }, ({ deliveryCount }) => counts.push(deliveryCount))
    await settle()
    expect(counts.toSorted((left, right) => left - right)).toEqual([0, 1])
  })

  it('when an emit waits for room after the deadline of a close: it is refused', async () => {
    const refused: unknown[] = []
    const { send, settle, runner, clock } = await rigOf({
      limits: { queuedMessages: 1 },
      spec: { steps: [call('fetch'), call('store')] },
      scripts: {
        fetch: async ({ emitData }) => {
          for (let n = 0; n < 5; n += 1) await emitData({ n }).catch((error: unknown) => refused.push(error))
          return undefined
        },
        store: () => new Promise(() => {}),
      },
    })
    await send({})
    await settle()
    const closing = runner.close(1000)
    await clock.advance(1100)
    await closing
    await clock.advance(0)
    expect(refused).not.toEqual([])
    expect(refused[0]).toMatchObject({ code: 'RunnerClosed' })
  })
})
