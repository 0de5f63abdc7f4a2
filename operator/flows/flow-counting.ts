import type { Logger } from 'pino'
import { pause, type Clock } from '../../kube/clock.ts'
import { canonicalJson } from '../../kube/write/holds.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { cronBook } from '../../runtime/scheduler/cron-times.ts'
import type { Tenant } from '../tenants/tenant.ts'
import type { FlowCounters } from './decide/flow-status.ts'
import type { Tenants } from '../tenants/tenants.ts'
import { idOf, type ClusterFlow, type FlowsParts } from './flow-parts.ts'

/** What there is to count of flows: read one after another, at a pace that no server feels. */
export interface FlowCounting {
  /** What was counted last; undefined before that. */
  readonly of: (uid: string) => FlowCounters | undefined
  readonly forget: (uid: string) => void
  readonly run: (signal: AbortSignal) => Promise<void>
}

export interface CountingParts extends FlowsParts {
  /** Each flow is counted that often at the most. */
  readonly everyMs: number
  /** The counters of a flow have changed. */
  readonly onChange: (uid: string) => void
  readonly clock: Clock
  readonly log: Logger
}

/** Between two flows. */
const paceMs = 5
const leastPauseMs = 500

export function openFlowCounting(parts: CountingParts): FlowCounting {
  const { caches, clock, everyMs, onChange } = parts
  const counted = new Map<string, FlowCounters>()
  const nextRunOf = openNextRuns(clock)
  const countOne = async (flow: ClusterFlow): Promise<void> => {
    const { uid } = idOf(flow)
    const counters = await countFlow(parts, flow, nextRunOf)
    if (counters === undefined || canonicalJson(counters) === canonicalJson(counted.get(uid) ?? {})) return
    counted.set(uid, counters)
    onChange(uid)
  }
  const countAll = async (signal: AbortSignal): Promise<void> => {
    // One that was never active has nothing to count: thousands of them would only have their statuses read.
    const uids = caches.flows.byIndex('active', 'yes').map(({ metadata }) => metadata.uid ?? '')
    for (const uid of uids) {
      // As it is now, if it is still there.
      const [flow] = signal.aborted ? [] : caches.flows.byIndex('uid', uid)
      if (flow === undefined) continue
      await countOne(flow).catch((err: unknown) => parts.log.debug({ ...idOf(flow), err }, 'flow not counted'))
      await pause(clock, paceMs, signal)
    }
  }
  return {
    of: (uid) => counted.get(uid),
    forget: (uid) => void counted.delete(uid),
    run: async (signal) => {
      while (!signal.aborted) {
        const until = clock.elapsed() + everyMs
        await countAll(signal)
        await pause(clock, Math.max(leastPauseMs, until - clock.elapsed()), signal)
      }
    },
  }
}

/** Undefined when there is nothing to be counted, or no server to ask. */
async function countFlow(
  { tenants, states }: CountingParts,
  flow: ClusterFlow,
  nextRunOf: NextRun,
): Promise<FlowCounters | undefined> {
  const { namespace, uid } = idOf(flow)
  const tenant = tenants.of(namespace)
  const state = (await states(namespace).flows.get(uid))?.state
  if (tenant === undefined || state === undefined || !isCountable(state, tenants)) return undefined
  const nextRunAt = state.suspended || state.frozen ? undefined : nextRunOf(flow)
  const backlog = await backlogOf(tenant, state)
  return { backlog, ...(await keptOf(tenant, uid)), ...(nextRunAt !== undefined && { nextRunAt }) }
}

function isCountable({ active, deletion }: FlowState, { gates }: Tenants): boolean {
  const isReachable = gates.broker.trouble() === undefined && gates.store.trouble() === undefined
  return active !== undefined && deletion === undefined && isReachable
}

/** Of the living queues; one that somebody has deleted is declared again. */
async function backlogOf({ broker }: Tenant, { living }: FlowState): Promise<number> {
  let backlog = 0
  for (const { queue: name, singleActiveConsumer } of living) {
    const depth = await broker.depth(name)
    if (depth === undefined) await broker.declareQueues([{ name, singleActiveConsumer }])
    backlog += depth?.ready ?? 0
  }
  return backlog
}

async function keptOf({ store: { deadLetters, runs } }: Tenant, flow: string): Promise<FlowCounters> {
  const count = await deadLetters.count({ flow, state: 'dead' })
  const [newest] = count === 0 ? [] : await deadLetters.list({ flow, state: 'dead', limit: 1 })
  const [run] = await runs.list({ flow, limit: 1 })
  return {
    deadLetters: count,
    ...(run !== undefined && { lastRunAt: timestamp(run.startedAt) }),
    ...(newest !== undefined && {
      lastError: {
        code: newest.code,
        message: newest.message.slice(0, longestMessage),
        step: newest.step,
        at: timestamp(newest.diedAt),
      },
    }),
  }
}

const longestMessage = 500

/** As conditions have it: to the second. */
function timestamp(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

type NextRun = (flow: ClusterFlow) => string | undefined

function openNextRuns(clock: Clock): NextRun {
  const book = cronBook()
  return ({ spec }) => {
    const times = spec.triggers.flatMap(({ schedule }) => {
      if (schedule === undefined) return []
      return book.timesOf(schedule.cron, schedule.timeZone).nextAfter(clock.now()) ?? []
    })
    return times.length === 0 ? undefined : timestamp(Math.min(...times))
  }
}
