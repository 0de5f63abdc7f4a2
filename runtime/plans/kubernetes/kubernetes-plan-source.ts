import type { Logger } from 'pino'
import { resources } from '../../../crds/resources.ts'
import { openObjectCache } from '../../../kube/cache/object-cache.ts'
import type { KubeClient } from '../../../kube/transport/kube-client.ts'
import type { Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { TransientError } from '../../error.ts'
import type { PlanSource, WorkList } from '../../plan-source.ts'
import { openComplaints } from '../complaints.ts'
import { flowViews, type FlowViews, type PlanShelf, type Versioned } from '../flow-views.ts'
import { openPoll } from '../poll.ts'
import { clusterFailure } from './cluster-failure.ts'
import type { FlowLook } from './flow-looks.ts'
import { readRevision } from './flow-revisions.ts'
import { refreshing } from './refreshing.ts'
import { seenFlow, type SeenFlow } from './seen-flow.ts'

/** Plans and living queues as the Flows and FlowRevisions of a namespace have them. */
export interface KubernetesPlanSource extends PlanSource, WorkList {
  readonly close: () => Promise<void>
}

export interface KubernetesPlanOptions {
  /** May get, list and watch Flows, and get FlowRevisions. */
  readonly client: KubeClient
  readonly namespace: string
  /** Who consumes here: plans of flows that have no living queue of these are read only when a message names them. All, without it. */
  readonly pools?: readonly string[] | undefined
  /** The namespace's Flows, where somebody follows them already; whoever does goes on when this is closed. */
  readonly flows?: FlowLook | undefined
  readonly clock: Clock
  readonly log: Logger
  /** How often what could not be read is tried again; 2 s by default. */
  readonly pollMs?: number
}

const defaultPollMs = 2000
const syncMs = 15_000
const lookMs = 50
/** Specs come with the Flows, and are dropped page by page. */
const pageSize = 100

/**
 * Follows the Flows of the namespace by a watch, and reads a FlowRevision when a state or a message names it. While the API server cannot be reached
 * what was seen last stays. A state that cannot be read is told of once, and the last good one stays.
 *
 * @throws {TransientError} when the Flows cannot be listed now: without a first look nothing is known, and that is not the same as no flows
 */
export async function openKubernetesPlanSource(options: KubernetesPlanOptions): Promise<KubernetesPlanSource> {
  const { clock, log, pollMs = defaultPollMs } = options
  const { flows, stop } = followed(options)
  try {
    await untilListed(flows, clock)
    const shelf = clusterShelf(flows, options)
    const views = flowViews(shelf)
    const follower = followFlows(views, flows, log)
    await readFirst(views, log)
    const complaints = openComplaints(log)
    const poll = openPoll({ clock, everyMs: pollMs }, () => complaints.over(readAgain(views, flows)))
    const refresh = refreshing(views, flows, { ...options, gone: shelf.gone })
    const close = async (): Promise<void> => {
      follower.stop()
      shelf.forget()
      await poll.close()
      await stop()
      await follower.ended()
    }
    return { ...views, refresh, close }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Followed {
  readonly flows: FlowLook
  readonly stop: () => Promise<void>
}

function followed({ client, namespace, pools, flows: known }: KubernetesPlanOptions): Followed {
  if (known !== undefined) return { flows: known, stop: async () => {} }
  const closing = new AbortController()
  const flows = openObjectCache({
    client,
    resource: resources.flows,
    namespace,
    project: seenFlow(pools === undefined ? undefined : new Set(pools)),
    indexes: { uid: ({ metadata }) => [metadata.uid ?? ''] },
    timing: { pageSize },
  })
  const running = flows.run(closing.signal)
  const stop = async (): Promise<void> => {
    closing.abort()
    await running
  }
  return { flows, stop }
}

async function untilListed(flows: FlowLook, clock: Clock): Promise<void> {
  for (let waitedMs = 0; !flows.isSynced(); waitedMs += lookMs) {
    const problem = flows.problem()
    if (problem !== undefined) throw clusterFailure(problem)
    if (waitedMs >= syncMs) throw new TransientError('ClusterTimeout', 'the API server has not listed the Flows yet')
    await Promise.race([flows.synced, sleep(clock, lookMs)])
  }
}

interface ClusterShelf extends PlanShelf {
  /** Uids of Flows that are no more, before the watch has told so. */
  readonly gone: Set<string>
  /** Follows the flows no longer. */
  readonly forget: () => void
}

function clusterShelf(flows: FlowLook, { client, namespace, log }: KubernetesPlanOptions): ClusterShelf {
  const good = new Map<string, Versioned>()
  const complained = new Set<string>()
  const gone = new Set<string>()
  const versioned = ({ metadata: { name, uid = '' }, seen }: SeenFlow): Versioned | undefined => {
    if (gone.has(uid)) return undefined
    if (seen.kind === 'malformed') {
      if (!complained.has(uid))
        log.warn({ flow: name, namespace, reason: seen.problem }, 'state of a flow not usable, the last good one stays')
      complained.add(uid)
      return good.get(uid)
    }
    complained.delete(uid)
    if (seen.kind === 'none') good.delete(uid)
    else if (good.get(uid)?.state !== seen.state) good.set(uid, { state: seen.state, version: seen.version })
    return good.get(uid)
  }
  const forget = flows.subscribe(({ kind, object }) => {
    if (kind !== 'removed') return
    for (const known of [good, complained, gone]) known.delete(object.metadata.uid ?? '')
  })
  return {
    gone,
    forget,
    state: async (flow) => flows.byIndex('uid', flow).map(versioned)[0],
    states: async () => [...flows.values()].flatMap((flow) => versioned(flow) ?? []),
    plan: (flow, revision) => readRevision(client, { namespace, flow, revision }),
  }
}

/** Reads each flow of which the watch tells. */
function followFlows(views: FlowViews, flows: FlowLook, log: Logger) {
  const reading = new Set<Promise<void>>()
  const read = async (flow: string): Promise<void> => {
    try {
      await views.read(flow)
    } catch (err) {
      log.warn({ flow, err }, 'plan not read, the last one stays')
    }
  }
  const stop = flows.subscribe((change) => {
    if (change.kind === 'added' && change.isInitial) return
    const task = read(change.object.metadata.uid ?? '').finally(() => reading.delete(task))
    reading.add(task)
  })
  return {
    stop,
    ended: async (): Promise<void> => {
      await Promise.all(reading)
    },
  }
}

/** One plan that this version cannot read is no reason to do without the others. */
async function readFirst(views: FlowViews, log: Logger): Promise<void> {
  try {
    await views.readAll()
  } catch (err) {
    if (!(err instanceof TransientError) || err.code !== 'PlanUnreadable') throw err
    log.warn({ err }, 'plan not usable, its flow is left out')
  }
}

async function readAgain(views: FlowViews, flows: FlowLook): Promise<void> {
  await views.readAll()
  const problem = flows.problem()
  if (problem !== undefined) throw clusterFailure(problem)
}
