import { pino } from 'pino'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { Flow, FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { ComponentContract, FunctionContract, Isolation } from '../../flow/component/component-contract.ts'
import { contractIndex } from '../../flow/component/contract-index.ts'
import { compile } from '../../flow/plan/compile.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { livingQueuesOf } from '../../flow/plan/queue-name.ts'
import type { Clock, SimulatedClock } from '../../runtime/clock.ts'
import type { Broker } from '../../runtime/broker/broker.ts'
import { deadQueue, unroutedQueue } from '../../runtime/broker/broker.ts'
import type { MemoryBroker } from '../../runtime/broker/memory-broker.ts'
import { openMemoryBroker } from '../../runtime/broker/memory-broker.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { TransientError } from '../../runtime/error.ts'
import { openRecorder } from '../../runtime/recorder/recorder.ts'
import type { StepEvent, Store } from '../../runtime/store/store.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { manualMessage } from '../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import type { MessageHeaders } from '../../runtime/wire/message.ts'
import type { Call, CallResult, ComponentHost } from '../../runtime/runner/component-host.ts'
import { openReInjector } from '../../runtime/runner/re-inject.ts'
import { livingList } from './living-list.ts'
import type { Settlement } from '../../runtime/runner/job.ts'
import type { WorkFollower } from '../../runtime/runner/follow-work.ts'
import { followWork } from '../../runtime/runner/follow-work.ts'
import type { Runner } from '../../runtime/runner/runner.ts'
import { openRunner } from '../../runtime/runner/runner.ts'
import type { DeliveryPlace, RunnerLimits, RunnerParts, Tracer } from '../../runtime/runner/runner-parts.ts'

/** What a component of a test does with one call; by default it passes its data on. */
export type Script = (call: ScriptedCall) => Promise<CallResult | undefined>

export interface ScriptedCall extends Call {
  readonly data: unknown
  readonly emitData: (data: unknown) => Promise<void>
  readonly emitError: (failure: {
    code?: string
    message: string
    permanent?: boolean
    retryAfterSeconds?: number
  }) => Promise<void>
}

export interface RigOptions {
  readonly spec: Pick<FlowSpec, 'steps'> & Partial<FlowSpec>
  /** By function name. */
  readonly scripts?: Readonly<Record<string, Script>>
  readonly functions?: Readonly<Record<string, Partial<FunctionContract>>>
  readonly isolation?: Isolation
  readonly namespace?: string
  readonly limits?: Partial<RunnerLimits>
  readonly credentials?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Of the App of each credential. */
  readonly budgets?: Readonly<Record<string, BudgetInUse>>
  /** What runners get in place of their connection. */
  readonly wrap?: (connection: Broker) => Broker
  readonly tracer?: Tracer
  /** By default in memory, on the simulated clock. */
  readonly openBroker?: (clock: Clock) => RigBroker | Promise<RigBroker>
  /** By default one that stands still until it is told to go on. */
  readonly clock?: SimulatedClock
  /** How much is not at its end yet, where the broker cannot tell. */
  readonly left?: (store: Store) => Promise<number>
}

/** What a rig needs of a broker beside the port. */
export interface RigBroker extends Broker {
  /** Another process's connection. */
  readonly connect: () => Broker | Promise<Broker>
  /** All that is somewhere in it. */
  readonly pending: () => PendingMessages | Promise<PendingMessages>
}

type PendingMessages = ReturnType<MemoryBroker['pending']>

export interface Finished {
  readonly step: string
  readonly data: unknown
  readonly metadata: unknown
}

const usual = { namespace: 'default', isolation: 'process' as const }

/** A whole runner on a simulated clock, with real queues and state, whose components are functions of the test. */
export async function openRig(options: RigOptions) {
  const { spec, scripts = {}, functions = {}, limits, credentials = {}, budgets = {} } = options
  const { namespace, isolation } = { ...usual, ...options }
  const { wrap = (connection: Broker) => connection, tracer } = options
  const { clock = simulatedClock(Date.parse('2026-01-01T00:00:00Z')) } = options
  const { openBroker = (clock: Clock): RigBroker => openMemoryBroker({ clock }) } = options
  const broker = await openBroker(clock)
  const { left = () => totalOf(broker) } = options
  const store = openMemoryStore({ clock })
  const log = pino({ level: 'silent' })
  const flow: Flow = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'Flow',
    metadata: { name: 'flow', namespace, uid: 'uid' },
    spec: { triggers: [{ name: 'by-hand', manual: {} }], ...spec },
  }
  const compileFlow = (edited: RigOptions['spec'], before?: Plan): Plan =>
    compile(
      { ...flow, spec: { ...flow.spec, ...edited } },
      {
        contracts: contractIndex([contractOf(edited, { functions, isolation })]),
        revision: (before?.revision ?? 0) + 1,
        ...(before !== undefined && { livingQueues: plans.all().flatMap(livingQueuesOf) }),
      },
    )
  const plans = plansOf()
  const plan = compileFlow(spec)
  plans.add(plan)
  const living = livingList()
  living.add(plan)
  const finished: Finished[] = []
  const events: StepEvent[] = []
  const entries: { headers: MessageHeaders; emitted: number }[] = []
  const given = new Map(Object.entries(credentials))
  const received: string[] = []
  const deliveries: { place: DeliveryPlace; settlement: Settlement }[] = []
  const host = scriptedHost(scripts)
  const queuesOf = ({ stages }: Plan) =>
    stages.map(({ queue, singleActiveConsumer }) => ({ name: queue, singleActiveConsumer }))
  await broker.declareQueues([{ name: deadQueue }, { name: unroutedQueue }, ...queuesOf(plan)])
  const recorder = await openRecorder({ broker, store, clock, log, namespaceOf: () => 'default' })
  await openReInjector({ broker, plans, clock, store, log })
  const parts: Omit<RunnerParts, 'broker'> = {
    store,
    plans,
    host,
    clock,
    log,
    credentials: {
      get: async (_, name) => {
        const fields = given.get(name)
        const rateBudget = budgets[name]
        return fields && { type: 'mixed', fields, ...(rateBudget !== undefined && { rateBudget }) }
      },
    },
    code: async () => ({ directory: '/', env: {} }),
    observer: {
      onReceived: (_, step) => received.push(step),
      onRun: () => {},
      onEvent: (event) => events.push(event),
      onFinished: ({ step, message }) => {
        const { data, metadata } = message()
        finished.push({ step, data, metadata })
      },
      onEntrySettled: (headers, emitted) => entries.push({ headers, emitted }),
      onDeliveryEnd: (place, _headers, { settlement }) => deliveries.push({ place, settlement }),
    },
    limits: { queuedMessages: 1000, messageBytes: 1_000_000, ...limits },
    ...(tracer !== undefined && { tracer }),
  }
  /** A runner of its own, with a connection of its own, as another process would be. */
  const followers = new Set<WorkFollower>()
  const startRunner = async (): Promise<StartedRunner> => {
    const connection = await broker.connect()
    const runner = openRunner({ ...parts, broker: wrap(connection) })
    const follower = followWork(runner, living.list)
    followers.add(follower)
    await follower.attached()
    const forget = (): void => {
      followers.delete(follower)
      void follower.close()
    }
    return {
      runner: {
        ...runner,
        close: (deadlineMs) => {
          forget()
          return runner.close(deadlineMs)
        },
      },
      kill: () => {
        forget()
        return connection.close()
      },
    }
  }
  const first = await startRunner()
  const { runner } = first

  const send = async (data: unknown, options: SendOptions = {}): Promise<string> => {
    const { under = plans.active() ?? plan, trigger: name = under.triggers[0]?.name, ...rest } = options
    const trigger = under.triggers.find((one) => one.name === name)
    if (trigger === undefined) throw new Error('the flow has no such trigger')
    const deps = { broker, clock, ids: { freshId } }
    const id = rest.run ?? freshId()
    if (rest.tracked === true) await store.trackedRuns.add(under.flow.uid, id, [id])
    const started = await startRun(deps, {
      plan: under,
      trigger,
      first: manualMessage(trigger, { data }),
      ...rest,
      run: id,
    })
    if (started.kind !== 'started') throw new Error('unroutable')
    return started.run
  }
  return {
    plan,
    clock,
    broker,
    store,
    runner,
    /** Its connection is cut: what it has not settled goes back at once, while its code goes on unheard. */
    kill: first.kill,
    startRunner,
    /** The next revision, active from now on. */
    edit: async (edited: RigOptions['spec']): Promise<Plan> => {
      const next = compileFlow(edited, plans.active() ?? plan)
      await broker.declareQueues(queuesOf(next))
      plans.add(next)
      living.add(next)
      await Promise.all([...followers].map((follower) => follower.attached()))
      return next
    },
    plans,
    received,
    deliveries,
    finished,
    events,
    entries,
    host,
    given,
    send,
    /** Until nothing happens any more at this instant. */
    settle: () => clock.advance(0),
    /** Lets simulated time pass until nothing is queued, running or waiting. */
    untilIdle: async (atMostMs = 3_600_000) => {
      const until = clock.now() + atMostMs
      for (;;) {
        for (let turn = 0; turn < 5; turn += 1) await clock.advance(0)
        if ((await left(store)) === 0) return
        const next = clock.nextAt()
        if (next === undefined || next > until) return
        await clock.advance(next - clock.now())
      }
    },
    deadLetters: () => store.deadLetters.list({}),
    close: async () => {
      const closing = runner.close(0)
      await clock.advance(0)
      await closing
      await recorder.close()
      await broker.close()
    },
  }
}

async function totalOf(broker: RigBroker): Promise<number> {
  const { ready, unacknowledged, parked } = await broker.pending()
  return ready + unacknowledged + parked
}

export interface SendOptions {
  readonly tracked?: boolean
  readonly replyTo?: string
  readonly trigger?: string
  readonly run?: string
  readonly under?: Plan
  readonly traceparent?: string
}

export interface StartedRunner {
  readonly runner: Runner
  readonly kill: () => Promise<void>
}

export type Rig = Awaited<ReturnType<typeof openRig>>

/** Every function that a step names, in one component `app`. */
function contractOf(
  spec: Pick<FlowSpec, 'steps'>,
  { functions = {}, isolation }: Pick<RigOptions, 'functions' | 'isolation'>,
): ComponentContract {
  const names = spec.steps.flatMap((step) => step.function ?? [])
  const contracts = names.map((name): [string, FunctionContract] => [
    name,
    {
      name,
      kind: 'action',
      main: `./${name}.js`,
      emits: 'many',
      snapshot: false,
      checkpoint: false,
      ...functions[name],
    },
  ])
  return {
    kind: 'Component',
    name: 'app',
    dialect: 'oih',
    isolation: isolation ?? 'process',
    functions: Object.fromEntries(contracts),
  }
}

/** Revisions that come and go. */
function plansOf() {
  const known = new Map<number, Plan>()
  let active: Plan | undefined
  let hasAnswer = true
  return {
    /** Whether it answers for a revision that a message names. */
    answers: (answers: boolean) => {
      hasAnswer = answers
    },
    all: () => [...known.values()],
    add: (plan: Plan) => {
      known.set(plan.revision, plan)
      active = plan
    },
    forget: (revision: number) => known.delete(revision),
    deactivate: () => {
      active = undefined
    },
    flows: () => ['uid'],
    active: () => active,
    refresh: async () => active,
    get: async (_: string, revision: number) => {
      if (!hasAnswer) throw new TransientError('PlansUnreachable', 'nobody answers for plans')
      return known.get(revision)
    },
  }
}

function scriptedHost(
  scripts: Readonly<Record<string, Script>>,
): ComponentHost & { readonly calls: ScriptedCall[]; readonly stopped: string[] } {
  const calls: ScriptedCall[] = []
  const stopped: string[] = []
  const running = new Set<Promise<unknown>>()
  return {
    calls,
    stopped,
    stats: () => ({ children: 1, running: running.size, waiting: 0, starving: 0 }),
    close: async () => {},
    stop: async (key) => {
      stopped.push(key)
    },
    call: (call) => {
      const scripted = scriptedCall(call)
      calls.push(scripted)
      const script = scripts[call.function.name] ?? (({ emitData, data }) => emitData(data).then(() => undefined))
      call.onStart?.()
      const work = script(scripted).then((result) => result ?? { kind: 'ended' as const })
      running.add(work)
      return work.finally(() => running.delete(work))
    },
  }
}

function scriptedCall(call: Call): ScriptedCall {
  const { data } = JSON.parse(call.message.toString()) as { data: unknown }
  return {
    ...call,
    data,
    emitData: (value) => call.onEmit({ kind: 'data', message: Buffer.from(JSON.stringify({ data: value })) }),
    emitError: (failure) => call.onEmit({ kind: 'error', failure: { code: 'ComponentFailed', ...failure } }),
  }
}
