import type { Logger } from 'pino'
import type { ParsedManifests } from '../flow/manifest/manifest.ts'
import type { QueueDeclaration } from '../runtime/broker/broker.ts'
import { deadQueue, unroutedQueue } from '../runtime/broker/broker.ts'
import type { EmbeddedBroker } from '../runtime/broker/embedded-broker.ts'
import type { Clock } from '../runtime/clock.ts'
import { systemClock } from '../runtime/clock.ts'
import type { CredentialSource, LivingWork } from '../runtime/plan-source.ts'
import type { Recorder } from '../runtime/recorder/recorder.ts'
import { openRecorder } from '../runtime/recorder/recorder.ts'
import type { HostLimits } from '../runtime/runner/host/host-options.ts'
import { openReInjector } from '../runtime/runner/re-inject.ts'
import { openRunner } from '../runtime/runner/runner.ts'
import type { RunnerLimits, RunnerObserver, RunnerParts } from '../runtime/runner/runner-parts.ts'
import type { DeadLetter, Run, Store } from '../runtime/store/store.ts'
import { aborted } from './aborted.ts'
import { adoptUnfinished } from './adopt-unfinished.ts'
import type { LocalComponents } from './local-components.ts'
import { openLocalHost } from './local-host.ts'
import { openLocalBroker } from './local-broker.ts'
import type { LocalPlans } from './local-plans.ts'
import { openLocalPlans } from './local-plans.ts'
import { openLocalStore } from './local-store.ts'
import { olderWork } from './older-work.ts'
import { makeStateDirectory } from './state-directory.ts'

/** The parts of a flow's life that need no trigger: queues, state, runner. Triggers are opened on top of it. */
export interface LocalRuntime {
  readonly broker: EmbeddedBroker
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
  const broker = openLocalBroker(options.state, log)
  opened.defer(broker.close)
  const plans = await openLocalPlans(options.parsed.manifests.flows, components, store.plans)
  opened.defer(async () => {
    left = unfinishedIn(broker)
  })
  const work = await openWork({ broker, store, plans })
  const resumed = unfinishedIn(broker)
  const namespaceOf = (flow: string): string => plans.active(flow)?.flow.namespace ?? 'default'
  const recorder = await openRecorder({ broker, store, clock, log, namespaceOf, onDeadLetter: options.onDeadLetter })
  opened.defer(recorder.close)
  const reInjector = await openReInjector({ broker, store, plans, clock })
  opened.defer(reInjector.close)
  const workers = await openWorkers(options, { broker, store, plans, clock, recorder, work })
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

function unfinishedIn(broker: EmbeddedBroker): number {
  const { ready, unacknowledged, parked } = broker.pending()
  return ready + unacknowledged + parked
}

interface WorkParts {
  readonly broker: EmbeddedBroker
  readonly store: Store
  readonly plans: LocalPlans
}

/** Declares what is to be consumed. What belongs to a frozen flow, or to none that is given, stays in its queues as it is. */
async function openWork({ broker, store, plans }: WorkParts): Promise<readonly LivingWork[]> {
  const running = plans.all.filter(({ flow }) => !flow.freeze)
  const active = running.flatMap((plan) => plan.stages.map((stage) => ({ stage, plan })))
  const older = await Promise.all(running.map((plan) => olderWork(broker, plan, store.plans)))
  const work = [...active, ...older.flat()]
  await broker.declareQueues([{ name: deadQueue }, { name: unroutedQueue }, ...work.map(queueOf)])
  for (const { flow } of running) await adoptUnfinished({ broker, store, plans }, flow.uid)
  return work
}

function queueOf({ stage: { queue, singleActiveConsumer } }: LivingWork): QueueDeclaration {
  return { name: queue, singleActiveConsumer }
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
  readonly work: readonly LivingWork[]
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
  await Promise.all(around.work.map(runner.attach))
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
