import { prune } from '../../flow/expression/prune.ts'
import type { Plan, PlanTrigger } from '../../flow/plan/plan.ts'
import type { Broker } from '../broker/broker.ts'
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
  const message: WireMessage = {
    id: run,
    headers: headersOf(firing, { run, runStartedAt: startedAt, copy: deps.ids.freshId() }),
    body: bodyOf(firing),
  }
  const outcome = await deps.broker.publish({ kind: 'queue', queue: firing.trigger.queue }, message)
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

function headersOf(firing: Firing, own: Pick<MessageHeaders, 'run' | 'runStartedAt' | 'copy'>): MessageHeaders {
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
    ...(firing.traceparent !== undefined && { traceparent: firing.traceparent }),
  }
}

function bodyOf({ plan, first }: Firing): Buffer {
  const paths = plan.carried.trigger
  const carried: CarriedValues =
    paths.length === 0 ? {} : { trigger: prune(first.view, paths) as Record<string, unknown> } // reduced, an object is an object
  return encodeBody(carried, Buffer.from(JSON.stringify(first.message)))
}
