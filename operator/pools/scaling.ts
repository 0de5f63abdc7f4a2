import { pause } from '../../kube/clock.ts'
import type { OperatorPart, OperatorParts } from '../operator-parts.ts'
import {
  decideScale,
  scalePolicy,
  withoutLooks,
  type BrokerFigures,
  type PoolLook,
  type ScaleMemory,
} from './decide/decide-scale.ts'
import type { PoolQueue } from './decide/needed-pools.ts'
import { poolIdentity } from './decide/pool-identity.ts'
import { replicasOwner, scalingAnnotation, type ReplicasOwner } from './decide/replicas-owner.ts'
import type { PoolWriter } from './enact-pool.ts'
import type { LivingPools, NeededPool } from './living-pools.ts'
import type { PoolsOptions, PoolsTiming } from './open-pools.ts'
import { placePool } from './place-pool.ts'
import type { LivePool, LivePools } from './pool-objects-live.ts'

interface ScalingParts extends OperatorParts, Pick<PoolsOptions, 'brokerOf' | 'figuresOf'> {
  readonly live: LivePools
  readonly living: LivingPools
  readonly writer: Pick<PoolWriter, 'scale'>
  readonly timing: PoolsTiming
}

/** Queues asked for at a time; one vhost answers one after the other anyway. */
const depthsAtOnce = 16
/** Passive declares a second of one operator at the most: with more queues each is looked at less often. */
const depthsASecond = 2_000
/** A broker that does not answer is asked no further. */
const lookTimeoutMs = 10_000

/** Looks at the queues of every pool once a second, and changes how many pods it has where nobody else does. Two looks at one pool never overlap. */
export function openScaling(parts: ScalingParts): OperatorPart {
  const { clock, live, living, timing, log } = parts
  const memories = new Map<string, ScaleMemory>()
  const figures = openFigures(parts)
  const lookAt = async (key: string): Promise<void> => {
    const needed = living.get(key)
    const deployment = live.deployments.get(key)
    if (needed === undefined || deployment === undefined) return void memories.delete(key)
    if (deployment.metadata.deletionTimestamp !== undefined) return
    const pods = deployment.spec.replicas ?? 1
    await scaleOne(parts, { key, needed, deployment, memories, figures: pods > 0 ? figures.of(needed) : undefined })
  }
  return {
    run: async (signal) => {
      await Promise.race([live.synced, pause(clock, 2 ** 31 - 1, signal)])
      while (!signal.aborted) {
        const startedAt = clock.elapsed()
        const keys = living.keys()
        for (const key of memories.keys()) if (living.get(key) === undefined) memories.delete(key)
        await inTurns(keys, signal, (key) =>
          lookAt(key).catch((err: unknown) =>
            log.debug({ pool: key, err }, 'pool not looked at, it will be tried again'),
          ),
        )
        const queues = keys.reduce((sum, key) => sum + queuesOf(living.get(key)).length, 0)
        const everyMs = Math.max(timing.lookMs, (queues / depthsASecond) * 1000)
        await pause(clock, Math.max(timing.lookMs / 10, everyMs - (clock.elapsed() - startedAt)), signal)
      }
    },
  }
}

const poolsAtOnce = 32

async function inTurns(
  keys: readonly string[],
  signal: AbortSignal,
  work: (key: string) => Promise<void>,
): Promise<void> {
  const left = [...keys]
  const worker = async (): Promise<void> => {
    for (let key = left.shift(); key !== undefined && !signal.aborted; key = left.shift()) await work(key)
  }
  await Promise.all(Array.from({ length: Math.min(poolsAtOnce, keys.length) }, worker))
}

interface One {
  readonly key: string
  readonly needed: NeededPool
  readonly deployment: LivePool
  readonly memories: Map<string, ScaleMemory>
  readonly figures: BrokerFigures | undefined
}

async function scaleOne(parts: ScalingParts, one: One): Promise<void> {
  const { clock, log, writer, live } = parts
  const { key, needed, memories } = one
  const look = await takeLook(parts, one)
  if (look === undefined) return
  const place = placeOf(parts, needed)
  const owner = ownerOf(parts, one, place.scaling)
  if (owner.kind === 'other') {
    const before = memories.get(key)
    memories.set(key, withoutLooks(before ?? { looks: [], enough: [] }, look))
    return
  }
  const { replicas, memory } = decideScale(memories.get(key), look, scalePolicy(place.component?.scaling))
  memories.set(key, memory)
  const current = live.deployments.get(key)
  if (current === undefined || replicas === look.replicas) return
  const startedAt = clock.elapsed()
  await writer.scale(current, replicas)
  const { namespace, pool } = needed
  const durationMs = Math.round(clock.elapsed() - startedAt)
  log.info({ namespace, pool, from: look.replicas, replicas, backlog: look.backlog, durationMs }, 'pool scaled')
}

function placeOf({ caches }: ScalingParts, needed: NeededPool): ReturnType<typeof placePool> {
  const identity = poolIdentity(needed.pool)
  return identity === undefined ? {} : placePool(needed, identity, caches)
}

function ownerOf({ live }: ScalingParts, { key, deployment }: One, scaling: string | undefined): ReplicasOwner {
  return replicasOwner({
    replicaManagers: deployment.replicaManagers,
    annotations: [deployment.metadata.annotations?.[scalingAnnotation], scaling],
    hasAutoscaler: live.autoscalers.byIndex('target', key).length > 0,
  })
}

/** Undefined when the broker does not tell. What waits in a frozen flow's queues has to wait: it is no reason for pods. */
async function takeLook(
  { brokerOf, clock }: ScalingParts,
  { needed, deployment, figures }: One,
): Promise<PoolLook | undefined> {
  const broker = brokerOf(needed.namespace)
  const queues = queuesOf(needed)
  if (broker === undefined) return undefined
  const waiting = await readyIn(broker, queues)
  if (waiting === undefined) return undefined
  const busy = queues.filter((_, at) => (waiting[at] ?? 0) > 0)
  return {
    at: clock.elapsed(),
    backlog: waiting.reduce((sum, ready) => sum + ready, 0),
    singleQueues: busy.filter(({ singleActiveConsumer }) => singleActiveConsumer).length,
    sharedQueues: busy.filter(({ singleActiveConsumer }) => !singleActiveConsumer).length,
    replicas: deployment.spec.replicas ?? 1,
    ready: deployment.status?.readyReplicas ?? 0,
    ...(figures !== undefined && { figures }),
  }
}

function queuesOf(needed: NeededPool | undefined): readonly PoolQueue[] {
  return (needed?.flows ?? []).flatMap(({ queues }) => queues).filter(({ frozen }) => !frozen)
}

async function readyIn(
  broker: Pick<NonNullable<ReturnType<PoolsOptions['brokerOf']>>, 'depth'>,
  queues: readonly PoolQueue[],
): Promise<readonly number[] | undefined> {
  const ready: number[] = []
  const late = AbortSignal.timeout(lookTimeoutMs)
  for (let at = 0; at < queues.length; at += depthsAtOnce) {
    const part = queues.slice(at, at + depthsAtOnce)
    const depths = await Promise.race([Promise.all(part.map(({ queue }) => broker.depth(queue))), aborted(late)])
    if (depths === undefined) return undefined
    ready.push(...depths.map((depth) => depth?.ready ?? 0))
  }
  return ready
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}

interface Figures {
  /** As they were last told; undefined when that is too long ago. */
  readonly of: (needed: NeededPool) => BrokerFigures | undefined
}

interface Told {
  readonly at: number
  readonly queues: ReadonlyMap<string, BrokerFigures>
}

const oldMs = 30_000

/** All queues of a namespace are asked for at once, and not by every pool; nobody waits for the answer. */
function openFigures({ figuresOf, clock, timing }: ScalingParts): Figures {
  const asked = new Map<string, number>()
  const told = new Map<string, Told>()
  const ask = async (namespace: string): Promise<void> => {
    const queues = await figuresOf(namespace)
    if (queues !== undefined) told.set(namespace, { at: clock.elapsed(), queues })
  }
  const askWhenDue = (namespace: string): void => {
    const now = clock.elapsed()
    if (now - (asked.get(namespace) ?? Number.NEGATIVE_INFINITY) < timing.figuresMs) return
    asked.set(namespace, now)
    // Without them pods stay as they are.
    ask(namespace).catch(() => {})
  }
  return {
    of: (needed) => {
      askWhenDue(needed.namespace)
      const last = told.get(needed.namespace)
      if (last === undefined || clock.elapsed() - last.at > oldMs) return undefined
      const own = queuesOf(needed).map(({ queue }) => last.queues.get(queue))
      // One that is so new that the broker has counted nothing yet has done nothing yet.
      const sum = (field: keyof BrokerFigures): number => own.reduce((total, one) => total + (one?.[field] ?? 0), 0)
      return { settled: sum('settled'), unsettled: sum('unsettled') }
    },
  }
}
