import type { Logger } from 'pino'
import type { LocalRuntime } from '../../local/local-runtime.ts'
import type { Tracing } from '../../runtime/tracing/open-tracing.ts'
import { openTracing } from '../../runtime/tracing/open-tracing.ts'
import type { CommandContext } from '../commands/context.ts'
import { count } from '../format-findings.ts'
import type { Output } from '../terminal.ts'
import type { RunProbes } from './open-run-probes.ts'
import { openRunProbes } from './open-run-probes.ts'
import type { RunServers } from './open-run-servers.ts'
import type { ServerUrls } from './server-urls.ts'
import type { ServerWatch } from './server-watch.ts'
import type { SessionOptions } from './session.ts'
import { waitingAt } from './waiting-at.ts'

/** What a run stands on, and is looked at by, beside its runtime. */
export interface Surroundings {
  readonly servers: RunServers | undefined
  readonly tracing: Tracing | undefined
  readonly probes: RunProbes | undefined
  readonly opened: AsyncDisposableStack
}

export async function openSurroundings(
  context: CommandContext,
  { servers: urls, httpPort }: Pick<SessionOptions, 'servers' | 'httpPort'>,
  { log, serverWatch }: { readonly log: Logger; readonly serverWatch: ServerWatch },
): Promise<Surroundings> {
  const opened = new AsyncDisposableStack()
  try {
    const probes = httpPort === undefined ? undefined : await openRunProbes(httpPort)
    if (probes !== undefined) opened.defer(probes.close)
    const tracing = await openTracing({ environment: context.environment, serviceName: 'weir', log })
    if (tracing !== undefined) opened.defer(tracing.close)
    // The runtime closes them.
    const servers = urls && (await openServersLazily(context, urls))
    opened.defer(async () => serverWatch.close())
    if (servers !== undefined) serverWatch.watch(servers, log)
    return { servers, tracing, probes, opened }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

async function openServersLazily(context: CommandContext, urls: ServerUrls): Promise<RunServers> {
  const { openRunServers } = await import('./open-run-servers.ts')
  return openRunServers(context, urls)
}

/** Says where the run is, and what it goes on with. */
export function tellResumed(err: Output, { resumed }: LocalRuntime, servers: RunServers | undefined): void {
  if (servers !== undefined) {
    err.write(`on ${servers.brokerName}, and ${servers.storeName}\n`)
    if (resumed !== undefined && resumed > 0)
      err.write(`${waitingAt(servers.brokerName, resumed)}: going on with them\n`)
  } else if (resumed !== undefined && resumed > 0) {
    err.write(`going on with ${count(resumed, 'message')} of the last run\n`)
  }
}
