import { afterEach, describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import { losable } from '../../test/rig/lost-connection.ts'
import type { Rig, RigOptions, Script } from '../../test/rig/runner-rig.ts'
import { openRig } from '../../test/rig/runner-rig.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import type { LivingWork, WorkList } from '../plan-source.ts'
import { followWork } from './follow-work.ts'
import type { SpanOutcome, Tracer } from './runner-parts.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

async function rigOf(options: RigOptions): Promise<Rig> {
  rig = await openRig(options)
  return rig
}

const call = (name: string, rest: Partial<Step> = {}): Step => ({ name, component: 'app', function: name, ...rest })
const hanging: Script = () => new Promise(() => {})
const minute = 60_000

/** A work list that a test writes. */
function listOf(plans: readonly Plan[]) {
  const worksOf = (plan: Plan): LivingWork[] => plan.stages.map((stage) => ({ stage, plan }))
  let living = plans.flatMap(worksOf)
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const list: WorkList = {
    living: () => living,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    list,
    tell,
    write: (...works: readonly LivingWork[]) => {
      living = [...works]
      tell()
    },
    worksOf,
  }
}

describe('the work list', () => {
  it('is consumed, followed at each change, and served only as far as the pools go', async () => {
    const { plan, broker, runner, settle } = await rigOf({ spec: { steps: [call('fetch'), call('store')] } })
    for (const { queue } of plan.stages) await runner.detach(queue)
    const consumers = async (): Promise<(number | undefined)[]> =>
      Promise.all(plan.stages.map(async ({ queue }) => (await broker.depth(queue))?.consumers))
    expect(await consumers()).toEqual([0, 0])
    const { list, write, tell, worksOf } = listOf([plan])
    const follower = followWork(runner, list, { pools: new Set([plan.stages[0]!.pool]) })
    await follower.attached()
    expect(await consumers()).toEqual(plan.stages.map(({ pool }) => (pool === plan.stages[0]!.pool ? 1 : 0)))
    await follower.close()
    const all = followWork(runner, list)
    await all.attached()
    tell()
    await settle()
    expect(await consumers()).toEqual([1, 1])
    write(worksOf(plan)[1]!)
    await settle()
    expect(await consumers()).toEqual([0, 1])
    await all.close()
    write(...worksOf(plan))
    await settle()
    expect(await consumers()).toEqual([0, 1])
  })

  it('leaves a queue only when what has started there is settled, and gives back what has not', async () => {
    let release = (): void => {}
    const { plan, broker, runner, send, settle, finished } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: {
        store: async ({ emitData, data }) => {
          await new Promise<void>((resolve) => (release = resolve))
          await emitData(data)
          return undefined
        },
      },
    })
    const [stage] = plan.stages
    await send({ n: 1 })
    await settle()
    const left = runner.detach(stage!.queue)
    await send({ n: 2 })
    await settle()
    expect(await broker.depth(stage!.queue)).toMatchObject({ consumers: 1 })
    release()
    await left
    expect(finished).toHaveLength(1)
    expect(await broker.depth(stage!.queue)).toMatchObject({ ready: 1, unacknowledged: 0, consumers: 0 })
  })

  it('goes on with a queue that was deleted and declared again', async () => {
    const { plan, broker, clock, send, settle, finished } = await rigOf({ spec: { steps: [call('store')] } })
    const [stage] = plan.stages
    await broker.deleteQueue(stage!.queue)
    await clock.advance(30_000)
    await broker.declareQueues([{ name: stage!.queue }])
    await clock.advance(10_000)
    await send({ n: 1 })
    await settle()
    expect(finished).toHaveLength(1)
  })

  it('gives each (queue, config, credential) a child of its own', async () => {
    const { edit, send, settle, host } = await rigOf({
      spec: { steps: [call('store', { config: { url: 'a' } })] },
      credentials: { mine: {} },
    })
    const keyNow = async (): Promise<string> => {
      await send({})
      await settle()
      return host.calls.at(-1)!.child.key
    }
    const first = await keyNow()
    await edit({ steps: [call('store', { config: { url: 'a' }, timeoutSeconds: 7 })] })
    expect(await keyNow()).toBe(first)
    await edit({ steps: [call('store', { config: { url: 'b' } })] })
    const second = await keyNow()
    await edit({ steps: [call('store', { config: { url: 'b' }, credential: 'mine' })] })
    expect(new Set([first, second, await keyNow()]).size).toBe(3)
  })
})

describe('an endless trigger', () => {
  const triggers = [{ name: 'watch', listen: {}, to: 'watch' }]
  const functions = { watch: { kind: 'trigger' as const } }
  const watching = (config: Record<string, string>): Step[] => [call('watch', { config }), call('store')]
  const spec = { triggers, steps: watching({ topic: 'a' }) }

  it('goes on over a revision that means the same for it, and stamps its number', async () => {
    const { edit, runner, send, settle, host, finished, events } = await rigOf({
      spec,
      functions,
      scripts: { watch: hanging },
    })
    await send({})
    await settle()
    await edit({ triggers, steps: [call('watch', { config: { topic: 'a' } }), call('store', { timeoutSeconds: 7 })] })
    await runner.review()
    await host.calls[0]!.emitData({ n: 1 })
    await settle()
    expect(host.stopped).toEqual([])
    expect(finished).toHaveLength(1)
    expect(host.calls.filter(({ function: called }) => called.name === 'store')[0]!.timeoutMs).toBe(7000)
    expect(events.filter(({ kind }) => kind === 'dead')).toEqual([])
  })

  it.each([
    { name: 'another config', next: { triggers, steps: watching({ topic: 'b' }) } },
    {
      name: 'another credential',
      next: { triggers, steps: [call('watch', { config: { topic: 'a' }, credential: 'mine' }), call('store')] },
    },
    { name: 'no such trigger', next: { triggers: [{ name: 'by-hand', manual: {} }], steps: watching({ topic: 'a' }) } },
    { name: 'a suspended flow', next: { ...spec, suspend: true } },
  ])('is stopped by a revision with $name, and started anew by the next fire', async ({ name, next }) => {
    const { plan, edit, runner, send, settle, host } = await rigOf({
      spec,
      functions,
      scripts: { watch: hanging },
      credentials: { mine: {} },
    })
    await send({})
    await settle()
    await edit(next)
    await runner.review()
    expect(host.stopped).toEqual([`${plan.stages.find((stage) => stage.name === 'watch')!.queue} listen`])
    await send({}, { under: plan })
    await settle()
    expect(host.calls).toHaveLength(name.startsWith('another') ? 2 : 1)
  })

  it('is stopped when its queue is left or lost', async () => {
    const { plan, broker, runner, send, settle, clock, host } = await rigOf({
      spec,
      functions,
      scripts: { watch: hanging },
    })
    const { queue } = plan.stages.find((stage) => stage.name === 'watch')!
    await send({})
    await settle()
    await broker.deleteQueue(queue)
    await clock.advance(0)
    expect(host.stopped).toEqual([`${queue} listen`])
    await broker.declareQueues([{ name: queue, singleActiveConsumer: true }])
    await clock.advance(5000)
    await send({})
    await settle()
    expect(host.calls).toHaveLength(2)
    await runner.detach(queue)
    expect(host.stopped).toHaveLength(2)
  })

  it('publishes what it emits until it is safe', async () => {
    const { lose, find, refused, wrap } = losable()
    const { send, settle, clock, host, finished } = await rigOf({ spec, functions, scripts: { watch: hanging }, wrap })
    await send({})
    await settle()
    lose()
    const emitted = host.calls[0]!.emitData({ n: 1 })
    await clock.advance(minute)
    expect(finished).toEqual([])
    expect(refused()).toBeGreaterThan(5)
    find()
    await clock.advance(minute)
    await emitted
    expect(finished.map(({ data }) => data)).toEqual([{ n: 1 }])
  })
})

describe('a lost connection', () => {
  it('spends no attempt, and the message comes back', async () => {
    const { lose, find, wrap } = losable()
    const { send, settle, clock, host, finished, events } = await rigOf({
      spec: { steps: [call('fetch', { onError: { retry: { maxAttempts: 1 } } }), call('store')] },
      wrap,
    })
    lose()
    await send({ n: 1 })
    await settle()
    find()
    await clock.advance(minute)
    expect(finished).toHaveLength(1)
    expect(host.calls.map(({ context }) => context.attempt)).toEqual([1, 1, 1])
    expect(events.filter(({ kind }) => kind !== 'settled')).toEqual([])
  })

  it('loses no retry: it is decided again when the message is back', async () => {
    const { lose, find, wrap } = losable()
    const { send, clock, finished, host } = await rigOf({
      spec: { steps: [call('store')] },
      wrap,
      scripts: {
        store: async ({ emitData, emitError, context }) => {
          await (context.attempt === 1 ? emitError({ message: 'busy' }) : emitData({}))
          return undefined
        },
      },
    })
    lose()
    await send({ n: 1 })
    await clock.advance(3000)
    find()
    await clock.advance(minute)
    expect(finished).toHaveLength(1)
    expect(host.calls.at(-1)!.context.attempt).toBe(2)
  })

  it('does not lose what is emitted after the acknowledgement', async () => {
    const { lose, find, wrap } = losable()
    const { send, settle, clock, host, finished } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
      wrap,
    })
    await send({ n: 1 })
    await settle()
    lose()
    const late = host.calls[0]!.emitData({ n: 'late' })
    await clock.advance(minute)
    find()
    await clock.advance(minute)
    await late
    expect(finished.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 'late' }])
  })

  it('that lasts until the runner closes: the late emit is refused', async () => {
    const { lose, wrap } = losable()
    const { runner, send, settle, clock, host } = await rigOf({ spec: { steps: [call('fetch'), call('store')] }, wrap })
    await send({ n: 1 })
    await settle()
    lose()
    const late = host.calls[0]!.emitData({ n: 'late' })
    const refused = expect(late).rejects.toMatchObject({ code: 'RunnerClosed' })
    await clock.advance(1000)
    await runner.close(0)
    await clock.advance(10_000)
    await refused
  })
})

describe('an interrupted channel', () => {
  it('of an ordered step ends the wait in place: the message is tried again by whoever has the queue then, once', async () => {
    let interrupt = (): void => {}
    const { send, settle, clock, host, finished } = await rigOf({
      spec: { steps: [call('store', { order: {} })] },
      wrap: (connection) => ({
        ...connection,
        consume: (queue, options, onDelivery) => {
          interrupt = options.onInterrupted ?? interrupt
          return connection.consume(queue, options, onDelivery)
        },
      }),
      scripts: {
        store: async ({ emitError, emitData, context, data }) => {
          await (context.attempt < 2 ? emitError({ message: 'busy' }) : emitData(data))
          return undefined
        },
      },
    })
    await send({ n: 1 })
    await send({ n: 2 })
    await settle()
    interrupt()
    await clock.advance(minute)
    expect(host.calls.map(({ data, context }) => [(data as { n: number }).n, context.attempt])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ])
    expect(finished).toHaveLength(2)
  })
})

describe('a message that ends its runner', () => {
  it('is tried alone from the fourth delivery on, and is dead after three such trials', async () => {
    const { send, settle, startRunner, kill, clock, host, deadLetters, finished } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: {
        store: async ({ data, emitData }) => {
          if ((data as { isBad?: boolean }).isBad === true) return new Promise(() => {})
          await emitData(data)
          return undefined
        },
      },
    })
    await send({ isBad: true })
    await settle()
    let current = { kill }
    let deaths = 0
    for (; deaths < 10 && (await deadLetters()).length === 0; deaths += 1) {
      await current.kill()
      current = await startRunner()
      await settle()
    }
    expect(deaths).toBe(6)
    expect(host.calls).toHaveLength(6)
    expect(await deadLetters()).toMatchObject([{ code: 'PoisonMessage', attempts: 1 }])
    await send({ n: 1 })
    await clock.advance(1000)
    expect(finished).toHaveLength(1)
  })

  it('does not take its neighbours along: each is tried alone and ends well', async () => {
    const { send, settle, startRunner, kill, clock, deadLetters, finished } = await rigOf({
      spec: { steps: [call('store', { concurrencyPerProcess: 50 })] },
      scripts: {
        store: async ({ data, emitData }) => {
          if ((data as { n: number }).n === 7) return new Promise(() => {})
          await emitData(data)
          return undefined
        },
      },
    })
    // What a runner holds when it dies: the neighbours have ended, but nothing of it is acknowledged.
    let current = { kill }
    await kill()
    for (let n = 0; n < 20; n += 1) await send({ n })
    for (let deaths = 0; deaths < 8; deaths += 1) {
      current = await startRunner()
      await settle()
      await current.kill()
    }
    current = await startRunner()
    await clock.advance(minute)
    expect(await deadLetters()).toMatchObject([{ code: 'PoisonMessage' }])
    expect(finished).toHaveLength(19)
  })

  it('that ends otherwise is no longer suspected', async () => {
    let isDeadly = true
    const { plan, send, settle, startRunner, kill, clock, finished, store, host } = await rigOf({
      spec: { steps: [call('store')] },
      scripts: {
        store: async ({ data, emitData }) => {
          if (isDeadly) return new Promise(() => {})
          await emitData(data)
          return undefined
        },
      },
    })
    const id = await send({ n: 1 })
    await settle()
    let current = { kill }
    for (let deaths = 0; deaths < 4; deaths += 1) {
      await current.kill()
      current = await startRunner()
      await settle()
    }
    expect(host.calls).toHaveLength(5)
    isDeadly = false
    await current.kill()
    await startRunner()
    await clock.advance(1000)
    expect(finished).toHaveLength(1)
    expect(await store.trials.begin(`${plan.stages[0]!.queue}/${id}`)).toBe(1)
  })

  it('runs with nothing else running, and what waits for room then makes way', async () => {
    const running = new Set<string>()
    const together: string[][] = []
    const { send, settle, startRunner, kill, clock, finished } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
      scripts: {
        fetch: async ({ data, emitData, context }) => {
          const { n } = data as { n: number }
          if (n === 0 && together.length < 4) {
            together.push([...running])
            return new Promise(() => {})
          }
          running.add(context.messageId)
          await clock0.sleep(200)
          await emitData(data)
          running.delete(context.messageId)
          return undefined
        },
      },
    })
    const clock0 = { sleep: (ms: number) => new Promise<void>((resolve) => void clock.setTimer(ms, resolve)) }
    let current = { kill }
    await send({ n: 0 })
    await settle()
    for (let deaths = 0; deaths < 3; deaths += 1) {
      await current.kill()
      current = await startRunner()
      if (deaths === 2) for (let n = 1; n < 6; n += 1) await send({ n })
      await clock.advance(100)
    }
    expect(together).toHaveLength(4)
    expect(together[3]).toEqual([])
    await current.kill()
    await startRunner()
    await clock.advance(minute)
    expect(finished).toHaveLength(6)
  })
})

describe('what cannot work now', () => {
  it('waits on a rung while nobody answers for its plan, and no attempt is spent', async () => {
    const { plan, broker, plans, send, settle, untilIdle, events, finished } = await rigOf({
      spec: { steps: [call('store')] },
    })
    plans.answers(false)
    await send({ n: 1 })
    await settle()
    expect(await broker.depth(plan.stages[0]!.queue)).toMatchObject({ ready: 0, unacknowledged: 0, parked: 1 })
    expect(events).toMatchObject([{ kind: 'waiting', code: 'PlansUnreachable', attempt: 1 }])
    plans.answers(true)
    await untilIdle()
    expect(finished).toHaveLength(1)
  })

  it('waits in its place where the order counts', async () => {
    const { plan, broker, plans, send, settle, clock, finished } = await rigOf({
      spec: { steps: [call('store', { order: {} })] },
    })
    plans.answers(false)
    for (const n of [1, 2, 3]) await send({ n })
    await clock.advance(20_000)
    expect(await broker.depth(plan.stages[0]!.queue)).toMatchObject({ parked: 0 })
    plans.answers(true)
    await clock.advance(10_000)
    await settle()
    expect(finished.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  it('closes the channel where the active revision cannot work: the others wait in the queue', async () => {
    const { plan, broker, send, settle, untilIdle, clock, given, finished, host } = await rigOf({
      spec: { steps: [call('store', { credential: 'mine' })] },
    })
    const { queue } = plan.stages[0]!
    for (let n = 0; n < 20; n += 1) await send({ n })
    await settle()
    const held = await broker.depth(queue)
    expect(held).toMatchObject({ consumers: 0, unacknowledged: 0 })
    expect(held!.parked).toBeLessThan(5)
    await clock.advance(10 * minute)
    expect(host.calls).toEqual([])
    given.set('mine', { key: 'k' })
    await untilIdle(2 * minute)
    expect(finished).toHaveLength(20)
    expect(new Set(host.calls.map(({ context }) => context.attempt))).toEqual(new Set([1]))
  })

  it('of an older revision lets the others run', async () => {
    const { plan, edit, broker, send, clock, finished } = await rigOf({
      spec: { steps: [call('store', { credential: 'gone' })] },
    })
    await edit({ steps: [call('store')] })
    await send({ n: 'old' }, { under: plan })
    for (let n = 0; n < 5; n += 1) await send({ n })
    await clock.advance(1000)
    expect(finished).toHaveLength(5)
    expect(await broker.depth(plan.stages[0]!.queue)).toMatchObject({ consumers: 1 })
  })
})

describe('half an hour', () => {
  it('is never reached by an ordered message that is tried again and again in its place', async () => {
    const longest = longestHold()
    const { send, clock, finished, events } = await rigOf({
      spec: {
        steps: [
          call('store', {
            order: {},
            timeoutSeconds: 600,
            onError: { retry: { maxAttempts: 6, initialDelaySeconds: 900, maxDelaySeconds: 3600, factor: 2 } },
          }),
        ],
      },
      wrap: longest.wrap(() => clock.now()),
      scripts: {
        store: async ({ emitError, emitData, data, context }) => {
          await (context.attempt < 5 ? emitError({ message: 'busy' }) : emitData(data))
          return undefined
        },
      },
    })
    const beganAt = clock.now()
    await send({ n: 1 })
    await send({ n: 2 })
    await clock.advance(10 * 60 * minute)
    expect(finished.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }])
    expect(longest.heldMs()).toBeLessThan(30 * minute)
    // The waits were kept: 15, 30, 60 and 60 minutes for each.
    const ended = events.filter(({ kind }) => kind === 'settled').map(({ at }) => at - beganAt)
    expect(ended[0]).toBeGreaterThanOrEqual(165 * minute)
    expect(ended[1]).toBeGreaterThanOrEqual(330 * minute)
  })

  it('is never reached by a call that waits for room: the queue grows above its limit at last', async () => {
    const longest = longestHold()
    const { send, clock, finished } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
      limits: { queuedMessages: 2 },
      wrap: longest.wrap(() => clock.now()),
      scripts: {
        fetch: async ({ emitData }) => {
          for (let n = 0; n < 10; n += 1) await emitData({ n })
          return undefined
        },
        store: async ({ data, emitData }) => {
          await new Promise<void>((resolve) => void clock.setTimer(8 * minute, resolve))
          await emitData(data)
          return undefined
        },
      },
    })
    await send({})
    await clock.advance(200 * minute)
    expect(finished).toHaveLength(10)
    expect(longest.heldMs()).toBeLessThan(30 * minute)
  })
})

/** How long the longest delivery stayed unsettled. */
function longestHold() {
  let heldMs = 0
  return {
    heldMs: () => heldMs,
    wrap:
      (now: () => number): NonNullable<RigOptions['wrap']> =>
      (connection) => ({
        ...connection,
        consume: (queue, options, onDelivery) =>
          connection.consume(queue, options, (delivery) => {
            const at = now()
            const settled = (): void => {
              heldMs = Math.max(heldMs, now() - at)
            }
            onDelivery({
              ...delivery,
              ack: () => {
                settled()
                delivery.ack()
              },
              requeue: () => {
                settled()
                delivery.requeue()
              },
            })
          }),
      }),
  }
}

describe('read-ahead', () => {
  it('follows the rate of the step, up and down', async () => {
    const asked: number[] = []
    let delayMs = 20
    const { send, clock, finished } = await rigOf({
      spec: { steps: [call('store', { concurrencyPerProcess: 8 })] },
      wrap: (connection) => ({
        ...connection,
        consume: async (queue, options, onDelivery) => {
          const subscription = await connection.consume(queue, options, onDelivery)
          const setPrefetch = (prefetch: number): void => {
            asked.push(prefetch)
            subscription.setPrefetch(prefetch)
          }
          return { close: subscription.close, setPrefetch }
        },
      }),
      scripts: {
        store: async ({ data, emitData }) => {
          await new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve))
          await emitData(data)
          return undefined
        },
      },
    })
    for (let n = 0; n < 20_000; n += 1) await send({ n })
    await clock.advance(1500)
    expect(Math.max(...asked)).toBe(200)
    expect(asked).toEqual([...new Set(asked)])
    delayMs = 20_000
    await clock.advance(30 * minute)
    expect(asked.at(-1)).toBeLessThan(60)
    expect(finished.length).toBeGreaterThan(200)
  })
})

describe('a trace', () => {
  it('is passed on unchanged where nobody makes spans', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { send, settle, host } = await rigOf({ spec: { steps: [call('fetch'), call('store')] } })
    await send({ n: 1 }, { traceparent })
    await settle()
    expect(host.calls.map(({ context }) => context.traceparent)).toEqual([traceparent, traceparent])
  })

  it('has a span for each delivery, each begun by the one before', async () => {
    const spans: { name: string; parent: string | undefined; outcome?: SpanOutcome }[] = []
    const tracer: Tracer = {
      startSpan: (name, parent) => {
        const span: (typeof spans)[number] = { name, parent }
        const number = spans.push(span)
        return {
          traceparent: `span ${number}`,
          end: (outcome) => {
            span.outcome = outcome
          },
        }
      },
    }
    const { send, untilIdle, host } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
      tracer,
      scripts: {
        store: async ({ emitError, emitData, context }) => {
          await (context.attempt === 1 ? emitError({ code: 'Busy', message: 'busy' }) : emitData({}))
          return undefined
        },
      },
    })
    await send({ n: 1 })
    await untilIdle()
    expect(spans).toEqual([
      { name: 'flow/fetch', parent: undefined, outcome: { kind: 'settled' } },
      { name: 'flow/store', parent: 'span 1', outcome: { kind: 'retried', code: 'Busy', error: 'busy' } },
      { name: 'flow/store', parent: 'span 1', outcome: { kind: 'settled' } },
    ])
    expect(host.calls.map(({ context }) => context.traceparent)).toEqual(['span 1', 'span 2', 'span 3'])
  })
})

describe('a delivery is told of', () => {
  it('at its beginning and its end, with one place for all of a queue', async () => {
    const { send, settle, deliveries } = await rigOf({ spec: { steps: [call('store')] } })
    for (const n of [1, 2]) await send({ n })
    await settle()
    expect(deliveries.map(({ settlement }) => settlement)).toMatchObject([
      { kind: 'ack', event: 'settled' },
      { emitted: 1 },
    ])
    expect(deliveries[0]!.place).toBe(deliveries[1]!.place)
    expect(deliveries[0]!.place).toMatchObject({ namespace: 'default', flow: 'flow', uid: 'uid', step: 'store' })
  })
})

describe('the re-injector', () => {
  it('looks again before it gives up: a queue that is bound again in time gets its message', async () => {
    const { plan, broker, send, settle, clock, finished, deadLetters } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
    })
    const { queue } = plan.stages.find(({ name }) => name === 'store')!
    await broker.unbindQueue(queue)
    await send({ n: 1 })
    await settle()
    await clock.advance(3000)
    await broker.declareQueues([{ name: queue }])
    await clock.advance(5000)
    expect({ finished: finished.length, dead: (await deadLetters()).length }).toEqual({ finished: 1, dead: 0 })
  })

  it('holds what it has while nobody answers for plans', async () => {
    const { plan, plans, broker, send, settle, clock, finished, deadLetters } = await rigOf({
      spec: { steps: [call('fetch'), call('store')] },
    })
    const { queue } = plan.stages.find(({ name }) => name === 'store')!
    await broker.unbindQueue(queue)
    await send({ n: 1 })
    await settle()
    plans.answers(false)
    await clock.advance(minute)
    expect(await deadLetters()).toEqual([])
    await broker.declareQueues([{ name: queue }])
    plans.answers(true)
    await clock.advance(10_000)
    expect(finished).toHaveLength(1)
  })
})
