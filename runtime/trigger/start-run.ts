import { prune } from '../../flow/expression/prune.ts'
import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import type { Broker, PublishOutcome } from '../broker/broker.ts'
import { failureOf } from '../decide/failure.ts'
import type { Span, Tracer } from '../runner/runner-parts.ts'
import type { Run } from '../store/store.ts'
import type { CarriedValues } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import type { MessageHeaders, WireMessage } from '../wire/message.ts'
import type { FirstMessage } from './decide/first-message.ts'

export interface StartRunDeps {
  readonly broker: Pick<Broker, 'publish'>
  readonly ids: { readonly freshId: () => string }
  readonly clock: { readonly now: () => number }
  /** Told of each run that was started, for the run records. Must not throw. */
  readonly onRun?: (run: Run) => void
  /** Where traces go; without one the trace context is passed on as it came. */
  readonly tracer?: Tracer
}

/** A trigger that fires: where it belongs, and what it says. */
export interface Firing {
  readonly plan: Plan
  readonly trigger: PlanTrigger
  readonly first: FirstMessage
  /** Of a fire, which is published again under the same id (`fireRunId`); otherwise a fresh one. */
  readonly run?: string
  /** The run's start in milliseconds since 1970, what `$now()` gives; by default now. */
  readonly startedAt?: number
  readonly tracked?: boolean
  /** Queue that waits for a `respond`. */
  readonly replyTo?: string
  /** The trace that the run belongs to; without one it begins a trace, where traces are wanted. */
  readonly traceparent?: string
}

export type RunStart =
  | { readonly kind: 'started'; readonly run: string; readonly messageId: string }
  /** Nobody owns the entry queue (any more): nothing was started. */
  | { readonly kind: 'unroutable' }

/**
 * Publishes the first message of a run; when it says `started` the message is safe. A run's id is also the id of its first message.
 *
 * @throws {TransientError} the broker's answer is unknown; a fire is safe to start again
 */
export async function startRun(deps: StartRunDeps, firing: Firing): Promise<RunStart> {
  const run = firing.run ?? deps.ids.freshId()
  const startedAt = firing.startedAt ?? deps.clock.now()
  const span = deps.tracer && startSpan(deps.tracer, firing, run)
  const traceparent = span?.traceparent ?? firing.traceparent
  const message: WireMessage = {
    id: run,
    headers: headersOf(firing, {
      run,
      runStartedAt: startedAt,
      copy: deps.ids.freshId(),
      ...(traceparent !== undefined && { traceparent }),
    }),
    body: bodyOf(firing),
  }
  const outcome = await publish(deps, firing.trigger.queue, { message, span })
  if (outcome === 'unroutable') return { kind: 'unroutable' }
  const { flow, revision } = firing.plan
  deps.onRun?.({
    namespace: flow.namespace,
    flow: flow.uid,
    id: run,
    trigger: firing.trigger.name,
    revision,
    startedAt,
  })
  return { kind: 'started', run, messageId: run }
}

async function publish(
  { broker }: Pick<StartRunDeps, 'broker'>,
  queue: string,
  { message, span }: { readonly message: WireMessage; readonly span: Span | undefined },
): Promise<PublishOutcome> {
  try {
    const outcome = await broker.publish({ kind: 'queue', queue }, message)
    span?.end(outcome === 'confirmed' ? { kind: 'started' } : { kind: 'unroutable', code: 'QueueNotFound' })
    return outcome
  } catch (error) {
    const { code, message: text } = failureOf(error)
    span?.end({ kind: 'unknown', code, error: text })
    throw error
  }
}

function startSpan(tracer: Tracer, { plan: { flow, revision }, trigger, traceparent }: Firing, run: string): Span {
  return tracer.startSpan(`${flow.name}/${trigger.name}`, traceparent, {
    'messaging.operation.type': 'send',
    'messaging.destination.name': trigger.queue,
    'messaging.message.id': run,
    'weir.namespace': flow.namespace,
    'weir.flow': flow.name,
    'weir.trigger': trigger.name,
    'weir.run': run,
    'weir.revision': revision,
  })
}

type OwnHeaders = Pick<MessageHeaders, 'run' | 'runStartedAt' | 'copy' | 'traceparent'>

function headersOf(firing: Firing, own: OwnHeaders): MessageHeaders {
  const { plan, trigger } = firing
  return {
    flow: plan.flow.uid,
    revision: plan.revision,
    revisionHash: plan.hash,
    ...own,
    trigger: trigger.name,
    at: trigger.to,
    attempt: 1,
    hops: 0,
    ...(firing.tracked === true && { tracked: true }),
    ...(firing.replyTo !== undefined && { replyTo: firing.replyTo }),
  }
}

function bodyOf({ plan, first }: Firing): Buffer {
  const paths = plan.carried.trigger
  const carried: CarriedValues =
    paths.length === 0 ? {} : { trigger: prune(first.view, paths) as Record<string, unknown> } // reduced, an object is an object
  return encodeBody(carried, Buffer.from(JSON.stringify(first.message)))
}
