import type { Answer, RunPlace } from './decide/answer.ts'
import type { Route, RouteTable } from './decide/route-table.ts'
import { routeTable } from './decide/route-table.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { GatewayCore, HookRequest } from './hook-request.ts'
import { openBodyJudge } from './judge-body.ts'
import type { Load } from './load.ts'
import { openPace } from './pace.ts'
import type { RecentRuns } from './recent-runs.ts'
import { runStatus } from './run-status.ts'
import { serveHook } from './serve-hook.ts'
import { openSyncReplies } from './sync-replies.ts'

/** Answers for the flows of one plan source, with one broker. */
export interface Desk {
  /** Rejects when the caller goes away while it is being read. */
  readonly serveHook: (request: HookRequest) => Promise<Answer>
  readonly runStatus: (place: RunPlace) => Promise<Answer>
  /** The webhooks there are. */
  readonly routes: () => readonly Route[]
  /** Flows have come, gone or changed. Suspension needs no refresh. */
  readonly refresh: () => void
  /** Callers that still wait are answered as after a time-out. */
  readonly releaseAll: () => void
  /** Gives back what it has at the broker; the next request would take it anew. */
  readonly rest: () => Promise<void>
}

export interface DeskParts extends Omit<GatewayParts, 'limits'> {
  readonly load: Load
  /** Of all desks: runs are asked for with their namespace. */
  readonly recent: RecentRuns
}

export function openDesk(parts: DeskParts): Desk {
  const { plans } = parts
  const routesNow = (): RouteTable => routeTable(plans.flows().flatMap((flow) => plans.active(flow) ?? []))
  let routes: RouteTable | undefined = routesNow()
  // After a refresh when somebody asks: a thousand flows may come at once.
  const table = (): RouteTable => (routes ??= routesNow())
  const replies = openSyncReplies(parts)
  const pace = openPace(parts)
  const core: GatewayCore = { ...parts, routes: table, replies, pace, judgeBody: openBodyJudge(pace) }
  return {
    serveHook: (request) => serveHook(core, request),
    runStatus: (place) => runStatus(core, place),
    routes: () => table().routes,
    refresh: () => {
      routes = undefined
    },
    releaseAll: replies.releaseAll,
    rest: replies.close,
  }
}
