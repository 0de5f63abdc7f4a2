import { withMessage } from '../broker/broker.ts'
import { failureOf } from '../decide/failure.ts'
import type { CarriedValues } from '../wire/body.ts'
import { freshId } from '../wire/message-id.ts'
import type { ActivePlan } from './active-plan.ts'
import type { Backlog } from './backlog.ts'
import type { CallResult, Emit } from './component-host.ts'
import { Emitter } from './emitter.ts'
import type { Acknowledgement, ComponentJob } from './job.ts'
import type { Lasting } from './lasting.ts'
import type { PlanCache } from './plan-cache.ts'
import type { CallPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'
import { sameListener } from './same-listener.ts'

/** Keeps endless triggers alive: one child for each queue, started by a fire when there is none. */
export interface Listeners {
  /** Settles a fire: the trigger runs, or could not be started; then the next fire tries again. */
  readonly ensure: (job: ComponentJob) => Promise<Acknowledgement>
  /** Ends those that are not in their flow's active plan any more, or not as they were started: the next fire starts them anew. */
  readonly review: () => Promise<void>
  /** The queue is left: another runner may have it now. */
  readonly leave: (queue: string) => Promise<void>
  /** Ends the children and starts none any more; what they have emitted goes on. Safe to repeat. */
  readonly stop: () => Promise<void>
}

/** The longest that a timer can count; a listener's call has no time-out of its own. */
const endlessMs = 2 ** 31 - 1

interface ListenerParts {
  readonly parts: RunnerParts
  readonly lasting: Lasting
  readonly backlog: Backlog
  readonly prepare: CallPreparer
  readonly plans: PlanCache
}

const running: Acknowledgement = { kind: 'ack', event: 'settled', emitted: 0 }

export function openListeners(own: ListenerParts): Listeners {
  const { host, log } = own.parts
  /** What each was started with. */
  const started = new Map<string, ComponentJob>()
  let isStopped = false

  const leave = async (queue: string): Promise<void> => {
    if (started.delete(queue)) await host.stop(childKey(queue), 0)
  }
  const start = async (job: ComponentJob): Promise<Acknowledgement> => {
    const { queue } = job.stage
    started.set(queue, job)
    const isWanted = (): boolean => started.get(queue) === job
    const forget = (): void => {
      if (isWanted()) started.delete(queue)
    }
    try {
      await startListener(own, job, { onGone: forget, isWanted })
      return running
    } catch (err) {
      const wasWanted = isWanted()
      forget()
      if (!wasWanted) return running
      const { code, message } = failureOf(err)
      const { name } = job.active.plan.flow
      log.error({ flow: name, step: job.plan.name, code, err }, 'listener not started, it will be tried again')
      return { kind: 'ack', event: 'discarded', emitted: 0, code, error: message }
    }
  }
  return {
    leave,
    review: async () => {
      const outdated = [...started.values()].filter((job) => !isCurrent(own.parts, job))
      await Promise.all(outdated.map(({ stage }) => leave(stage.queue)))
    },
    stop: async () => {
      isStopped = true
      await Promise.all([...started.keys()].map(leave))
    },
    ensure: async (job) => {
      const known = started.get(job.stage.queue)
      const { flow } = job.active.plan
      if (isStopped || flow.suspend || flow.freeze) return running
      if (known !== undefined) {
        if (isCurrent(own.parts, known)) return running
        await leave(job.stage.queue)
      }
      return start(job)
    },
  }
}

/** Whether the listener is to go on as it was started. */
function isCurrent({ plans, log }: RunnerParts, job: ComponentJob): boolean {
  const { uid, name } = job.active.plan.flow
  const active = plans.active(uid)
  const reason = active === undefined ? 'gone' : sameListener(active, job) ? undefined : 'changed'
  if (reason !== undefined) log.info({ flow: name, step: job.plan.name, reason }, 'listener is stopped')
  return reason === undefined
}

function childKey(queue: string): string {
  return `${queue} listen`
}

interface Watch {
  readonly onGone: () => void
  /** Nobody has stopped it. */
  readonly isWanted: () => boolean
}

async function startListener(own: ListenerParts, job: ComponentJob, { onGone, isWanted }: Watch): Promise<void> {
  const { parts, prepare } = own
  const prepared = await prepare(job)
  if (!isWanted()) throw new Error('it was stopped before it began')
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
  const { parts, lasting, backlog } = own
  if (emit.kind === 'data') {
    const run = newRun(parts, await underActivePlan(own, job))
    return new Emitter({ parts, lasting, backlog, job: run, isDetached: true }).onEmit(emit)
  }
  const labels = { flow: job.active.plan.flow.name, step: job.plan.name, kind: emit.kind }
  parts.log.warn(
    emit.kind === 'error' ? { ...labels, code: emit.failure.code, reason: emit.failure.message } : labels,
    'emit of a listener ignored: there is no message that it could belong to',
  )
}

/** What a listener emits is stamped with the active number, as long as that revision has the same listener. */
async function underActivePlan({ parts, plans, lasting }: ListenerParts, job: ComponentJob): Promise<ComponentJob> {
  const { flow, revision } = job.active.plan
  const latest = parts.plans.active(flow.uid)
  if (latest === undefined || latest.revision === revision || !sameListener(latest, job)) return job
  let active: ActivePlan | undefined
  // Nobody would give the message again: it waits for the answer.
  await lasting(async () => {
    active = await plans(flow.uid, latest.revision)
  })
  return active === undefined ? job : restamped(active, job)
}

function restamped(active: ActivePlan, job: ComponentJob): ComponentJob {
  const { message } = job.delivery
  const step = active.step(job.plan.name)
  const stage = active.stageOf(job.plan.name)
  if (stage === undefined || step?.plan.kind !== 'component') return job
  const headers = { ...message.headers, revision: active.plan.revision, revisionHash: active.plan.hash }
  const delivery = withMessage(job.delivery, { ...message, headers })
  return { ...job, active, stage, step, plan: step.plan, delivery }
}

function newRun(parts: RunnerParts, job: ComponentJob): ComponentJob {
  const { message } = job.delivery
  const run = freshId()
  const { flow } = job.active.plan
  const runStartedAt = parts.clock.now()
  const carried: CarriedValues = job.carried.trigger === undefined ? {} : { trigger: job.carried.trigger }
  // The fire that has started the listener is another trace.
  const { traceparent: _fire, ...kept } = message.headers
  const headers = { ...kept, run, runStartedAt, attempt: 1, copy: freshId() }
  parts.observer.onRun({
    namespace: flow.namespace,
    flow: flow.uid,
    id: run,
    trigger: headers.trigger,
    revision: job.active.plan.revision,
    startedAt: runStartedAt,
  })
  const span = parts.tracer?.startSpan(`${flow.name}/${job.plan.name}`, undefined, {
    'weir.namespace': flow.namespace,
    'weir.flow': flow.name,
    'weir.step': job.plan.name,
    'weir.run': run,
  })
  span?.end({ kind: 'settled' })
  const delivery = withMessage(job.delivery, { ...message, id: run, headers })
  return { ...job, carried, delivery, traceparent: span?.traceparent }
}
