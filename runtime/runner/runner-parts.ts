import type { Logger } from 'pino'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ComponentPlanStep } from '../../flow/plan/plan.ts'
import type { Broker } from '../broker/broker.ts'
import type { BudgetObserver } from '../budget/rate-gate.ts'
import type { Clock } from '../clock.ts'
import type { CredentialSource, PlanSource } from '../plan-source.ts'
import type { Run, StepEvent, Store } from '../store/store.ts'
import type { MessageHeaders } from '../wire/message.ts'
import type { ComponentHost } from './component-host.ts'
import type { Settlement } from './job.ts'

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
  /** Where traces go; without one the trace context is passed on as it comes. */
  readonly tracer?: Tracer
}

/** Makes a span of each run's start and of each delivery. */
export interface Tracer {
  /**
   * Quick, and never throws.
   *
   * @param parent W3C `traceparent` of what caused it; without one it begins a trace
   */
  readonly startSpan: (name: string, parent: string | undefined, attributes: SpanAttributes) => Span
}

/** Names are those of OpenTelemetry's messaging conventions, or begin with `weir.`. */
export type SpanAttributes = Readonly<Record<string, string | number>>

export interface Span {
  /** Its own, for what it causes. */
  readonly traceparent: string
  /** Once. */
  readonly end: (outcome: SpanOutcome) => void
}

export interface SpanOutcome {
  /**
   * How the delivery ended; `requeued` when it will come again, `fenced` when somebody else has taken over. Of a run's start:
   * `started`, `unroutable` when nobody owns the queue, `unknown` when the broker has not said.
   */
  readonly kind: StepEvent['kind'] | 'requeued' | 'fenced' | 'started' | 'unroutable' | 'unknown'
  readonly code?: string
  readonly error?: string
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
export interface RunnerObserver extends BudgetObserver {
  readonly onReceived: (flow: string, step: string) => void
  readonly onEvent: (event: StepEvent) => void
  /** An endless trigger has started a run. */
  readonly onRun: (run: Run) => void
  /** A message left a last step. */
  readonly onFinished: (finished: FinishedMessage) => void
  /** The delivery that a trigger caused is settled. `emitted` counts the messages that it gave, `untilEmpty` goes by it. */
  readonly onEntrySettled: (headers: MessageHeaders, emitted: number) => void
  /** A delivery is worked on from now on; for counts and gauges, which know a place by its identity: it is the same object each time. */
  readonly onDeliveryBegin?: (place: DeliveryPlace, headers: MessageHeaders) => void
  /** Once for each begin, `requeue` and `fenced` included. */
  readonly onDeliveryEnd?: (place: DeliveryPlace, headers: MessageHeaders, ended: EndedDelivery) => void
}

export interface EndedDelivery {
  readonly settlement: Settlement
  readonly durationMs: number
}

/** Where deliveries come from: one attached queue. */
export interface DeliveryPlace {
  readonly namespace: string
  /** The flow's name. */
  readonly flow: string
  readonly uid: string
  /** The component step, or `_core`. */
  readonly step: string
  readonly queue: string
  readonly pool: string
}

export interface FinishedMessage {
  readonly flow: string
  readonly namespace: string
  readonly step: string
  readonly run: string
  /** The message's JSON. */
  readonly message: () => JsonObject
}
