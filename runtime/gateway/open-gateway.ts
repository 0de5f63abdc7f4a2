import type { Route } from './decide/route-table.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { defaultLimits } from './gateway-parts.ts'
import type { GatewayAddress, HookServer } from './hook-server.ts'
import { openHookServer } from './hook-server.ts'
import { openLoad } from './load.ts'
import { openDesk, type Desk } from './open-desk.ts'
import { recentRuns } from './recent-runs.ts'

/** Receives the webhooks of all flows of one plan source. */
export interface Gateway extends HookServer, Pick<Desk, 'refresh'> {
  /** The webhooks there are, with their URLs. */
  readonly hooks: () => readonly (Route & { readonly url: string })[]
}

/** @throws {PermanentError} `PortInUse`, `PortNotAllowed` or `AddressNotUsable`: it cannot listen there */
export async function openGateway(parts: GatewayParts & GatewayAddress): Promise<Gateway> {
  const load = openLoad({ ...defaultLimits, ...parts.limits })
  const desk = openDesk({ ...parts, load, recent: recentRuns() })
  const { releaseAll, routes, refresh, rest } = desk
  const server = await openHookServer({ ...parts, load, deskOf: () => desk, releaseAll })
  const { port, url } = server
  const close = async (deadlineMs: number): Promise<void> => {
    await server.close(deadlineMs)
    await rest()
  }
  let closing: Promise<void> | undefined
  return {
    port,
    url,
    refresh,
    hooks: () => routes().map((route) => ({ ...route, url: `${url}/hooks/${route.namespace}${route.path}` })),
    close: (deadlineMs) => (closing ??= close(deadlineMs)),
  }
}
