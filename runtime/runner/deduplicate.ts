import { hash } from 'node:crypto'
import { claimCopy, judgeClaim } from '../decide/judge-claim.ts'
import { PermanentError } from '../error.ts'
import type { ComponentJob } from './job.ts'
import { standingOf } from './job.ts'
import type { RunnerParts } from './runner-parts.ts'
import { scopeAt } from './standing.ts'

/** What deduplication says of a message before its component is called. */
export type Admission =
  | { readonly kind: 'admitted'; readonly claim: HeldKey }
  /** `isAtWork`: another copy of this message is, under the same id. */
  | { readonly kind: 'duplicate'; readonly isAtWork: boolean }
  | { readonly kind: 'later'; readonly afterMs: number }
  /** The outcome of an earlier start is unknown, and the step says that this is a dead letter. */
  | { readonly kind: 'unknown'; readonly claim: HeldKey }

/** A deduplication key that is this message's. */
export interface HeldKey {
  /** It may have had its effect: from now the window counts in which others with the key are dropped. */
  readonly done: () => Promise<void>
  /** It has had none: the next one with the key may try. */
  readonly release: () => Promise<void>
}

/**
 * Claims the deduplication key of a message whose step has `deduplicate`.
 *
 * @throws {PermanentError} `EmptyResult` when the key expression gives nothing
 */
export async function admit(
  parts: RunnerParts,
  job: ComponentJob,
  deduplicate: NonNullable<ComponentJob['plan']['deduplicate']>,
): Promise<Admission> {
  const key = await claimKey(job, deduplicate.key)
  const { id, headers } = job.delivery.message
  const { attempt, replay = 0 } = headers
  const own = { replay, attempt, copy: claimCopy(id, headers.copy) }
  const claim: HeldKey = {
    done: () => parts.store.claims.done(key, own, parts.clock.now()),
    release: () => parts.store.claims.release(key, own),
  }
  const nowMs = parts.clock.now()
  const taken = await parts.store.claims.take(key, own, { nowMs, windowMs: deduplicate.windowSeconds * 1000 })
  if (taken.kind === 'taken') return { kind: 'admitted', claim }
  const verdict = judgeClaim({ held: taken.claim, own, timeoutMs: job.plan.timeoutSeconds * 1000, nowMs })
  if (verdict.kind !== 'unknown') return verdict
  return deduplicate.onUnknown === 'retry' ? { kind: 'admitted', claim } : { kind: 'unknown', claim }
}

async function claimKey(job: ComponentJob, expression: string): Promise<string> {
  const scope = scopeAt(job.active, job.delivery.message.headers, standingOf(job))
  const value = await job.step.expressions.get('deduplicate.key')?.evaluate(scope)
  if (value === undefined) throw new PermanentError('EmptyResult', 'deduplicate.key gave nothing')
  const named = hash('sha256', expression, 'hex').slice(0, 16)
  return `${job.active.plan.flow.uid}/${job.plan.name}/${named}/${JSON.stringify(value)}`
}
