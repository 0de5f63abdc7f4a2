import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { ExpressionError } from '../../flow/expression/expression.ts'
import { failureOf } from '../decide/failure.ts'
import { PermanentError, TransientError } from '../error.ts'
import type { ResolvedCredential } from '../plan-source.ts'
import { secretValues } from '../secret-values.ts'
import type { ActiveStep } from './active-plan.ts'
import type { Call, ChildSpec, ComponentFailure } from './component-host.ts'
import type { ComponentJob } from './job.ts'
import { standingOf } from './job.ts'
import { bytesOf } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import { scopeAt } from './standing.ts'

export interface PreparedCall extends Pick<
  Call,
  'child' | 'function' | 'message' | 'config' | 'secrets' | 'context' | 'timeoutMs'
> {
  /** Of the App that the credential is for: it needs a permit. */
  readonly budget?: BudgetInUse
}

/**
 * Puts together what a component is called with; at once where nothing has to be computed or read.
 *
 * @throws {ExpressionError} when a `bind` fails
 * @throws {TransientError} `CredentialMissing`: what is not there may come
 */
export type CallPreparer = (job: ComponentJob) => PreparedCall | Promise<PreparedCall>

/** Keeps what all calls of a step have in common. */
export function callPreparer(parts: RunnerParts): CallPreparer {
  const children = new WeakMap<ActiveStep, ChildSpec>()
  const computed = async (job: ComponentJob): Promise<PreparedCall> => {
    const child = children.get(job.step) ?? (await childSpec(parts, job))
    children.set(job.step, child)
    const bound = await boundConfig(job)
    const credential = await resolvedCredential(parts, job)
    const fields = credential?.fields ?? {}
    const prepared = preparedCall(job, child, { ...job.plan.config, ...bound, ...fields })
    if (credential === undefined) return prepared
    const { rateBudget } = credential
    return { ...prepared, secrets: secretValues(fields), ...(rateBudget !== undefined && { budget: rateBudget }) }
  }
  return (job) => {
    const child = children.get(job.step)
    const isFixed = job.plan.credential === undefined && !job.step.isBound
    return child !== undefined && isFixed ? preparedCall(job, child, job.plan.config) : computed(job)
  }
}

function preparedCall(job: ComponentJob, child: ChildSpec, config: JsonObject): PreparedCall {
  const { plan, active, payload } = job
  const context = contextOf(job, active.plan.flow)
  return {
    child,
    config,
    context,
    function: plan.function,
    message: bytesOf(payload),
    timeoutMs: plan.timeoutSeconds * 1000,
  }
}

/** A child serves one step under one configuration; a component declared shared serves all its steps from one. */
async function childSpec(parts: RunnerParts, { plan, active, stage, step }: ComponentJob): Promise<ChildSpec> {
  const { namespace, name } = active.plan.flow
  const { directory, env } = await parts.code(plan, namespace)
  const own = `${stage.queue} ${plan.credential ?? ''} ${JSON.stringify(plan.config)}`
  return {
    key: step.sharedChild ?? own,
    directory,
    dialect: plan.dialect,
    isolation: plan.isolation,
    env,
    concurrency: plan.concurrencyPerProcess,
    labels:
      step.sharedChild !== undefined ? { component: plan.component.name } : { namespace, flow: name, step: plan.name },
  }
}

async function boundConfig(job: ComponentJob): Promise<JsonObject> {
  if (!job.step.isBound) return {}
  const binds = Object.keys(job.plan.bind)
  const scope = scopeAt(job.active, job.delivery.message.headers, standingOf(job))
  const values: [string, unknown][] = []
  for (const key of binds) {
    const value = await job.step.expressions.get(`bind.${key}`)?.evaluate(scope)
    if (value !== undefined) values.push([key, value])
  }
  return Object.fromEntries(values) as JsonObject
}

async function resolvedCredential(
  parts: RunnerParts,
  { plan, active, delivery }: ComponentJob,
): Promise<ResolvedCredential | undefined> {
  if (plan.credential === undefined) return undefined
  const { flow, revision } = active.plan
  const isFresh = delivery.message.headers.attempt > 1
  const credential = await parts.credentials.get(flow.namespace, plan.credential, { isFresh })
  if (credential !== undefined) return credential
  const text = `there is no credential "${plan.credential}"`
  // Nobody makes again what only an older revision names.
  if (parts.plans.active(flow.uid)?.revision !== revision) throw new PermanentError('CredentialMissing', text)
  throw new TransientError('CredentialMissing', text)
}

function contextOf(
  { delivery, plan, carried, traceparent }: ComponentJob,
  flow: { uid: string; namespace: string },
): Call['context'] {
  const { id, headers } = delivery.message
  const context = {
    flow: flow.uid,
    namespace: flow.namespace,
    step: plan.name,
    run: headers.run,
    messageId: id,
    attempt: headers.attempt,
  }
  if (traceparent === undefined && carried.rebound === undefined) return context
  return {
    ...context,
    ...(traceparent !== undefined && { traceparent }),
    ...(carried.rebound !== undefined && { reboundReason: carried.rebound.reason }),
  }
}

/** What keeps a call from being made is seldom the message's fault: unless it is, it waits for this long, and no attempt is spent. */
const patienceSeconds = 30

export function preparationFailure(error: unknown): ComponentFailure {
  return isPermanent(error)
    ? { ...failureOf(error), permanent: true }
    : { ...failureOf(error), retryAfterSeconds: patienceSeconds }
}

export function isPermanent(error: unknown): boolean {
  return error instanceof PermanentError || error instanceof ExpressionError
}
