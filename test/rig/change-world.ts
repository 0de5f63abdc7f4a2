import { pino } from 'pino'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { FlowChanges } from '../../operator/change/flow-changes.ts'
import { openFlowChanges } from '../../operator/change/flow-changes.ts'
import type { Broker, QueueDeclaration, Subscription } from '../../runtime/broker/broker.ts'
import { deadQueue } from '../../runtime/broker/broker.ts'
import { openMemoryBroker } from '../../runtime/broker/memory-broker.ts'
import type { Clock } from '../../runtime/clock.ts'
import { simulatedClock } from '../../runtime/clock.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { WireMessage } from '../../runtime/wire/message.ts'
import { sampleMessage } from '../samples/sample-message.ts'

/** One driver process, which may die between any two of its calls: what it was about to do happens or not, and it never hears of it. */
export interface DriverProcess {
  readonly changes: Promise<FlowChanges>
  /** Its connection is lost and comes back: what it has declared, and not unbound, is declared again. */
  readonly reconnect: () => Promise<void>
  /** It dies at its so-many-th call from now on, before or after the call has had its effect. */
  readonly dieAfter: (calls: number, when: 'before' | 'after') => void
  readonly isDead: () => boolean
}

/** Queues, state, publishers with stale views, runners that come late, and drivers that die; all promises are looked after. */
export interface ChangeWorld {
  readonly store: Store
  readonly openDriver: () => DriverProcess
  readonly advance: (ms: number) => Promise<void>
  /** Sets the clock of everybody without letting time pass. */
  readonly setClock: (byMs: number) => void
  /** To one of the queues that have ever lived, the newest first. */
  readonly publish: (age: number) => Promise<void>
  /** Whether runners consume what lives. */
  readonly setRunning: (isRunning: boolean) => void
  /** What was promised and not kept, so far. */
  readonly broken: () => readonly string[]
  /** What must be true when nothing happens any more. */
  readonly leftovers: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

export async function openChangeWorld({ isUidReused }: { readonly isUidReused: boolean }): Promise<ChangeWorld> {
  const base = simulatedClock(Date.parse('2026-01-01T00:00:00Z'))
  let offset = 0
  const clock: Clock = { now: () => base.now() + offset, setTimer: base.setTimer }
  const broker = openMemoryBroker({ clock: base })
  const store = openMemoryStore({ clock: base })
  await broker.declareQueues([{ name: deadQueue }])
  const promises = openPromises(broker, store)
  const traffic = openTraffic(broker, store, clock)
  const dead: (() => void)[] = []
  return {
    store,
    publish: async (age) => traffic.publish(promises.everLived().at(-1 - age)),
    setRunning: traffic.setRunning,
    setClock: (byMs) => {
      offset += byMs
    },
    advance: base.advance,
    broken: promises.broken,
    leftovers: async () => [...(await promises.leftovers()), ...(await traffic.unaccounted(promises.everLived()))],
    openDriver: () => {
      const process = openProcess({ broker: broker.connect(), store, clock, promises, isUidReused })
      dead.push(process.kill)
      return process
    },
    close: async () => {
      for (const kill of dead) kill()
      traffic.close()
      await broker.close()
      await store.close()
    },
  }
}

interface ProcessParts {
  readonly broker: Broker
  readonly store: Store
  readonly clock: Clock
  readonly promises: Promises
  readonly isUidReused: boolean
}

function openProcess({
  broker,
  store,
  clock,
  promises,
  isUidReused,
}: ProcessParts): DriverProcess & { kill: () => void } {
  let left = Number.POSITIVE_INFINITY
  let isBefore = true
  let isDead = false
  const kill = (): void => {
    if (isDead) return
    isDead = true
    void broker.close()
  }
  const never = new Promise<never>(() => {})
  const mortal =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (isDead) return never
      left -= 1
      const dies = left <= 0
      if (dies && isBefore) {
        kill()
        return never
      }
      const result = await call(...args).catch((error: unknown) => (isDead ? never : Promise.reject(error as Error)))
      if (dies) kill()
      return isDead ? never : result
    }
  const { flows, plans } = store
  const declared = new Map<string, QueueDeclaration>()
  const declare = promises.declaring(broker.declareQueues)
  const forget = (call: (queue: string) => Promise<void>) => (queue: string) => {
    declared.delete(queue)
    return call(queue)
  }
  const mortalBroker: Broker = {
    ...broker,
    declareQueues: mortal((queues) => {
      for (const queue of queues) declared.set(queue.name, queue)
      return declare(queues)
    }),
    publish: mortal(broker.publish),
    consume: mortal(broker.consume),
    depth: mortal(broker.depth),
    unbindQueue: mortal(forget(broker.unbindQueue)),
    deleteQueue: mortal(forget(promises.deleting(broker.deleteQueue))),
  }
  const mortalStore = {
    trackedRuns: store.trackedRuns,
    snapshots: { ...store.snapshots, remove: mortal(store.snapshots.remove) },
    fires: { ...store.fires, remove: mortal(store.fires.remove) },
    plans: {
      ...plans,
      put: mortal(plans.put),
      get: mortal(plans.get),
      revisions: mortal(plans.revisions),
      remove: mortal(plans.remove),
    },
    flows: {
      get: mortal(flows.get),
      put: mortal(promises.writing(flows.put)),
      list: mortal(flows.list),
      remove: mortal(flows.remove),
    },
  }
  const mortalClock: Clock = {
    now: clock.now,
    setTimer: (afterMs, onDue) => clock.setTimer(afterMs, () => (isDead ? undefined : onDue())),
  }
  const changes = openFlowChanges({
    broker: mortalBroker,
    store: mortalStore,
    clock: mortalClock,
    log: pino({ level: 'silent' }),
    isUidReused,
  })
  return {
    changes,
    kill,
    isDead: () => isDead,
    reconnect: async () => (isDead ? undefined : declare([...declared.values()])),
    dieAfter: (calls, when) => {
      left = calls
      isBefore = when === 'before'
    },
  }
}

type Promises = ReturnType<typeof openPromises>

/** Looks at every write and every deletion. */
function openPromises(broker: Broker, store: Store) {
  const broken: string[] = []
  const hashes = new Map<string, string>()
  const everLived = new Set<string>()
  const everRetired = new Set<string>()
  const declared = new Set<string>()
  const highest = new Map<string, number>()
  const expect = (isKept: boolean, promise: string): void => {
    if (!isKept) broken.push(promise)
  }

  const look = async (state: FlowState): Promise<void> => {
    const { flow, active, lastRevision, kept, living, retiring } = state
    expect(lastRevision >= (highest.get(`${flow} last`) ?? 0), `${flow}: the last number went down to ${lastRevision}`)
    highest.set(`${flow} last`, lastRevision)
    expect(
      (active ?? Infinity) >= (highest.get(`${flow} active`) ?? 0),
      `${flow}: the active number went down to ${active}`,
    )
    if (active !== undefined) highest.set(`${flow} active`, active)
    for (const { revision, hash } of kept) {
      const key = `${flow} ${revision}`
      expect((hashes.get(key) ?? hash) === hash, `${key} stands for two plans`)
      hashes.set(key, hash)
    }
    await lookAtLiving(state)
    for (const { queue } of retiring) everRetired.add(queue)
    expect(living.length <= 256, `${flow} has ${living.length} living queues`)
    await lookAtActive(state)
  }
  const lookAtLiving = async ({ flow, kept, pending, living }: FlowState): Promise<void> => {
    for (const { queue, revision } of living) {
      everLived.add(queue)
      const plan = kept.some((one) => one.revision === revision) ? await store.plans.get(flow, revision) : undefined
      // Nothing can be in the queues of a revision that is pending: its plan may be on its way.
      const isKnown = revision === pending?.revision || plan?.stages.some((stage) => stage.queue === queue) === true
      expect(isKnown, `${queue} lives by revision ${revision}, whose plan is not kept, or has no such queue`)
      expect(!everRetired.has(queue), `${queue} lives again`)
      expect((await broker.depth(queue)) !== undefined, `${queue} lives and was not declared`)
    }
  }
  const lookAtActive = async ({ flow, active, living }: FlowState): Promise<void> => {
    if (active === undefined) return
    const plan = await store.plans.get(flow, active)
    expect(plan !== undefined, `${flow}: revision ${active} is active and its plan is not in the store`)
    const alive = new Set(living.map(({ queue }) => queue))
    for (const { queue } of plan?.stages ?? []) expect(alive.has(queue), `${queue} of the active plan does not live`)
  }
  return {
    broken: (): readonly string[] => broken,
    everLived: (): readonly string[] => [...everLived],
    declaring:
      (declare: Broker['declareQueues']): Broker['declareQueues'] =>
      async (queues) => {
        for (const { name } of queues) declared.add(name)
        return declare(queues)
      },
    writing:
      (put: Store['flows']['put']): Store['flows']['put'] =>
      async (state, before) => {
        const outcome = await put(state, before)
        if (outcome === 'written') await look(state)
        return outcome
      },
    deleting:
      (remove: Broker['deleteQueue']): Broker['deleteQueue'] =>
      async (queue) => {
        const { ready = 0, unacknowledged = 0 } = (await broker.depth(queue)) ?? {}
        const states = await store.flows.list()
        const lives = states.some(({ state }) => state.living.some((stage) => stage.queue === queue))
        expect(!lives, `${queue} was deleted and lives`)
        const isReachable = (await broker.publish({ kind: 'queue', queue }, messageTo(queue, -1))) === 'confirmed'
        expect(!isReachable, `${queue} was deleted while publishers could reach it`)
        expect(ready + unacknowledged === 0, `${queue} was deleted with ${ready + unacknowledged} messages`)
        return remove(queue)
      },
    leftovers: async (): Promise<string[]> => {
      const states = (await store.flows.list()).map(({ state }) => state)
      const alive = new Set(states.flatMap(({ living }) => living.map(({ queue }) => queue)))
      const depths = await Promise.all([...declared].map(async (queue) => [queue, await broker.depth(queue)] as const))
      const orphans = depths.filter(([queue, depth]) => depth !== undefined && !alive.has(queue))
      return orphans.map(([queue]) => `${queue} is left over`)
    },
  }
}

/** Publishers that know every queue there ever was, and runners that consume what lives. */
function openTraffic(broker: Broker, store: Store, clock: Clock) {
  const confirmed = new Set<string>()
  const handled = new Set<string>()
  const consumed = new Map<string, Promise<Subscription>>()
  let isRunning = true
  let isClosed = false
  const follow = async (): Promise<void> => {
    const states = (await store.flows.list()).map(({ state }) => state)
    const living = isRunning ? states.flatMap((state) => (state.frozen ? [] : state.living)) : []
    const wanted = new Set(living.map(({ queue }) => queue))
    for (const [queue, subscription] of consumed) {
      if (wanted.has(queue)) continue
      consumed.delete(queue)
      await (await subscription).close()
    }
    for (const queue of wanted) {
      if (consumed.has(queue)) continue
      const onDelivery: Parameters<Broker['consume']>[2] = ({ message, ack }) => {
        handled.add(message.id)
        ack()
      }
      consumed.set(queue, broker.consume(queue, { prefetch: 10 }, onDelivery))
    }
  }
  const loop = (): void => {
    if (isClosed) return
    void follow().finally(() => clock.setTimer(2000, loop))
  }
  loop()
  return {
    setRunning: (to: boolean) => {
      isRunning = to
    },
    publish: async (queue: string | undefined) => {
      if (queue === undefined) return
      const message = messageTo(queue, confirmed.size)
      if ((await broker.publish({ kind: 'queue', queue }, message)) === 'confirmed') confirmed.add(message.id)
    },
    /** What was confirmed and is neither handled, nor dead, nor waiting. */
    unaccounted: async (queues: readonly string[]): Promise<string[]> => {
      const depths = await Promise.all([...queues, deadQueue].map((queue) => broker.depth(queue)))
      const waiting = depths.reduce((sum, depth) => sum + (depth?.ready ?? 0) + (depth?.unacknowledged ?? 0), 0)
      return handled.size + waiting < confirmed.size
        ? [`${confirmed.size - handled.size - waiting} messages are lost`]
        : []
    },
    close: () => {
      isClosed = true
    },
  }
}

function messageTo(queue: string, number: number): WireMessage {
  const [flow = '', at = ''] = queue.split('.')
  return sampleMessage(`m${number}`, { flow, run: `m${number}`, at })
}
