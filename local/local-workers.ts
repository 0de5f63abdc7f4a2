import type { Logger } from 'pino'
import type { LivingWork, WorkList } from '../runtime/plan-source.ts'
import type { Recorder } from '../runtime/recorder/recorder.ts'
import { followWork } from '../runtime/runner/follow-work.ts'
import { openRunner } from '../runtime/runner/runner.ts'
import type { RunnerLimits, RunnerObserver, RunnerParts } from '../runtime/runner/runner-parts.ts'
import { aborted } from './aborted.ts'
import type { ChangingProject } from './changing-project.ts'
import { openLocalHost } from './local-host.ts'
import type { LocalPlans } from './local-plans.ts'
import type { LocalRuntimeOptions } from './local-runtime.ts'

/** What does the work: the runner, and the processes of its components. */
export interface LocalWorkers {
  readonly stopListening: () => Promise<void>
  /** Lets what has started finish until the deadline, or until the run is to stop at once; takes nothing new. */
  readonly drain: (deadlineMs: number) => Promise<void>
  readonly close: () => Promise<void>
}

export type WorkersAround = Pick<RunnerParts, 'broker' | 'store' | 'clock'> & {
  readonly plans: LocalPlans
  readonly recorder: Pick<Recorder, 'observe'>
  readonly project: ChangingProject
}

export const defaultLimits: RunnerLimits = { queuedMessages: 1000, messageBytes: 10 * 1024 * 1024 }

const hostPatienceMs = 2000

/** Resolves when everything that lives is consumed; on servers, what of it can run here. */
export async function openLocalWorkers(options: LocalRuntimeOptions, around: WorkersAround): Promise<LocalWorkers> {
  const { log, stopped, tracer } = options
  const host = openLocalHost({
    log,
    environment: options.environment,
    ...(options.host !== undefined && { limits: options.host }),
  })
  const runner = openRunner({
    ...around,
    host,
    log,
    credentials: around.project.credentials,
    code: around.project.code,
    observer: observerOf(around.recorder, options.observer),
    limits: { ...defaultLimits, ...options.limits },
    ...(tracer !== undefined && { tracer }),
  })
  const work = options.servers === undefined ? around.plans : runnableWork(around, log)
  const follower = followWork(runner, work)
  await follower.attached()
  return {
    stopListening: runner.stopListening,
    drain: async (deadlineMs) => {
      await follower.close()
      const drained = runner.close(deadlineMs)
      await (stopped === undefined ? drained : Promise.race([drained, aborted(stopped)]))
    },
    close: async () => {
      await follower.close()
      await runner.close(0)
      await host.close(stopped?.aborted === true ? 0 : hostPatienceMs)
    },
  }
}

/** Without those whose component is not here: another process that has newer files has its code. */
function runnableWork({ plans, project }: Pick<WorkersAround, 'plans' | 'project'>, log: Logger): WorkList {
  const told = new Set<string>()
  const isRunnable = ({ stage, plan: { steps, flow } }: LivingWork): boolean => {
    const step = steps[stage.name]
    if (step?.kind !== 'component' || project.has(step.component, flow.namespace)) return true
    if (!told.has(stage.queue)) {
      const component = step.component.name
      log.warn({ flow: flow.name, step: step.name, component }, 'step not run here, its component is not in the files')
    }
    told.add(stage.queue)
    return false
  }
  return { onChange: plans.onChange, living: () => plans.living().filter(isRunnable) }
}

function observerOf(recorder: Pick<Recorder, 'observe'>, observer: Partial<RunnerObserver>): RunnerObserver {
  return {
    onReceived: (flow, step) => observer.onReceived?.(flow, step),
    onEvent: (event) => {
      recorder.observe({ kind: 'event', event })
      observer.onEvent?.(event)
    },
    onRun: (run) => recorder.observe({ kind: 'run', run }),
    onFinished: (finished) => observer.onFinished?.(finished),
    onEntrySettled: (headers, emitted) => observer.onEntrySettled?.(headers, emitted),
    ...(observer.onDeliveryBegin !== undefined && { onDeliveryBegin: observer.onDeliveryBegin }),
    ...(observer.onDeliveryEnd !== undefined && { onDeliveryEnd: observer.onDeliveryEnd }),
    ...(observer.onBudgetWait !== undefined && { onBudgetWait: observer.onBudgetWait }),
    ...(observer.onBudgetUnknown !== undefined && { onBudgetUnknown: observer.onBudgetUnknown }),
  }
}
