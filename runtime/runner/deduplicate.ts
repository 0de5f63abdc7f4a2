import { hash } from 'node:crypto'
import { judgeClaim } from '../decide/judge-claim.ts'
import { PermanentError } from '../error.ts'
import type { ComponentJob } from './job.ts'
import { standingOf } from './job.ts'
import type { RunnerParts } from './runner-parts.ts'
import { scopeAt } from './standing.ts'

/** What deduplication says of a message before its component is called. */
export type Admission =
  | { readonly kind: 'admitted'; readonly done: () => Promise<void>; readonly release: () => Promise<void> }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'later'; readonly afterMs: number }
  /** The outcome of an earlier start is unknown, and the step says that this is a dead letter. */
  | { readonly kind: 'unknown' }

const admitted: Admission = { kind: 'admitted', done: async () => {}, release: async () => {} }

/**
 * Claims the message's deduplication key; without `deduplicate` everything is admitted.
 *
 * @throws {PermanentError} `EmptyResult` when the key expression gives nothing
 */
export async function admit(parts: RunnerParts, job: ComponentJob): Promise<Admission> {
  const { deduplicate, timeoutSeconds } = job.plan
  if (deduplicate === undefined) return admitted
  const key = await claimKey(job, deduplicate.key)
  const { attempt, copy, replay } = job.delivery.message.headers
  const own = { replay: replay ?? 0, attempt, copy }
  const admission: Admission = {
    kind: 'admitted',
    done: () => parts.store.claims.done(key, own, parts.clock.now()),
    release: () => parts.store.claims.release(key, own),
  }
  const options = { nowMs: parts.clock.now(), windowMs: deduplicate.windowSeconds * 1000 }
  const claim = await parts.store.claims.take(key, own, options)
  if (claim.kind === 'taken') return admission
  const verdict = judgeClaim({ held: claim.claim, own, timeoutMs: timeoutSeconds * 1000, nowMs: options.nowMs })
  return verdict.kind === 'unknown' && deduplicate.onUnknown === 'retry' ? admission : verdict
}

async function claimKey(job: ComponentJob, expression: string): Promise<string> {
  const scope = scopeAt(job.active, job.delivery.message.headers, standingOf(job))
  const value = await job.step.expressions.get('deduplicate.key')?.evaluate(scope)
  if (value === undefined) throw new PermanentError('EmptyResult', 'deduplicate.key gave nothing')
  const named = hash('sha256', expression, 'hex').slice(0, 16)
  return `${job.active.plan.flow.uid}/${job.plan.name}/${named}/${JSON.stringify(value)}`
}
