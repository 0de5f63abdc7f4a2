import type { Logger } from 'pino'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { systemClock } from '../clock.ts'
import { recorderMeters } from '../metrics/recorder-meters.ts'
import { findCluster } from '../process/cluster-access.ts'
import type { OpenedProcess } from '../process/run-process.ts'
import { openRecorderPart } from './recorder-part.ts'
import { openSchedulerPart } from './scheduler-part.ts'
import { serveTenants, type ServedTenant, type TenantProgram } from './serve-tenants.ts'
import type { TenantRole } from './tenant-logins.ts'
import type { TenantSettings } from './tenant-settings.ts'

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
  { settings, environment, log }: TenantProcessParts,
  program: TenantProgram<Part>,
): Promise<OpenedProcess> {
  const client = await openClient(program.role, environment)
  try {
    const served = await serveTenants(program, { settings, client, log })
    const close = async (): Promise<void> => {
      await served.close()
      await client.close()
    }
    return { port: served.port, close }
  } catch (error) {
    await client.close()
    throw error
  }
}

async function openClient(role: TenantRole, environment: TenantProcessParts['environment']): Promise<KubeClient> {
  const { access } = await findCluster(`a ${role} serves the namespaces of a cluster`, environment)
  return openKubeClient({ access, userAgent: `weir-${role}` })
}
