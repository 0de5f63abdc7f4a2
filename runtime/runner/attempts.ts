import { sleep } from '../clock.ts'
import type { Claim } from '../store/store.ts'
import type { ComponentJob, Settlement } from './job.ts'
import { observeDelivery } from './observe.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { AttemptOutcome, InPlace } from './settle-failure.ts'

export interface InPlaceParts {
  readonly parts: RunnerParts
  readonly draining: AbortSignal
}

/**
 * Tries a message of an ordered step in place until it is settled, since the next one waits for it. Its attempts are kept
 * beside the queue: whoever gets it again goes on counting where this runner stopped.
 */
export async function runInPlace(
  { parts, draining }: InPlaceParts,
  job: ComponentJob,
  attempt: (job: ComponentJob) => Promise<AttemptOutcome>,
): Promise<Settlement> {
  const kept = keptAttempts(parts, job)
  let isKept = job.delivery.redelivered
  let current = isKept ? withAttempt(job, { attempt: await kept.read(), carried: job.carried }) : job
  for (;;) {
    const outcome = await attempt(current)
    if (outcome.kind !== 'inPlace') {
      if (isKept && outcome.kind === 'ack') await kept.forget(current.delivery.message.headers.attempt)
      return outcome
    }
    isKept = true
    await kept.write(outcome.attempt)
    observeInPlace(parts, current, outcome)
    if (!(await waited(parts, outcome.delayMs, draining))) return { kind: 'requeue' }
    current = withAttempt(current, outcome)
  }
}

interface KeptAttempts {
  /** The attempt that comes next. */
  readonly read: () => Promise<number>
  readonly write: (attempt: number) => Promise<void>
  readonly forget: (attempt: number) => Promise<void>
}

function keptAttempts({ store, clock }: RunnerParts, { delivery, stage }: ComponentJob): KeptAttempts {
  const { id, headers } = delivery.message
  const key = `attempts/${stage.queue}/${id}`
  const { copy, replay = 0 } = headers
  const claimOf = (attempt: number): Pick<Claim, 'replay' | 'attempt' | 'copy'> => ({ replay, attempt, copy })
  const take = (attempt: number) => store.claims.take(key, claimOf(attempt), { nowMs: clock.now(), windowMs: 0 })
  return {
    read: async () => {
      const taken = await take(headers.attempt)
      const isOwn = taken.kind === 'held' && taken.claim.copy === copy && taken.claim.replay === replay
      return isOwn ? Math.max(taken.claim.attempt, headers.attempt) : headers.attempt
    },
    write: async (attempt) => {
      await take(attempt)
    },
    forget: (attempt) => store.claims.release(key, claimOf(attempt)),
  }
}

function withAttempt(job: ComponentJob, { carried, attempt }: Pick<InPlace, 'carried' | 'attempt'>): ComponentJob {
  const { message, redelivered, deliveryCount, ack, requeue } = job.delivery
  const again = { ...message, headers: { ...message.headers, attempt } }
  return { ...job, carried, delivery: { message: again, redelivered, deliveryCount, ack, requeue } }
}

function observeInPlace(parts: RunnerParts, { active, delivery, startedAtMs }: ComponentJob, outcome: InPlace): void {
  const { event, code, error } = outcome
  const settlement = { kind: 'ack', event, emitted: 0, code, error } as const
  observeDelivery(parts, delivery, { settlement, startedAtMs, namespace: active.plan.flow.namespace })
}

/** False when the runner drains. */
async function waited({ clock }: RunnerParts, delayMs: number, draining: AbortSignal): Promise<boolean> {
  return sleep(clock, delayMs, draining).then(
    () => true,
    () => false,
  )
}
