import type { PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery } from '../broker/broker.ts'
import { sleep } from '../clock.ts'
import type { ActivePlan } from './active-plan.ts'
import { deliver } from './deliver.ts'
import type { DeliveryParts } from './deliver.ts'
import type { Settlement } from './job.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { SnapshotSession } from './snapshot-session.ts'
import { openSnapshotSession } from './snapshot-session.ts'

/** One stage's queue, consumed. */
export interface Attachment {
  /** Takes nothing new, and resolves when what has started is settled. Safe to repeat. */
  readonly drain: () => Promise<void>
  /** What is not settled goes back to the queue. Safe to repeat. */
  readonly close: () => Promise<void>
}

export type AttachParts = Omit<DeliveryParts, 'stage' | 'session'>

export interface Attaching {
  readonly stage: PlanStage
  readonly active: ActivePlan
  /** Told once when it has ended by itself: fenced off by another consumer, or by the broker. */
  readonly onEnd: () => void
}

const builtInReadAhead = 100
const mostReadAhead = 200
const pauseMs = 1000

export async function openAttachment(own: AttachParts, { stage, active, onEnd }: Attaching): Promise<Attachment> {
  const { parts, draining } = own
  const delivering: DeliveryParts = { ...own, stage, session: sessionOf(parts, stage, active) }
  const work = openWorkCount()
  let isDraining = false

  const end = (): void => {
    if (isDraining) return
    isDraining = true
    onEnd()
  }
  const onFenced = (): Promise<void> => {
    parts.log.warn({ queue: stage.queue }, 'another consumer has the snapshot: what is under way here is dropped')
    end()
    return subscription.close()
  }
  const giveBack = async (delivery: Delivery, settlement: Settlement): Promise<void> => {
    if (settlement.kind === 'ack') return
    if (settlement.kind === 'fenced') return onFenced()
    await pause(own, settlement.afterMs)
    delivery.requeue()
  }
  const onDelivery = (delivery: Delivery): void => {
    // Not given back at once: it would come again at once. It goes back when the subscription ends.
    if (isDraining || draining.aborted) return
    work.begin()
    deliver(delivering, delivery)
      .catch((error: unknown) => unforeseen(parts, delivery, error))
      .then((settlement) => (settlement.kind === 'ack' ? undefined : giveBack(delivery, settlement)))
      .then(work.end, work.end)
  }
  const onLost = (err: Error): void => {
    parts.log.warn({ queue: stage.queue, err }, 'queue is no longer consumed')
    end()
  }
  const options = { prefetch: readAheadOf(stage, active), onEnd: onLost }
  const subscription = await parts.broker.consume(stage.queue, options, onDelivery)
  return {
    drain: () => {
      isDraining = true
      return work.whenNone()
    },
    close: () => {
      isDraining = true
      return subscription.close()
    },
  }
}

/** A drain cuts it short: what is given back then waits for the next consumer. */
async function pause({ parts, draining }: AttachParts, afterMs: number | undefined): Promise<void> {
  if (afterMs !== undefined) await sleep(parts.clock, afterMs, draining).catch(() => {})
}

/** A broker or a store that did not answer, or what nobody foresaw: the message comes back, not at once, and loses nothing by it. */
function unforeseen({ log }: RunnerParts, { message: { headers } }: Delivery, err: unknown): Settlement {
  log.error({ flow: headers.flow, step: headers.at, err }, 'delivery failed, it will be tried again')
  return { kind: 'requeue', afterMs: pauseMs }
}

interface WorkCount {
  readonly begin: () => void
  readonly end: () => void
  readonly whenNone: () => Promise<void>
}

function openWorkCount(): WorkCount {
  const waiting: (() => void)[] = []
  let count = 0
  return {
    begin: () => {
      count += 1
    },
    end: () => {
      count -= 1
      if (count === 0) for (const resolve of waiting.splice(0)) resolve()
    },
    whenNone: async () => {
      if (count > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}

function readAheadOf(stage: PlanStage, active: ActivePlan): number {
  if (stage.singleActiveConsumer) return 1
  const step = active.step(stage.name)?.plan
  if (step?.kind !== 'component') return builtInReadAhead
  return Math.min(mostReadAhead, Math.max(step.concurrencyPerProcess + 1, Math.ceil(step.concurrencyPerProcess * 1.5)))
}

function sessionOf({ store }: RunnerParts, stage: PlanStage, active: ActivePlan): SnapshotSession | undefined {
  const step = active.step(stage.name)?.plan
  if (stage.snapshot === 'none' || step?.kind !== 'component') return undefined
  return openSnapshotSession(store.snapshots, stage.queue, {
    flow: active.plan.flow.uid,
    step: step.name,
    component: `${step.component.kind}/${step.component.name}`,
    function: step.function.name,
  })
}
