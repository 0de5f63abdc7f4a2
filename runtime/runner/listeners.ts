import type { CarriedValues } from '../wire/body.ts'
import { freshId } from '../wire/message-id.ts'
import type { Backlog } from './backlog.ts'
import type { CallResult, Emit } from './component-host.ts'
import { openEmitter } from './emitter.ts'
import type { ComponentJob } from './job.ts'
import type { CallPreparer } from './prepare-call.ts'
import type { RunnerParts } from './runner-parts.ts'

/** Keeps endless triggers alive: one child for each queue, started by a fire when there is none. */
export interface Listeners {
  /** Resolves when the trigger is running; at once when it is already. @throws what kept it from starting */
  readonly ensure: (job: ComponentJob) => Promise<void>
}

/** A day; a listener's call has no time-out of its own. */
const endlessMs = 2 ** 31 - 1

interface ListenerParts {
  readonly parts: RunnerParts
  readonly backlog: Backlog
  readonly prepare: CallPreparer
}

export function openListeners(own: ListenerParts): Listeners {
  const running = new Map<string, object>()
  return {
    ensure: async (job) => {
      const { queue } = job.stage
      if (running.has(queue)) return
      const mark = {}
      running.set(queue, mark)
      const forget = (): void => {
        if (running.get(queue) === mark) running.delete(queue)
      }
      try {
        await start(own, job, forget)
      } catch (error) {
        forget()
        throw error
      }
    },
  }
}

async function start({ parts, backlog, prepare }: ListenerParts, job: ComponentJob, onGone: () => void): Promise<void> {
  const prepared = await prepare(job)
  const flow = job.active.plan.flow.name
  await new Promise<void>((resolve, reject) => {
    const call = parts.host.call({
      ...prepared,
      timeoutMs: endlessMs,
      snapshot: {},
      child: { ...prepared.child, key: `${job.stage.queue} listen`, keepAlive: true, onExit: onGone },
      onStart: resolve,
      onEmit: (emit) => onEmit(parts, backlog, job, emit),
    })
    call.then((result) => {
      if (result.kind === 'ended') return resolve()
      onGone()
      const failure = deathOf(result)
      parts.log.warn({ flow, step: job.plan.name, code: failure.code, err: failure.message }, 'listener ended')
      reject(new Error(failure.message))
    }, reject)
  })
}

function deathOf(result: CallResult): { readonly code: string; readonly message: string } {
  return result.kind === 'died' ? result.failure : { code: 'NotStarted', message: 'the listener was not started' }
}

/** Each message that a listener emits is a run of its own. */
async function onEmit(parts: RunnerParts, backlog: Backlog, job: ComponentJob, emit: Emit): Promise<void> {
  const emitter = openEmitter(parts, backlog, newRun(parts, job), { isStarving: () => false })
  await emitter.onEmit(emit)
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
