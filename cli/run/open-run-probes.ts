import type { LocalRuntime } from '../../local/local-runtime.ts'
import type { StepMeters } from '../../runtime/metrics/step-meters.ts'
import type { Probes } from '../../runtime/process/open-probes.ts'

/** Health, readiness and metrics of a run, on loopback. */
export interface RunProbes extends Pick<Probes, 'close'> {
  readonly url: string
  /** Shows the state of the runtime, once it is open. */
  readonly serve: (runtime: LocalRuntime, meters: StepMeters) => void
}

/**
 * @param port 0 takes a free one
 * @throws {PermanentError} `PortUnusable`
 */
export async function openRunProbes(port: number): Promise<RunProbes> {
  // Loaded when they are asked for.
  const { openProbes } = await import('../../runtime/process/open-probes.ts')
  const { openMetrics } = await import('../../runtime/metrics/open-metrics.ts')
  const probes = await openProbes({ httpHost: '127.0.0.1', httpPort: port, portSetting: '--http-port' })
  return {
    url: `http://127.0.0.1:${probes.port}`,
    close: probes.close,
    serve: ({ broker, store, clock, dropped, plans: { living } }, meters) =>
      probes.serve({
        broker,
        store,
        metrics: openMetrics({ broker, store, clock, dropped, work: { meters, living } }),
      }),
  }
}
