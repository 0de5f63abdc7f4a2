import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ParsedManifests } from '../flow/manifest/manifest.ts'
import type { Plan } from '../flow/plan/plan.ts'
import { deadQueue, unroutedQueue } from '../runtime/broker/broker.ts'
import type { MemoryBroker } from '../runtime/broker/memory-broker.ts'
import { openMemoryBroker } from '../runtime/broker/memory-broker.ts'
import type { Clock } from '../runtime/clock.ts'
import { systemClock } from '../runtime/clock.ts'
import type { CredentialSource, PlanSource } from '../runtime/plan-source.ts'
import type { Recorder } from '../runtime/recorder/recorder.ts'
import { openRecorder } from '../runtime/recorder/recorder.ts'
import type { ComponentHost } from '../runtime/runner/component-host.ts'
import { activatePlan } from '../runtime/runner/active-plan.ts'
import { openReInjector } from '../runtime/runner/re-inject.ts'
import type { Runner } from '../runtime/runner/runner.ts'
import { openRunner } from '../runtime/runner/runner.ts'
import type { HostLimits } from '../runtime/runner/host/host-options.ts'
import type { RunnerLimits, RunnerObserver } from '../runtime/runner/runner-parts.ts'
import type { DeadLetter, Run, Store } from '../runtime/store/store.ts'
import { openMemoryStore } from '../runtime/store/memory-store.ts'
import { openSqliteStore } from '../runtime/store/sqlite-store.ts'
import type { LocalComponents } from './local-components.ts'
import { openLocalHost } from './local-host.ts'
import { openLocalPlans } from './local-plans.ts'

/** The parts of a flow's life that need no trigger: queues, state, runner. Triggers are opened on top of it. */
export interface LocalRuntime {
  readonly broker: MemoryBroker
  readonly store: Store
  readonly plans: PlanSource & { readonly all: readonly Plan[] }
  readonly host: ComponentHost
  readonly recorder: Recorder
  readonly clock: Clock
  /** To be told of each run that a trigger starts. */
  readonly onRun: (run: Run) => void
  /** Finishes what has started until the deadline, writes what is pending, closes everything. Safe to repeat. */
  readonly close: (deadlineMs: number) => Promise<void>
}

export interface LocalRuntimeOptions {
  readonly parsed: ParsedManifests
  readonly components: LocalComponents
  readonly credentials: CredentialSource
  readonly log: Logger
  /** Directory for what must outlast the process; without it everything is in memory. */
  readonly state?: string
  readonly observer: Partial<RunnerObserver>
  readonly onDeadLetter: (letter: DeadLetter) => void
  readonly limits?: Partial<RunnerLimits>
  /** Of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly host?: Partial<HostLimits>
}

const defaultLimits: RunnerLimits = { queuedMessages: 1000, messageBytes: 10 * 1024 * 1024 }

export async function openLocalRuntime(options: LocalRuntimeOptions): Promise<LocalRuntime> {
  const { components, log } = options
  const clock = systemClock
  const store = options.state === undefined ? openMemoryStore() : openSqliteStore(join(options.state, 'weir.db'))
  const broker = openMemoryBroker({ clock })
  const plans = await openLocalPlans(options.parsed.manifests.flows, components, store.plans)
  const host = openLocalHost({
    log,
    environment: options.environment,
    ...(options.host !== undefined && { limits: options.host }),
  })
  const namespaceOf = (flow: string): string => plans.active(flow)?.flow.namespace ?? 'default'
  await broker.declareQueues([{ name: deadQueue }, { name: unroutedQueue }, ...plans.all.flatMap(queuesOf)])
  const recorder = await openRecorder({ broker, store, clock, log, namespaceOf, onDeadLetter: options.onDeadLetter })
  const reInjector = await openReInjector({ broker, plans, clock })
  const runner = openRunner({
    broker,
    store,
    plans,
    host,
    clock,
    log,
    credentials: options.credentials,
    code: components.code,
    observer: observerOf(recorder, options.observer),
    limits: { ...defaultLimits, ...options.limits },
  })
  await attachAll(runner, plans.all)
  return {
    broker,
    store,
    plans,
    host,
    recorder,
    clock,
    onRun: (run) => recorder.observe({ kind: 'run', run }),
    close: async (deadlineMs) => {
      // In reverse: what could still cause work ends first.
      await runner.close(deadlineMs)
      await host.close(Math.min(deadlineMs, 2000))
      await reInjector.close()
      await recorder.close()
      await broker.close()
      await store.close()
      await components.close()
    },
  }
}

function queuesOf(plan: Plan): { readonly name: string; readonly singleActiveConsumer: boolean }[] {
  return plan.stages.map(({ queue, singleActiveConsumer }) => ({ name: queue, singleActiveConsumer }))
}

async function attachAll(runner: Runner, plans: readonly Plan[]): Promise<void> {
  for (const plan of plans) {
    if (plan.flow.freeze) continue
    const active = activatePlan(plan)
    await Promise.all(plan.stages.map((stage) => runner.attach(stage, active)))
  }
}

function observerOf(recorder: Recorder, observer: Partial<RunnerObserver>): RunnerObserver {
  return {
    onReceived: (flow, step) => observer.onReceived?.(flow, step),
    onEvent: (event) => {
      recorder.observe({ kind: 'event', event })
      observer.onEvent?.(event)
    },
    onRun: (run) => recorder.observe({ kind: 'run', run }),
    onFinished: (finished) => observer.onFinished?.(finished),
    onEntrySettled: (headers, emitted) => observer.onEntrySettled?.(headers, emitted),
  }
}
