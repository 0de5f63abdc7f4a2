import type { Logger } from 'pino'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ComponentPlanStep } from '../../flow/plan/plan.ts'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { CredentialSource, PlanSource } from '../plan-source.ts'
import type { Run, StepEvent, Store } from '../store/store.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { ComponentHost } from './component-host.ts'

/** All that a runner stands on. */
export interface RunnerParts {
  readonly broker: Broker
  readonly store: Store
  readonly plans: PlanSource
  readonly credentials: CredentialSource
  readonly host: ComponentHost
  readonly code: ComponentCodeSource
  readonly clock: Clock
  readonly log: Logger
  readonly observer: RunnerObserver
  readonly limits: RunnerLimits
}

/** Where a step's component has its code. */
export type ComponentCodeSource = (
  step: ComponentPlanStep,
  namespace: string,
) => Promise<{ readonly directory: string; readonly env: Readonly<Record<string, string>> }>

export interface RunnerLimits {
  /** A component's emit waits while the queue it goes to holds more than this. */
  readonly queuedMessages: number
  /** The largest message, its JSON in bytes. */
  readonly messageBytes: number
}

/** Hears what happens; called synchronously on the message path, so it must be quick and must not throw. */
export interface RunnerObserver {
  readonly onReceived: (flow: string, step: string) => void
  readonly onEvent: (event: StepEvent) => void
  /** An endless trigger has started a run. */
  readonly onRun: (run: Run) => void
  /** A message left a last step. */
  readonly onFinished: (finished: FinishedMessage) => void
  /** The delivery that a trigger caused is settled. `emitted` counts the messages that it gave, `untilEmpty` goes by it. */
  readonly onEntrySettled: (headers: MessageHeaders, emitted: number) => void
}

export interface FinishedMessage {
  readonly flow: string
  readonly namespace: string
  readonly step: string
  readonly run: string
  /** The message's JSON. */
  readonly message: () => JsonObject
}
