import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import { systemClock } from '../kube/clock.ts'
import { prometheusMeters } from '../kube/metrics/prometheus-meters.ts'
import type { ClusterAccess } from '../kube/transport/cluster-access.ts'
import { inClusterAccess } from '../kube/transport/in-cluster.ts'
import { openKubeClient } from '../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../kube/transport/kubeconfig-access.ts'
import { PermanentError } from '../runtime/error.ts'
import { openHealthServer } from '../runtime/process/open-health-server.ts'
import { addCredentialMetrics, operatorMetrics } from './credential-metrics.ts'
import { poolPlatform } from './pool-platform.ts'
import { openOperator, type Operator, type OperatorOptions } from './open-operator.ts'
import type { OperatorSettings } from './operator-settings.ts'
import { watchLoop, type LoopWatch } from './watch-loop.ts'

/** The operator as a process: probes and metrics on a port, and a lease that is given up when it is told to end. */
export interface OperatorProcess {
  readonly port: number
  /** Ends what is under way, then gives up the lease. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface OperatorProcessParts {
  readonly settings: OperatorSettings
  readonly log: Logger
  /** Told when the operator has ended by itself. */
  readonly onFailed: (error: unknown) => void
}

/** From then on it is no longer ready. */
const longestStallMs = 1_000

/** @throws {PermanentError} `ClusterUnknown`, `ManagementUrlInvalid`, `PortUnusable` */
export async function openOperatorProcess({ settings, log, onFailed }: OperatorProcessParts): Promise<OperatorProcess> {
  const access = await accessOf(settings)
  const registry = new Registry()
  const client = openKubeClient({ access, userAgent: 'weir-operator' })
  const operator = openOperator({
    client,
    servers: { ...settings, key: settings.tenantKey },
    lease: {
      namespace: settings.leaseNamespace ?? access.namespace,
      name: settings.leaseName,
      identity: settings.identity ?? `${hostname()}_${randomBytes(4).toString('hex')}`,
    },
    ownNamespace: access.namespace,
    publicUrl: settings.publicUrl,
    namespace: settings.namespace,
    pools: poolsOf(settings, log),
    clock: systemClock,
    log,
    meters: prometheusMeters(registry, operatorMetrics),
  })
  addCredentialMetrics(registry, operator.credentials)
  const loop = watchLoop(systemClock)
  const server = await openHealthServer({
    host: settings.httpHost,
    port: settings.httpPort,
    troubles: () => troublesOf(operator, loop),
    metrics: { contentType: registry.contentType, text: () => registry.metrics() },
  })
  const ending = new AbortController()
  const running = operator.run(ending.signal)
  running.catch(onFailed)
  return {
    port: server.port,
    close: async () => {
      ending.abort(new Error('the process is ending'))
      await running.catch(() => {}) // told already
      loop.close()
      await server.close()
      await client.close()
    },
  }
}

function poolsOf(settings: OperatorSettings, log: Logger): OperatorOptions['pools'] {
  const { image, secretAccess } = settings
  if (image !== undefined) return { platform: poolPlatform(image, settings), secretAccess }
  log.warn('WEIR_IMAGE is not set: no pods are made, runners are to be started otherwise')
  return undefined
}

function troublesOf(operator: Operator, loop: LoopWatch): readonly string[] {
  const stalledMs = Math.round(loop.stalledMs())
  const stall = stalledMs > longestStallMs ? [`the event loop stood still for ${stalledMs} ms`] : []
  return [...operator.troubles(), ...stall]
}

async function accessOf({ kubeconfig, inCluster }: OperatorSettings): Promise<ClusterAccess> {
  if (kubeconfig === undefined && inCluster === undefined) {
    const message = 'no cluster is known: set KUBECONFIG to a file that leads to one, or run the operator in a pod'
    throw new PermanentError('ClusterUnknown', message)
  }
  try {
    return kubeconfig === undefined && inCluster !== undefined
      ? await inClusterAccess(inCluster)
      : await kubeconfigAccess({ path: kubeconfig })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PermanentError('ClusterUnknown', `the cluster cannot be reached: ${why}`, { cause })
  }
}
