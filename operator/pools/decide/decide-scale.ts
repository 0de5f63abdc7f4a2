import type { Scaling } from '../../../crds/v1alpha1/component.ts'
import { flowOver, lastsMs, latest, shrinking } from './pool-rates.ts'

export interface ScalePolicy {
  readonly min: number
  readonly max: number
  readonly idleSeconds: number
  readonly targetDrainSeconds: number
}

const usual: ScalePolicy = { min: 0, max: 10, idleSeconds: 300, targetDrainSeconds: 60 }

/** With every default; a minimum above the default maximum moves that. */
export function scalePolicy(scaling: Scaling = {}): ScalePolicy {
  const { min = usual.min, max = Math.max(usual.max, min), idleSeconds, targetDrainSeconds } = scaling
  return {
    min,
    max,
    idleSeconds: idleSeconds ?? usual.idleSeconds,
    targetDrainSeconds: targetDrainSeconds ?? usual.targetDrainSeconds,
  }
}

/** What is seen of a pool at one moment. */
export interface PoolLook {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number
  /** Messages that wait in its queues and that nobody holds. */
  readonly backlog: number
  /** Of these queues those that only one pod at a time can work on; the others are shared by all. */
  readonly singleQueues: number
  readonly sharedQueues: number
  readonly figures?: BrokerFigures
  /** Pods that are asked for, and those that work. */
  readonly replicas: number
  readonly ready: number
}

/** What RabbitMQ's management knows of a pool's queues, some seconds later; absent while it does not answer. */
export interface BrokerFigures {
  /** Acknowledged since some moment; begins anew with a queue. */
  readonly settled: number
  /** Held by runners. */
  readonly unsettled: number
}

/** What is remembered from look to look; nothing of it has to outlive the process. */
export interface ScaleMemory {
  /** Of the last half minute, oldest first. */
  readonly looks: readonly PoolLook[]
  /** Messages a second that one pod has finished while more waited. */
  readonly perPod?: number
  /** How many pods would have been enough, as far as later looks do not outdo it: falling, oldest first. */
  readonly enough: readonly { readonly at: number; readonly pods: number }[]
}

export interface ScaleDecision {
  readonly replicas: number
  readonly memory: ScaleMemory
}

const rememberedMs = 30_000
/** What is gone sooner is noise. */
const sustainedMs = 6_000
/** Nobody can tell what pods are good for before all of them have worked for so long. */
const settlingMs = 15_000
/** The broker's figures may be so old. */
const staleMs = 15_000
/** Of what a pod has been seen to finish, so much is counted on when fewer pods are to do. */
const trusted = 0.8

/**
 * How many pods a pool is to have.
 *
 * From zero at the first message. More when what waits would not be gone within the target: by what a pod has been seen to finish, at most twice as many at a
 * time, never for a backlog of a moment, and no more than can work at once. Fewer only to what was enough at every look for `idleSeconds`; to the minimum when
 * nothing was done for so long. Without the broker's figures nobody knows whether pods work, and they stay.
 */
export function decideScale(memory: ScaleMemory | undefined, look: PoolLook, policy: ScalePolicy): ScaleDecision {
  const known = memory ?? { looks: [], enough: [{ at: look.at, pods: look.replicas }] }
  const looks = [...known.looks.filter(({ at }) => at > look.at - rememberedMs), look]
  const perPod = learned(known.perPod, looks)
  const asked = askedPods(looks, perPod, policy)
  const idleMs = Math.max(staleMs, policy.idleSeconds * 1000)
  const pods = Math.max(asked, enoughPods(looks, perPod, policy))
  const outdone = known.enough.filter((before) => before.pods > pods && before.at > look.at - idleMs)
  const enough = [...outdone, { at: look.at, pods }]
  const highest = enough[0]?.pods ?? pods
  const replicas = clamped(asked > look.replicas ? asked : Math.min(look.replicas, highest), policy)
  return { replicas, memory: { looks, enough, ...(perPod !== undefined && { perPod }) } }
}

/** Someone else decides: what was learned of the pace stays, the rest begins anew. */
export function withoutLooks({ perPod }: ScaleMemory, { at, replicas }: PoolLook): ScaleMemory {
  return { looks: [], enough: [{ at, pods: replicas }], ...(perPod !== undefined && { perPod }) }
}

function clamped(pods: number, { min, max }: ScalePolicy): number {
  return Math.min(max, Math.max(min, pods))
}

/** The latest looks at which all pods worked that there are now. */
function steadyLooks(looks: readonly PoolLook[]): readonly PoolLook[] {
  const replicas = looks.at(-1)?.replicas ?? 0
  return replicas === 0 ? [] : latest(looks, (look) => look.replicas === replicas && look.ready === replicas)
}

/** Only what is finished while more waits tells what a pod can do. */
function learned(before: number | undefined, looks: readonly PoolLook[]): number | undefined {
  const busy = latest(steadyLooks(looks), ({ backlog }) => backlog > 0)
  const flow = flowOver(busy, settlingMs)
  const pods = looks.at(-1)?.ready ?? 0
  if (flow === undefined || flow.settled <= 0 || pods === 0) return before
  const seen = flow.settled / pods
  return before === undefined ? seen : before + (seen - before) / 8
}

/** How many are asked for by what waits; 0 when nothing is. */
function askedPods(looks: readonly PoolLook[], perPod: number | undefined, policy: ScalePolicy): number {
  const look = looks.at(-1)
  if (look === undefined) return 0
  const { backlog, replicas } = look
  if (replicas === 0) return backlog > 0 ? 1 : 0
  const waiting = latest(looks, (before) => before.backlog > 0)
  if (lastsMs(steadyLooks(looks)) < settlingMs || lastsMs(waiting) < sustainedMs) return 0
  const useful = look.sharedQueues > 0 ? policy.max : Math.max(1, look.singleQueues)
  return Math.min(neededPods(look, { falling: shrinking(waiting), perPod }, policy), replicas * 2, useful)
}

interface Pace {
  readonly falling: number
  readonly perPod: number | undefined
}

function neededPods({ backlog, replicas }: PoolLook, { falling, perPod }: Pace, policy: ScalePolicy): number {
  const missing = backlog / policy.targetDrainSeconds - falling
  if (missing <= 0) return 0
  // Pods of which nobody knows what they do may do nothing at all: as many again will tell.
  const more = perPod === undefined ? replicas : missing / perPod
  // A tenth of what there is, is no reason.
  return more > replicas * 0.1 ? Math.ceil(replicas + more) : 0
}

/** How many would do, as far as one can tell. */
function enoughPods(looks: readonly PoolLook[], perPod: number | undefined, policy: ScalePolicy): number {
  const look = looks.at(-1)
  const flow = flowOver(looks, staleMs)
  if (look?.figures === undefined || flow === undefined) return look?.replicas ?? 0
  const { backlog, figures, replicas } = look
  if (backlog === 0 && figures.unsettled === 0 && flow.settled === 0) return 0
  if (perPod === undefined) return replicas
  return Math.max(1, Math.ceil((flow.arriving / trusted + backlog / policy.targetDrainSeconds) / perPod))
}
