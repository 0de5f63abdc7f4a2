import type { Logger } from 'pino'
import { systemClock } from '../clock.ts'
import { openMetrics } from '../metrics/open-metrics.ts'
import { recorderMeters } from '../metrics/recorder-meters.ts'
import { flowNamespaces } from '../plans/flow-namespaces.ts'
import { openRecorder } from '../recorder/recorder.ts'
import { openReInjector } from '../runner/re-inject.ts'
import type { HealthServer } from './open-health-server.ts'
import { openPlans } from './open-plans.ts'
import { openProbes } from './open-probes.ts'
import { openServers } from './open-servers.ts'
import type { RecorderSettings } from './settings.ts'

/** Keeps dead letters and observations, and sends on what has lost its queue. */
export interface RecorderProcess {
  readonly port: HealthServer['port']
  /** Finishes what it is writing. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface RecorderProcessParts {
  readonly settings: RecorderSettings
  readonly log: Logger
  readonly signal: AbortSignal
}

export async function openRecorderProcess({ settings, log, signal }: RecorderProcessParts): Promise<RecorderProcess> {
  const opened = new AsyncDisposableStack()
  const clock = systemClock
  try {
    const probes = await openProbes(settings)
    opened.defer(probes.close)
    const servers = await openServers({
      settings,
      name: 'weir-recorder',
      clock,
      log,
      opened,
      signal,
      waiting: probes.waiting,
    })
    const plans = await openPlans(settings.plans, { ...servers, clock, log, signal })
    opened.defer(plans.close)
    const { namespace } = plans
    const namespaceOf =
      namespace === undefined ? flowNamespaces({ plans, store: servers.store }) : async () => namespace
    const meters = recorderMeters(clock)
    const recorder = await openRecorder({ ...servers, clock, log, namespaceOf, ...meters.observer })
    opened.defer(recorder.close)
    const reInjector = await openReInjector({ ...servers, plans, clock, log })
    opened.defer(reInjector.close)
    const metrics = openMetrics({ ...servers, clock, dropped: recorder.dropped, recorder: meters })
    probes.serve({ ...servers, metrics })
    return { port: probes.port, close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}
