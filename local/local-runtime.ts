import type { Logger } from 'pino'
import type { ParsedManifests } from '../flow/manifest/manifest.ts'
import type { Broker } from '../runtime/broker/broker.ts'
import { deadQueue, unroutedQueue } from '../runtime/broker/broker.ts'
import type { EmbeddedBroker } from '../runtime/broker/embedded-broker.ts'
import type { Unacknowledged } from '../runtime/broker/management/unacknowledged.ts'
import type { Clock } from '../runtime/clock.ts'
import { systemClock } from '../runtime/clock.ts'
import type { CredentialSource } from '../runtime/plan-source.ts'
import { openRecorder } from '../runtime/recorder/recorder.ts'
import type { HostLimits } from '../runtime/runner/host/host-options.ts'
import { openReInjector } from '../runtime/runner/re-inject.ts'
import type { RunnerLimits, RunnerObserver, Tracer } from '../runtime/runner/runner-parts.ts'
import type { DeadLetter, Run, Store } from '../runtime/store/store.ts'
import { aborted } from './aborted.ts'
import { adoptUnfinished } from './adopt-unfinished.ts'
import type { LocalComponents } from './local-components.ts'
import { openLocalBroker } from './local-broker.ts'
import { openProject } from './changing-project.ts'
import type { FlowChange, GivenFlows, LocalPlans, LocalPlansOptions } from './local-plans.ts'
import { openLocalPlans } from './local-plans.ts'
import { openLocalStore } from './local-store.ts'
import { openLocalWorkers } from './local-workers.ts'
import { leftAtServers } from './left-at-servers.ts'
import { abandonStrays } from './stray-queues.ts'
import { makeStateDirectory } from './state-directory.ts'

/** The parts of a flow's life that need no trigger: queues, state, runner. Triggers are opened on top of it. */
export interface LocalRuntime {
  readonly broker: Broker
  /** The same broker, where its queues are this process's own; undefined for a server's. */
  readonly embedded: EmbeddedBroker | undefined
  readonly store: Store
  readonly plans: LocalPlans
  /** As the flows were given last. */
  readonly credentials: CredentialSource
  readonly clock: Clock
  /**
   * Runs these flows from now on, by these components and credentials. What has started goes on as it began. Resolves when
   * each is active, if that comes within 10 s.
   */
  readonly change: (project: RunnableFlows) => Promise<readonly FlowChange[]>
  /** To be told of each run that a trigger starts. */
  readonly onRun: (run: Run) => void
  /** How many observations are missing, as far as this process knows. */
  readonly dropped: () => number
  /** Ends endless triggers, so that what they have given can be finished. Safe to repeat. */
  readonly stopListening: () => Promise<void>
  /** Whether what does not finish is there for a later run. */
  readonly isKept: boolean
  /** Messages of earlier runs that this one goes on with; undefined when the broker does not say. */
  readonly resumed: number | undefined
  /**
   * Finishes what has started until the deadline, keeps what has not in the state, closes everything. Resolves with the
   * number of messages that had not finished; undefined when the broker does not say. Safe to repeat.
   */
  readonly close: (deadlineMs: number) => Promise<number | undefined>
}

/** What runs, and what it needs to run. */
export interface RunnableFlows {
  readonly parsed: ParsedManifests
  /** Closed with the runtime. */
  readonly components: LocalComponents
  readonly credentials: CredentialSource
}

export interface LocalRuntimeOptions extends RunnableFlows {
  readonly log: Logger
  /** Opened ones of a server, which the runtime closes; by default the queues and the state are this process's own. */
  readonly servers?: { readonly broker: Broker; readonly store: Store; readonly unacknowledged?: Unacknowledged }
  /** Flows are fired by hand alone: one that is suspended runs as well. Not on servers, where it would run for others, too. */
  readonly isByHand?: boolean
  /** Directory for what must outlast the process; without it everything is in memory. */
  readonly state?: string
  readonly observer: Partial<RunnerObserver>
  /** Where traces go; without one the trace context is passed on as it comes. */
  readonly tracer?: Tracer
  readonly onDeadLetter: (letter: DeadLetter) => void
  readonly limits?: Partial<RunnerLimits>
  /** Of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly host?: Partial<HostLimits>
  /** Aborted when the run is to stop at once: nothing is waited for any more. */
  readonly stopped?: AbortSignal
}

const changePatienceMs = 10_000

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
  const { log } = options
  const clock = systemClock
  let left: number | undefined
  const project = openProject(options)
  opened.defer(project.close)
  const { broker, store, embedded } = await openPorts(opened, options)
  await broker.declareQueues([{ name: deadQueue }, { name: unroutedQueue }])
  const plans = await openLocalPlans({ broker, store, clock, log, ...drivingOf(options, embedded) })
  opened.defer(plans.close)
  const unfinished = async (): Promise<number | undefined> =>
    embedded === undefined ? leftAtServers(broker, plans) : unfinishedIn(embedded)
  opened.defer(async () => {
    left = await unfinished()
  })
  await startFlows({ plans, broker, store, embedded }, options)
  const resumed = await unfinished()
  const { namespaceOf } = plans
  const recorder = await openRecorder({ broker, store, clock, log, namespaceOf, onDeadLetter: options.onDeadLetter })
  opened.defer(recorder.close)
  const reInjector = await openReInjector({ broker, store, plans: plans.known, clock, log })
  opened.defer(reInjector.close)
  const workers = await openLocalWorkers(options, { broker, store, plans, clock, recorder, project })
  opened.defer(workers.close)
  return {
    broker,
    embedded,
    store,
    plans,
    credentials: project.credentials,
    clock,
    resumed,
    isKept: embedded === undefined || options.state !== undefined,
    change: (flows) => {
      project.change(flows)
      return changeFlows(plans, flows, options.stopped)
    },
    dropped: recorder.dropped,
    onRun: (run) => recorder.observe({ kind: 'run', run }),
    stopListening: workers.stopListening,
    close: async (deadlineMs) => {
      await workers.drain(deadlineMs)
      await opened.disposeAsync()
      return left
    },
  }
}

function drivingOf(
  { isByHand = false, servers }: LocalRuntimeOptions,
  embedded: EmbeddedBroker | undefined,
): Pick<LocalPlansOptions, 'waits' | 'isByHand' | 'unacknowledged'> {
  const unacknowledged = servers?.unacknowledged
  return {
    // A broker of our own cannot lose a queue that is young.
    waits: embedded === undefined ? {} : { declaredMs: 0 },
    isByHand: isByHand && embedded !== undefined,
    ...(unacknowledged !== undefined && { unacknowledged }),
  }
}

interface Ports {
  readonly broker: Broker
  readonly store: Store
  readonly embedded: EmbeddedBroker | undefined
}

async function openPorts(opened: AsyncDisposableStack, { servers, state, log }: LocalRuntimeOptions): Promise<Ports> {
  if (servers !== undefined) {
    opened.defer(servers.store.close)
    opened.defer(servers.broker.close)
    return { ...servers, embedded: undefined }
  }
  if (state !== undefined) await makeStateDirectory(state)
  const store = openLocalStore(state, log)
  opened.defer(store.close)
  const embedded = openLocalBroker(state, log)
  opened.defer(embedded.close)
  return { broker: embedded, store, embedded }
}

function unfinishedIn(broker: EmbeddedBroker): number {
  const { ready, unacknowledged, parked } = broker.pending()
  return ready + unacknowledged + parked
}

/** Gives the plans the flows; resolves when each is active, as far as nothing but time stands in its way. */
async function startFlows(
  { plans, broker, store, embedded }: Ports & { readonly plans: LocalPlans },
  options: LocalRuntimeOptions,
): Promise<void> {
  await untilActive(plans, await plans.change(givenOf(options)), options.stopped)
  for (const { flow } of plans.all) {
    const state = embedded === undefined || flow.freeze ? undefined : (await store.flows.get(flow.uid))?.state
    if (embedded === undefined || state === undefined) continue
    await abandonStrays(embedded, state)
    await adoptUnfinished({ broker, store, plans }, flow.uid)
  }
}

async function changeFlows(
  plans: LocalPlans,
  flows: RunnableFlows,
  stopped?: AbortSignal,
): Promise<readonly FlowChange[]> {
  const changes = await plans.change(givenOf(flows))
  const patience = AbortSignal.timeout(changePatienceMs)
  await untilActive(plans, changes, stopped === undefined ? patience : AbortSignal.any([patience, stopped]))
  return changes
}

function givenOf({ parsed, components }: RunnableFlows): GivenFlows {
  return { flows: parsed.manifests.flows, components }
}

/** Until each edit is active that nothing but time keeps from it, or the signal. */
async function untilActive(plans: LocalPlans, changes: readonly FlowChange[], signal?: AbortSignal): Promise<void> {
  const isWaiting = (change: FlowChange): boolean => {
    if (change.kind !== 'edited' || change.applied.kind !== 'pending' || change.applied.blocked !== undefined)
      return false
    return (plans.active(change.plan.flow.uid)?.revision ?? 0) < change.applied.revision
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (!changes.some(isWaiting)) resolve()
  }
  const forget = plans.onChange(look)
  look()
  await (signal === undefined ? promise : Promise.race([promise, aborted(signal)]))
  forget()
}
