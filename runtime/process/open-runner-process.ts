import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { sleep, systemClock } from '../clock.ts'
import { openMetrics } from '../metrics/open-metrics.ts'
import type { StepMeters } from '../metrics/step-meters.ts'
import { stepMeters } from '../metrics/step-meters.ts'
import type { LivingWork } from '../plan-source.ts'
import { openEventPublisher } from '../recorder/event-publisher.ts'
import type { EventBatcher } from '../recorder/event-batcher.ts'
import type { FollowOptions } from '../runner/follow-work.ts'
import { followWork } from '../runner/follow-work.ts'
import { openRunner } from '../runner/runner.ts'
import type { SharedWork } from '../runner/share-work.ts'
import { shareWork } from '../runner/share-work.ts'
import type { RunnerObserver } from '../runner/runner-parts.ts'
import { openTracing } from '../tracing/open-tracing.ts'
import { freshId } from '../wire/message-id.ts'
import { openCredentialSource } from './open-credential-source.ts'
import type { ProcessHost } from './open-host.ts'
import { openProcessHost } from './open-host.ts'
import { openMembership } from './open-membership.ts'
import type { HealthServer } from './open-health-server.ts'
import type { LivePlans } from './open-plans.ts'
import { openPlans } from './open-plans.ts'
import type { SilentProbes } from './open-probes.ts'
import { silentProbes } from './open-probes.ts'
import type { Servers } from './open-servers.ts'
import { openServers } from './open-servers.ts'
import type { RunnerSettings } from './settings.ts'

/** A runner with all that it stands on: what a pod's sidecar runs. */
export interface RunnerProcess {
  readonly port: HealthServer['port']
  /** Lets what has started finish, for at most the settings' shutdown time; what has not goes back. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface RunnerProcessParts {
  readonly settings: RunnerSettings
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  /** Aborted while it opens, it gives up. */
  readonly signal: AbortSignal
  /** The container of the components is told to end, so that this process should, too. */
  readonly onDraining: () => void
  /** Hears what the runner does, beside metrics and records. */
  readonly observer?: Partial<RunnerObserver>
}

const hostPatienceMs = 2000
/** Nobody asks a process that has just begun, and to listen takes 5 ms that the first message would wait for. */
const silentMs = 100

/** Resolves when everything that lives is consumed; until then its probes say what is in the way. */
export async function openRunnerProcess(parts: RunnerProcessParts): Promise<RunnerProcess> {
  const opened = new AsyncDisposableStack()
  try {
    return await openOn(opened, parts)
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

async function openOn(opened: AsyncDisposableStack, parts: RunnerProcessParts): Promise<RunnerProcess> {
  const { settings, environment, log } = parts
  const clock = systemClock
  const probes = silentProbes(settings)
  const working = Promise.withResolvers<void>()
  const listening = Promise.race([working.promise, sleep(clock, silentMs)]).then(probes.listen)
  opened.defer(async () => {
    await listening.catch(() => {}) // has been told
    await probes.close()
  })
  const { servers, plans } = await openGround(opened, { ...parts, clock, probes, listening })
  opened.defer(plans.close)
  const host = await openProcessHost({ settings, environment, clock, log, onDraining: parts.onDraining })
  opened.defer(() => host.host.close(hostPatienceMs))
  const events = openEventPublisher({ broker: servers.broker, clock, log })
  opened.defer(events.close)
  const meters = stepMeters()
  const living = (): readonly LivingWork[] => plans.living().filter(({ stage }) => servesPool(settings, stage.pool))
  const metrics = openMetrics({ ...servers, clock, dropped: events.dropped, work: { meters, living } })
  let isStarted = false
  probes.serve({ ...servers, metrics, supervisor: host.supervisor, isStarted: () => isStarted })
  const close = await openWork(parts, { ...servers, plans, host, events, meters, clock, opened })
  isStarted = true
  working.resolve()
  const { port } = await listening
  return { port, close }
}

interface GroundParts extends RunnerProcessParts {
  readonly clock: Clock
  readonly probes: SilentProbes
  readonly listening: Promise<unknown>
}

/** What all else stands on, each without waiting for the others; the servers first, for they take the longest to answer. */
async function openGround(
  opened: AsyncDisposableStack,
  { settings, clock, log, probes, listening, onDraining, ...parts }: GroundParts,
): Promise<{ readonly servers: Servers; readonly plans: LivePlans }> {
  const givenUp = new AbortController()
  const signal = AbortSignal.any([parts.signal, givenUp.signal])
  const opening = openServers({
    settings,
    name: 'weir-runner',
    clock,
    log,
    opened,
    signal,
    waiting: probes.waiting,
    // With plans from elsewhere, most messages need no store: it is not waited for.
    isStoreLate: settings.plans !== undefined,
    onRefused: (err) => {
      if (signal.aborted) return
      log.fatal({ err }, 'store cannot be opened, the process ends')
      onDraining()
    },
  })
  // Loaded while they have yet to answer; the first message needs it.
  setImmediate(freshId)
  const store = opening.then((servers) => servers.store)
  store.catch(() => {}) // not everybody waits for it
  const reading = openPlans(settings.plans, { store, clock, log, pools: settings.pools, signal })
  try {
    const both = Promise.all([opening, reading])
    // A port that cannot be had is not waited out.
    const [servers, plans] = await Promise.race([both, listening.then(() => both)])
    return { servers, plans }
  } catch (error) {
    givenUp.abort(error)
    await Promise.allSettled([opening, listening])
    await reading.then(({ close }) => close()).catch(() => {}) // what failed has been told
    throw error
  }
}

interface Surroundings extends Servers {
  readonly plans: LivePlans
  readonly host: ProcessHost
  readonly events: EventBatcher
  readonly meters: StepMeters
  readonly clock: Clock
  readonly opened: AsyncDisposableStack
}

/** Gives what closes the whole process in order. */
async function openWork(parts: RunnerProcessParts, around: Surroundings): Promise<() => Promise<void>> {
  const { settings, environment, log } = parts
  const { opened, host } = around
  const tracing = await openTracing({ environment, serviceName: 'weir-runner', log })
  if (tracing !== undefined) opened.defer(tracing.close)
  const credentials = await openCredentialSource(settings.credentials, environment)
  opened.defer(credentials.close)
  const runner = openRunner({
    ...around,
    host: host.host,
    code: host.code,
    credentials,
    log,
    observer: observerOf(around, parts.observer ?? {}),
    limits: { queuedMessages: settings.queuedMessages, messageBytes: settings.messageBytes },
    ...(tracing !== undefined && { tracer: tracing.tracer }),
  })
  opened.defer(() => runner.close(0))
  const shared = openSharing(parts, around)
  const follower = followWork(runner, shared, poolsOf(settings))
  await follower.attached()
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    // Begun first: others take over while this one finishes.
    const leaving = shared.close()
    await follower.close()
    await runner.close(settings.shutdownSeconds * 1000)
    host.supervisor?.release()
    await leaving
    await opened.disposeAsync()
  }
  return () => (closing ??= close())
}

/** Which of the queues are this one's, where others serve the same pools. */
function openSharing({ settings, log }: RunnerProcessParts, around: Surroundings): SharedWork {
  const { store, broker, plans, clock, opened } = around
  const { pools } = settings
  const member = { id: freshId(), ...(pools !== undefined && { pools }) }
  const membership = openMembership({ store, member, clock, log })
  const shared = shareWork({ workList: plans, membership, broker, clock, log, ...poolsOf(settings) })
  const close = async (): Promise<void> => {
    await Promise.all([membership.close(), shared.close()])
  }
  opened.defer(close)
  return { ...shared, close }
}

function poolsOf({ pools }: RunnerSettings): FollowOptions {
  return pools === undefined ? {} : { pools: new Set(pools) }
}

function servesPool({ pools }: RunnerSettings, pool: string): boolean {
  return pools === undefined || pools.includes(pool)
}

function observerOf({ events, meters }: Surroundings, also: Partial<RunnerObserver>): RunnerObserver {
  return {
    onReceived: (flow, step) => also.onReceived?.(flow, step),
    onEvent: (event) => {
      events.observe({ kind: 'event', event })
      meters.observer.onEvent(event)
      also.onEvent?.(event)
    },
    onRun: (run) => {
      events.observe({ kind: 'run', run })
      also.onRun?.(run)
    },
    onFinished: (finished) => also.onFinished?.(finished),
    onEntrySettled: (headers, emitted) => also.onEntrySettled?.(headers, emitted),
    onDeliveryBegin: meters.observer.onDeliveryBegin,
    onDeliveryEnd: meters.observer.onDeliveryEnd,
    onBudgetWait: meters.observer.onBudgetWait,
    onBudgetUnknown: meters.observer.onBudgetUnknown,
  }
}
