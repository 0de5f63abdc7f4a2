import { pino } from 'pino'
import type { Flow, FlowSpec } from '../../crds/v1alpha1/flow.ts'
import type { ComponentContract, FunctionContract } from '../../flow/component/component-contract.ts'
import { contractIndex } from '../../flow/component/contract-index.ts'
import { compile } from '../../flow/plan/compile.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { deadQueue, unroutedQueue } from '../../runtime/broker/broker.ts'
import { openMemoryBroker } from '../../runtime/broker/memory-broker.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { openRecorder } from '../../runtime/recorder/recorder.ts'
import type { StepEvent } from '../../runtime/store/store.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import { manualMessage } from '../../runtime/trigger/decide/first-message.ts'
import { startRun } from '../../runtime/trigger/start-run.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import type { MessageHeaders } from '../../runtime/wire/message.ts'
import { activatePlan } from '../../runtime/runner/active-plan.ts'
import type { Call, CallResult, ComponentHost } from '../../runtime/runner/component-host.ts'
import { openReInjector } from '../../runtime/runner/re-inject.ts'
import { openRunner } from '../../runtime/runner/runner.ts'
import type { RunnerLimits } from '../../runtime/runner/runner-parts.ts'

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
  readonly limits?: Partial<RunnerLimits>
  readonly credentials?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface Finished {
  readonly step: string
  readonly data: unknown
  readonly metadata: unknown
}

/** A whole runner on a simulated clock, with real queues and state, whose components are functions of the test. */
export async function openRig({ spec, scripts = {}, functions = {}, limits, credentials = {} }: RigOptions) {
  const clock = simulatedClock(Date.parse('2026-01-01T00:00:00Z'))
  const broker = openMemoryBroker({ clock })
  const store = openMemoryStore({ clock })
  const log = pino({ level: 'silent' })
  const flow: Flow = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'Flow',
    metadata: { name: 'flow', namespace: 'default', uid: 'uid' },
    spec: { triggers: [{ name: 'by-hand', manual: {} }], ...spec },
  }
  const plan = compile(flow, { contracts: contractIndex([contractOf(spec, functions)]), revision: 1 })
  const finished: Finished[] = []
  const events: StepEvent[] = []
  const entries: { headers: MessageHeaders; emitted: number }[] = []
  const given = new Map(Object.entries(credentials))
  const host = scriptedHost(scripts)
  const plans = plansOf(plan)
  await broker.declareQueues([
    { name: deadQueue },
    { name: unroutedQueue },
    ...plan.stages.map(({ queue, singleActiveConsumer }) => ({ name: queue, singleActiveConsumer })),
  ])
  const recorder = await openRecorder({ broker, store, clock, log, namespaceOf: () => 'default' })
  await openReInjector({ broker, plans, clock })
  const runner = openRunner({
    broker: broker.connect(),
    store,
    plans,
    host,
    clock,
    log,
    credentials: {
      get: async (_, name) => {
        const fields = given.get(name)
        return fields === undefined ? undefined : { type: 'mixed', fields }
      },
    },
    code: async () => ({ directory: '/', env: {} }),
    observer: {
      onReceived: () => {},
      onRun: () => {},
      onEvent: (event) => events.push(event),
      onFinished: ({ step, message }) => {
        const { data, metadata } = message()
        finished.push({ step, data, metadata })
      },
      onEntrySettled: (headers, emitted) => entries.push({ headers, emitted }),
    },
    limits: { queuedMessages: 1000, messageBytes: 1_000_000, ...limits },
  })
  const active = activatePlan(plan)
  for (const stage of plan.stages) await runner.attach(stage, active)

  const send = async (
    data: unknown,
    options: { tracked?: boolean; replyTo?: string; trigger?: string } = {},
  ): Promise<string> => {
    const { trigger: name = plan.triggers[0]?.name, ...rest } = options
    const trigger = plan.triggers.find((one) => one.name === name)
    if (trigger === undefined) throw new Error('the flow has no such trigger')
    const deps = { broker, store, clock, ids: { freshId } }
    const started = await startRun(deps, { plan, trigger, first: manualMessage(trigger, { data }), ...rest })
    if (started.kind !== 'started') throw new Error('unroutable')
    return started.run
  }
  return {
    plan,
    clock,
    broker,
    store,
    runner,
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
        const { ready, unacknowledged, parked } = broker.pending()
        if (ready + unacknowledged + parked === 0) return
        const next = clock.nextAt()
        if (next === undefined || next > until) return
        await clock.advance(next - clock.now())
      }
    },
    deadLetters: () => store.deadLetters.list({}),
    close: async () => {
      await runner.close(1000)
      await recorder.close()
      await broker.close()
    },
  }
}

export type Rig = Awaited<ReturnType<typeof openRig>>

/** Every function that a step names, in one component `app`. */
function contractOf(spec: Pick<FlowSpec, 'steps'>, functions: NonNullable<RigOptions['functions']>): ComponentContract {
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
    isolation: 'process',
    functions: Object.fromEntries(contracts),
  }
}

function plansOf(plan: Plan) {
  return {
    flows: () => [plan.flow.uid],
    active: () => plan,
    get: async (_: string, revision: number) => (revision === plan.revision ? plan : undefined),
  }
}

function scriptedHost(scripts: Readonly<Record<string, Script>>): ComponentHost & { readonly calls: ScriptedCall[] } {
  const calls: ScriptedCall[] = []
  const running = new Set<Promise<unknown>>()
  return {
    calls,
    stats: () => ({ children: 1, running: running.size, waiting: 0, starving: 0 }),
    close: async () => {},
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
