import { setTimeout as delay } from 'node:timers/promises'
import type { PlanStage } from '../../flow/plan/plan.ts'
import type { Delivery, Subscription } from '../broker/broker.ts'
import type { ActivePlan } from './active-plan.ts'
import { activatePlan } from './active-plan.ts'
import { backlogOf } from './backlog.ts'
import type { DeliveryParts } from './deliver.ts'
import { deliver } from './deliver.ts'
import { openListeners } from './listeners.ts'
import { callPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { SnapshotSession } from './snapshot-session.ts'
import { openSnapshotSession } from './snapshot-session.ts'

/** Works on the messages of the stages that are attached to it. */
export interface Runner {
  /** Starts to consume a stage's queue, which must be declared. Safe to repeat. */
  readonly attach: (stage: PlanStage, active: ActivePlan) => Promise<void>
  readonly detach: (queue: string) => Promise<void>
  /** Lets what has started finish until the deadline; everything else goes back to its queue. Safe to repeat. */
  readonly close: (deadlineMs: number) => Promise<void>
}

const builtInReadAhead = 100
const mostReadAhead = 200

export function openRunner(parts: RunnerParts): Runner {
  const subscriptions = new Map<string, Promise<Subscription>>()
  const drain = new AbortController()
  const working = new Set<Promise<void>>()
  const plans = planCache(parts)
  const backlog = backlogOf(parts.broker, parts.clock, parts.limits.queuedMessages)
  const prepare = callPreparer(parts)
  const listeners = openListeners({ parts, backlog, prepare })

  const consume = async (stage: PlanStage, active: ActivePlan): Promise<Subscription> => {
    const session = sessionOf(parts, stage, active)
    const own: DeliveryParts = { parts, backlog, listeners, prepare, stage, session, plans, draining: drain.signal }
    return parts.broker.consume(stage.queue, { prefetch: readAheadOf(stage, active) }, (delivery) => {
      const work = handle(own, delivery).finally(() => working.delete(work))
      working.add(work)
    })
  }
  const detach = async (queue: string): Promise<void> => {
    const subscription = subscriptions.get(queue)
    subscriptions.delete(queue)
    await (await subscription)?.close()
  }
  return {
    attach: async (stage, active) => {
      const known = subscriptions.get(stage.queue)
      const subscription = known ?? consume(stage, active)
      subscriptions.set(stage.queue, subscription)
      await subscription
    },
    detach,
    close: async (deadlineMs) => {
      drain.abort()
      const timer = new AbortController()
      const deadline = delay(deadlineMs, undefined, { signal: timer.signal }).catch(() => {})
      await Promise.race([Promise.allSettled(working), deadline])
      timer.abort()
      await Promise.all([...subscriptions.keys()].map(detach))
    },
  }
}

async function handle(own: DeliveryParts, delivery: Delivery): Promise<void> {
  if (own.draining.aborted) return delivery.requeue()
  try {
    await deliver(own, delivery)
  } catch (error) {
    // What nobody foresaw, or a broker that did not answer: the message comes back, not at once, and loses nothing by it.
    const { flow, at } = delivery.message.headers
    own.parts.log.error({ flow, step: at, err: error }, 'delivery failed')
    await delay(1000, undefined, { signal: own.draining }).catch(() => {})
    delivery.requeue()
  }
}

function readAheadOf(stage: PlanStage, active: ActivePlan): number {
  if (stage.singleActiveConsumer) return 1
  const step = active.step(stage.name)?.plan
  if (step?.kind !== 'component') return builtInReadAhead
  return Math.min(mostReadAhead, Math.max(step.concurrencyPerProcess + 1, Math.ceil(step.concurrencyPerProcess * 1.5)))
}

function sessionOf(parts: RunnerParts, stage: PlanStage, active: ActivePlan): SnapshotSession | undefined {
  const step = active.step(stage.name)?.plan
  if (stage.snapshot === 'none' || step?.kind !== 'component') return undefined
  return openSnapshotSession(parts.store.snapshots, stage.queue, {
    flow: active.plan.flow.uid,
    step: step.name,
    component: `${step.component.kind}/${step.component.name}`,
    function: step.function.name,
  })
}

const keptPlans = 500

/** Plans by (flow, revision), compiled once; the oldest go when there are too many. */
function planCache(parts: RunnerParts): DeliveryParts['plans'] {
  const cache = new Map<string, ActivePlan>()
  return (flow, revision) => {
    const key = `${flow} ${revision}`
    const known = cache.get(key)
    if (known !== undefined) return known
    return parts.plans.get(flow, revision).then((plan) => {
      if (plan === undefined) return undefined
      const active = activatePlan(plan)
      for (const oldest of cache.keys()) {
        if (cache.size < keptPlans) break
        cache.delete(oldest)
      }
      cache.set(key, active)
      return active
    })
  }
}
