import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { PermanentError, TransientError } from '../error.ts'
import type { Call, ChildSpec } from './component-host.ts'
import type { ComponentJob } from './job.ts'
import { standingOf } from './job.ts'
import { bytesOf } from './payload.ts'
import type { RunnerParts } from './runner-parts.ts'
import { scopeAt } from './standing.ts'

export type PreparedCall = Pick<Call, 'child' | 'function' | 'message' | 'config' | 'context' | 'timeoutMs'>

/**
 * Puts together what a component is called with.
 *
 * @throws {ExpressionError} when a `bind` fails
 * @throws {PermanentError} `ComponentNotFound`
 * @throws {TransientError} `CredentialMissing`: what is not there may come
 */
export async function prepareCall(parts: RunnerParts, job: ComponentJob): Promise<PreparedCall> {
  const { plan, active, payload } = job
  return {
    child: await childSpec(parts, job),
    function: plan.function,
    message: bytesOf(payload),
    config: { ...plan.config, ...(await boundConfig(job)), ...(await credentialFields(parts, job)) },
    context: contextOf(job, active.plan.flow),
    timeoutMs: plan.timeoutSeconds * 1000,
  }
}

/** A child serves one step under one configuration; a component declared shared serves all its steps from one. */
async function childSpec(parts: RunnerParts, { plan, active, stage }: ComponentJob): Promise<ChildSpec> {
  const { namespace, name } = active.plan.flow
  const { directory, env } = await parts.code(plan, namespace)
  const own = `${stage.queue} ${plan.credential ?? ''} ${JSON.stringify(plan.config)}`
  const shared = plan.isolation === 'shared'
  return {
    key: shared ? `${plan.component.kind}/${plan.component.name} ${directory}` : own,
    directory,
    dialect: plan.dialect,
    isolation: plan.isolation,
    env,
    concurrency: plan.concurrencyPerProcess,
    labels: shared ? { component: plan.component.name } : { namespace, flow: name, step: plan.name },
  }
}

async function boundConfig(job: ComponentJob): Promise<JsonObject> {
  const binds = Object.keys(job.plan.bind)
  if (binds.length === 0) return {}
  const scope = scopeAt(job.active, job.delivery.message.headers, standingOf(job))
  const values: [string, unknown][] = []
  for (const key of binds) {
    const value = await job.step.expressions.get(`bind.${key}`)?.evaluate(scope)
    if (value !== undefined) values.push([key, value])
  }
  return Object.fromEntries(values) as JsonObject
}

async function credentialFields(parts: RunnerParts, { plan, active }: ComponentJob): Promise<JsonObject> {
  if (plan.credential === undefined) return {}
  const credential = await parts.credentials.get(active.plan.flow.namespace, plan.credential)
  if (credential !== undefined) return credential.fields
  throw new TransientError('CredentialMissing', `there is no credential "${plan.credential}"`)
}

function contextOf(
  { delivery, plan, carried }: ComponentJob,
  flow: { uid: string; namespace: string },
): Call['context'] {
  const { id, headers } = delivery.message
  return {
    flow: flow.uid,
    namespace: flow.namespace,
    step: plan.name,
    run: headers.run,
    messageId: id,
    attempt: headers.attempt,
    ...(headers.traceparent !== undefined && { traceparent: headers.traceparent }),
    ...(carried.rebound !== undefined && { reboundReason: carried.rebound.reason }),
  }
}

/** Where a flow's message cannot be worked on for a reason that is not its own, and how long it waits. */
export const credentialPatienceSeconds = 30

export function isPermanent(error: unknown): boolean {
  return error instanceof PermanentError || (error instanceof Error && error.name === 'ExpressionError')
}
