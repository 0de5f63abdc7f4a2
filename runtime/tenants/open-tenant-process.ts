import type { Logger } from 'pino'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { systemClock } from '../clock.ts'
import { recorderMeters } from '../metrics/recorder-meters.ts'
import { findCluster } from '../process/cluster-access.ts'
import { openKubernetesCredentials } from '../process/kubernetes-credentials.ts'
import type { OpenedProcess } from '../process/run-process.ts'
import { gatewayProgram } from './gateway-program.ts'
import { openRecorderPart } from './recorder-part.ts'
import { openSchedulerPart } from './scheduler-part.ts'
import { serveTenants, type ServedTenant, type TenantProgram } from './serve-tenants.ts'
import type { TenantRole } from './tenant-logins.ts'
import type { GatewaySettings, TenantSettings } from './tenant-settings.ts'

export interface TenantProcessParts {
  readonly settings: TenantSettings
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Logger
}

/**
 * Keeps dead letters and observations of all namespaces.
 *
 * @throws {PermanentError} `ClusterUnknown`, `PortUnusable`
 */
export async function openClusterRecorder(parts: TenantProcessParts): Promise<OpenedProcess> {
  return openProcess(parts, recorderProgram())
}

/** Fires the schedules, polls and endless triggers of all namespaces. Throws as `openClusterRecorder`. */
export async function openClusterScheduler(parts: TenantProcessParts): Promise<OpenedProcess> {
  return openProcess(parts, schedulerProgram)
}

/** Credentials and Secrets that are watched; what changes of others is known within `pollMs`. */
const watches = { credentials: 200, secrets: 200 }
const pollMs = 10_000

/**
 * Answers the webhooks of all namespaces.
 *
 * @throws {PermanentError} `ClusterUnknown`, `PortUnusable`, `PortInUse`, `PortNotAllowed`, `AddressNotUsable`
 */
export async function openClusterGateway(
  parts: TenantProcessParts & { readonly settings: GatewaySettings },
): Promise<OpenedProcess> {
  const client = await openClient('gateway', parts.environment)
  const { namespace } = parts.settings
  const credentials = openKubernetesCredentials({ client, namespace, watches, pollMs })
  const program = gatewayProgram({ settings: parts.settings, credentials })
  const close = async (): Promise<void> => {
    await credentials.close()
    await client.close()
  }
  return serveOn(parts, program, { client, close })
}

export function recorderProgram(): TenantProgram<ServedTenant> {
  const recorder = recorderMeters(systemClock)
  return {
    role: 'recorder',
    open: (ground, tenant, clock) => openRecorderPart(ground, tenant, { clock, observer: recorder.observer }),
    meters: { recorder },
  }
}

export const schedulerProgram = { role: 'scheduler', open: openSchedulerPart } as const

async function openProcess<Part extends ServedTenant>(
  parts: TenantProcessParts,
  program: TenantProgram<Part>,
): Promise<OpenedProcess> {
  const client = await openClient(program.role, parts.environment)
  return serveOn(parts, program, { client, close: client.close })
}

/** Closes the client, too. */
async function serveOn<Part extends ServedTenant>(
  { settings, log }: TenantProcessParts,
  program: TenantProgram<Part>,
  on: { readonly client: KubeClient; readonly close: () => Promise<void> },
): Promise<OpenedProcess> {
  try {
    const served = await serveTenants(program, { settings, client: on.client, log })
    const close = async (): Promise<void> => {
      await served.close()
      await on.close()
    }
    return { port: served.port, close }
  } catch (error) {
    await on.close()
    throw error
  }
}

async function openClient(role: TenantRole, environment: TenantProcessParts['environment']): Promise<KubeClient> {
  const { access } = await findCluster(`a ${role} serves the namespaces of a cluster`, environment)
  return openKubeClient({ access, userAgent: `weir-${role}` })
}
