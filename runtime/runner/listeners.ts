import type { CarriedValues } from '../wire/body.ts'
import { freshId } from '../wire/message-id.ts'
import { failureOf } from '../decide/failure.ts'
import type { ActivePlan } from './active-plan.ts'
import type { Backlog } from './backlog.ts'
import type { CallResult, Emit } from './component-host.ts'
import { Emitter } from './emitter.ts'
import type { Acknowledgement, ComponentJob } from './job.ts'
import type { PlanCache } from './plan-cache.ts'
import type { CallPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'

/** Keeps endless triggers alive: one child for each queue, started by a fire when there is none. */
export interface Listeners {
  /** Settles a fire: the trigger runs, or could not be started; then the next fire tries again. */
  readonly ensure: (job: ComponentJob) => Promise<Acknowledgement>
  /** Ends the children and starts none any more; what they have emitted goes on. Safe to repeat. */
  readonly stop: () => Promise<void>
}

/** The longest that a timer can count; a listener's call has no time-out of its own. */
const endlessMs = 2 ** 31 - 1

interface ListenerParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly prepare: CallPreparer
  readonly plans: PlanCache
}

export function openListeners(own: ListenerParts): Listeners {
  const running = new Map<string, object>()
  let isStopped = false
  return {
    stop: async () => {
      isStopped = true
      const keys = [...running.keys()].map(childKey)
      running.clear()
      await Promise.all(keys.map((key) => own.parts.host.stop(key, 0)))
    },
    ensure: async (job) => {
      const { queue } = job.stage
      if (isStopped || running.has(queue)) return { kind: 'ack', event: 'settled', emitted: 0 }
      const mark = {}
      running.set(queue, mark)
      const forget = (): void => {
        if (running.get(queue) === mark) running.delete(queue)
      }
      try {
        await start(own, job, { onGone: forget, isWanted: () => running.get(queue) === mark })
        return { kind: 'ack', event: 'settled', emitted: 0 }
      } catch (err) {
        forget()
        if (isStopped) return { kind: 'ack', event: 'settled', emitted: 0 }
        const { code, message } = failureOf(err)
        const { name } = job.active.plan.flow
        own.parts.log.error(
          { flow: name, step: job.plan.name, code, err },
          'listener not started, it will be tried again',
        )
        return { kind: 'ack', event: 'discarded', emitted: 0, code, error: message }
      }
    },
  }
}

function childKey(queue: string): string {
  return `${queue} listen`
}

interface Watch {
  readonly onGone: () => void
  /** Nobody has stopped it. */
  readonly isWanted: () => boolean
}

async function start(own: ListenerParts, job: ComponentJob, { onGone, isWanted }: Watch): Promise<void> {
  const { parts, prepare } = own
  const prepared = await prepare(job)
  const labels = { flow: job.active.plan.flow.name, step: job.plan.name }
  await new Promise<void>((resolve, reject) => {
    const call = parts.host.call({
      ...prepared,
      timeoutMs: endlessMs,
      snapshot: {},
      child: { ...prepared.child, key: childKey(job.stage.queue), keepAlive: true, onExit: onGone },
      onStart: resolve,
      onEmit: (emit) => onEmit(own, job, emit),
    })
    call.then((result) => {
      if (result.kind === 'ended') return resolve()
      const failure = deathOf(result)
      const level = isWanted() ? 'warn' : 'debug'
      onGone()
      parts.log[level]({ ...labels, code: failure.code, reason: failure.message }, 'listener ended')
      reject(Object.assign(new Error(failure.message), { code: failure.code }))
    }, reject)
  })
}

function deathOf(result: CallResult): { readonly code: string; readonly message: string } {
  return result.kind === 'died' ? result.failure : { code: 'NotStarted', message: 'the listener was not started' }
}

/** Each message that a listener emits is a run of its own; whatever else it emits belongs to none. */
async function onEmit(own: ListenerParts, job: ComponentJob, emit: Emit): Promise<void> {
  const { parts, backlog } = own
  if (emit.kind === 'data') {
    const emitter = new Emitter({ parts, backlog, job: newRun(parts, await underActivePlan(own, job)) })
    return emitter.onEmit(emit)
  }
  const labels = { flow: job.active.plan.flow.name, step: job.plan.name, kind: emit.kind }
  parts.log.warn(
    emit.kind === 'error' ? { ...labels, code: emit.failure.code, reason: emit.failure.message } : labels,
    'emit of a listener ignored: there is no message that it could belong to',
  )
}

/** What a listener emits is stamped with the active number, as long as that revision has the same listener. */
async function underActivePlan({ parts, plans }: ListenerParts, job: ComponentJob): Promise<ComponentJob> {
  const { flow, revision } = job.active.plan
  const latest = parts.plans.active(flow.uid)
  if (latest === undefined || latest.revision === revision) return job
  const active = await plans(flow.uid, latest.revision)
  return active === undefined ? job : (sameListener(active, job) ?? job)
}

function sameListener(active: ActivePlan, job: ComponentJob): ComponentJob | undefined {
  const { message } = job.delivery
  const step = active.step(job.plan.name)
  const stage = active.stageOf(job.plan.name)
  const trigger = active.trigger(message.headers.trigger)
  const isSame = trigger?.to === job.plan.name && stage?.queue === job.stage.queue
  if (!isSame || stage === undefined || step?.plan.kind !== 'component') return undefined
  const headers = { ...message.headers, revision: active.plan.revision, revisionHash: active.plan.hash }
  return {
    ...job,
    active,
    stage,
    step,
    plan: step.plan,
    delivery: { ...job.delivery, message: { ...message, headers } },
  }
}

function newRun(parts: RunnerParts, job: ComponentJob): ComponentJob {
  const { message } = job.delivery
  const run = freshId()
  const { flow } = job.active.plan
  const runStartedAt = parts.clock.now()
  const carried: CarriedValues = job.carried.trigger === undefined ? {} : { trigger: job.carried.trigger }
  const headers = { ...message.headers, run, runStartedAt, attempt: 1, copy: freshId() }
  parts.observer.onRun({
    namespace: flow.namespace,
    flow: flow.uid,
    id: run,
    trigger: headers.trigger,
    revision: job.active.plan.revision,
    startedAt: runStartedAt,
  })
  const delivery = { ...job.delivery, message: { ...message, id: run, headers } }
  return { ...job, carried, delivery }
}
