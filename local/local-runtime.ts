import type { Logger } from 'pino'
import type { ParsedManifests } from '../flow/manifest/manifest.ts'
import type { Plan } from '../flow/plan/plan.ts'
import { deadQueue, unroutedQueue } from '../runtime/broker/broker.ts'
import type { MemoryBroker } from '../runtime/broker/memory-broker.ts'
import { openMemoryBroker } from '../runtime/broker/memory-broker.ts'
import type { Clock } from '../runtime/clock.ts'
import { systemClock } from '../runtime/clock.ts'
import type { CredentialSource } from '../runtime/plan-source.ts'
import type { Recorder } from '../runtime/recorder/recorder.ts'
import { openRecorder } from '../runtime/recorder/recorder.ts'
import type { HostLimits } from '../runtime/runner/host/host-options.ts'
import { openReInjector } from '../runtime/runner/re-inject.ts'
import type { Runner } from '../runtime/runner/runner.ts'
import { openRunner } from '../runtime/runner/runner.ts'
import type { RunnerLimits, RunnerObserver, RunnerParts } from '../runtime/runner/runner-parts.ts'
import type { DeadLetter, Run, Store } from '../runtime/store/store.ts'
import { aborted } from './aborted.ts'
import type { LocalComponents } from './local-components.ts'
import { openLocalHost } from './local-host.ts'
import type { LocalPlans } from './local-plans.ts'
import { openLocalPlans } from './local-plans.ts'
import { openLocalStore } from './local-store.ts'
import { makeStateDirectory } from './state-directory.ts'
import { openUnfinished } from './unfinished.ts'

/** The parts of a flow's life that need no trigger: queues, state, runner. Triggers are opened on top of it. */
export interface LocalRuntime {
  readonly broker: MemoryBroker
  readonly store: Store
  readonly plans: LocalPlans
  readonly clock: Clock
  /** To be told of each run that a trigger starts. */
  readonly onRun: (run: Run) => void
  /** Ends endless triggers, so that what they have given can be finished. Safe to repeat. */
  readonly stopListening: () => Promise<void>
  /** Whether what does not finish is there for a later run. */
  readonly isKept: boolean
  /** Messages of an earlier run with the same state that this one goes on with. */
  readonly resumed: number
  /**
   * Finishes what has started until the deadline, keeps what has not in the state, closes everything. Resolves with the
   * number of messages that had not finished. Safe to repeat.
   */
  readonly close: (deadlineMs: number) => Promise<number>
}

export interface LocalRuntimeOptions {
  readonly parsed: ParsedManifests
  readonly components: LocalComponents
  readonly credentials: CredentialSource
  readonly log: Logger
  /** Directory for what must outlast the process; without it everything is in memory. */
  readonly state?: string
  readonly observer: Partial<RunnerObserver>
  readonly onDeadLetter: (letter: DeadLetter) => void
  readonly limits?: Partial<RunnerLimits>
  /** Of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly host?: Partial<HostLimits>
  /** Aborted when the run is to stop at once: nothing is waited for any more. */
  readonly stopped?: AbortSignal
}

export const defaultLimits: RunnerLimits = { queuedMessages: 1000, messageBytes: 10 * 1024 * 1024 }

const hostPatienceMs = 2000

/** @throws {PermanentError} when the state cannot be used: `StateInUse`, `StateTooNew`, `StateCorrupt`, `StateUnusable` */
export async function openLocalRuntime(options: LocalRuntimeOptions): Promise<LocalRuntime> {
  // Closed in reverse: what could still cause work ends first.
  const opened = new AsyncDisposableStack()
  try {
    return await openOn(opened, options)
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

async function openOn(opened: AsyncDisposableStack, options: LocalRuntimeOptions): Promise<LocalRuntime> {
  const { components, log } = options
  const clock = systemClock
  let left = 0
  opened.defer(components.close)
  if (options.state !== undefined) await makeStateDirectory(options.state)
  const store = openLocalStore(options.state, log)
  opened.defer(store.close)
  const broker = openMemoryBroker({ clock })
  opened.defer(broker.close)
  const plans = await openLocalPlans(options.parsed.manifests.flows, components, store.plans)
  const unfinished = openUnfinished({ broker, store, plans, clock })
  opened.defer(async () => {
    const { ready, unacknowledged, parked } = broker.pending()
    left = ready + unacknowledged + parked
  })
  await broker.declareQueues([{ name: deadQueue }, { name: unroutedQueue }, ...plans.all.flatMap(queuesOf)])
  const namespaceOf = (flow: string): string => plans.active(flow)?.flow.namespace ?? 'default'
  const recorder = await openRecorder({ broker, store, clock, log, namespaceOf, onDeadLetter: options.onDeadLetter })
  opened.defer(recorder.close)
  const reInjector = await openReInjector({ broker, store, plans, clock })
  opened.defer(reInjector.close)
  const resumed = await unfinished.resume()
  const workers = await openWorkers(options, { broker, store, plans, clock, recorder })
  opened.defer(workers.close)
  return {
    broker,
    store,
    plans,
    clock,
    resumed,
    isKept: options.state !== undefined,
    onRun: (run) => recorder.observe({ kind: 'run', run }),
    stopListening: workers.stopListening,
    close: async (deadlineMs) => {
      await workers.drain(deadlineMs)
      await opened.disposeAsync()
      return left
    },
  }
}

function queuesOf(plan: Plan): { readonly name: string; readonly singleActiveConsumer: boolean }[] {
  return plan.stages.map(({ queue, singleActiveConsumer }) => ({ name: queue, singleActiveConsumer }))
}

/** What does the work: the runner, and the processes of its components. */
interface Workers {
  readonly stopListening: () => Promise<void>
  /** Lets what has started finish until the deadline, or until the run is to stop at once; takes nothing new. */
  readonly drain: (deadlineMs: number) => Promise<void>
  readonly close: () => Promise<void>
}

type Surroundings = Pick<RunnerParts, 'broker' | 'store' | 'clock'> & {
  readonly plans: LocalPlans
  readonly recorder: Recorder
}

async function openWorkers(options: LocalRuntimeOptions, around: Surroundings): Promise<Workers> {
  const { log, credentials, components, stopped } = options
  const host = openLocalHost({
    log,
    environment: options.environment,
    ...(options.host !== undefined && { limits: options.host }),
  })
  const runner = openRunner({
    ...around,
    host,
    log,
    credentials,
    code: components.code,
    observer: observerOf(around.recorder, options.observer),
    limits: { ...defaultLimits, ...options.limits },
  })
  await attachAll(runner, around.plans.all)
  return {
    stopListening: runner.stopListening,
    drain: async (deadlineMs) => {
      const drained = runner.close(deadlineMs)
      await (stopped === undefined ? drained : Promise.race([drained, aborted(stopped)]))
    },
    close: async () => {
      await runner.close(0)
      await host.close(stopped?.aborted === true ? 0 : hostPatienceMs)
    },
  }
}

async function attachAll(runner: Runner, plans: readonly Plan[]): Promise<void> {
  for (const plan of plans) {
    if (plan.flow.freeze) continue
    await Promise.all(plan.stages.map((stage) => runner.attach({ stage, plan })))
  }
}

function observerOf(recorder: Recorder, observer: Partial<RunnerObserver>): RunnerObserver {
  return {
    onReceived: (flow, step) => observer.onReceived?.(flow, step),
    onEvent: (event) => {
      recorder.observe({ kind: 'event', event })
      observer.onEvent?.(event)
    },
    onRun: (run) => recorder.observe({ kind: 'run', run }),
    onFinished: (finished) => observer.onFinished?.(finished),
    onEntrySettled: (headers, emitted) => observer.onEntrySettled?.(headers, emitted),
  }
}
