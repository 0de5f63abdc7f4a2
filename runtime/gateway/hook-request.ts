import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PlanWebhook } from '../../flow/plan/defaults.ts'
import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import type { Logger } from 'pino'
import type { Query } from './decide/request-target.ts'
import type { RouteTable } from './decide/route-table.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Load } from './load.ts'
import type { JudgeBody } from './judge-body.ts'
import type { Pace } from './pace.ts'
import type { RecentRuns } from './recent-runs.ts'
import type { SyncReplies } from './sync-replies.ts'

/** What the requests at one desk share. */
export interface GatewayCore extends Omit<GatewayParts, 'limits'> {
  /** Of the plans as they were at the last refresh. */
  readonly routes: () => RouteTable
  readonly replies: SyncReplies
  readonly recent: RecentRuns
  readonly pace: Pace
  readonly judgeBody: JudgeBody
  readonly load: Load
  readonly log: Logger
}

/** A request on its way through the gateway. */
export interface HookRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Decoded; the first is `hooks`. */
  readonly segments: readonly string[]
  readonly path: string
  readonly query: Query
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
}

/** The webhook that a request is for, under the active plan. */
export interface Hook {
  readonly plan: Plan
  readonly trigger: PlanTrigger
  readonly webhook: PlanWebhook
  readonly params: Readonly<Record<string, string>>
}
