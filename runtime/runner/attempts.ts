import { withMessage } from '../broker/broker.ts'
import { sleep } from '../clock.ts'
import { waitsUntil } from '../decide/held-time.ts'
import { isSuspicious } from '../decide/poison.ts'
import type { Claim } from '../store/store.ts'
import type { ComponentJob, Settlement } from './job.ts'
import { observeDelivery } from './observe.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { AttemptOutcome, InPlace } from './settle-failure.ts'
import type { Solitude } from './solitude.ts'

export interface InPlaceParts {
  readonly parts: RunnerParts
  readonly draining: AbortSignal
  readonly solitude: Solitude
  readonly resumes: Resumes
}

/** By their ids, messages that were given back in the middle of a wait in place. */
export type Resumes = Map<string, Resume>

export interface Resume extends Pick<InPlace, 'carried' | 'attempt'> {
  /** When the wait ends, in milliseconds since 1970. */
  readonly at: number
}

/**
 * Tries a message of an ordered step in place until it is settled, since the next one waits for it. Its attempts are kept
 * beside the queue: whoever gets it again goes on counting where this runner stopped.
 */
export async function runInPlace(
  own: InPlaceParts,
  job: ComponentJob,
  attempt: (job: ComponentJob) => Promise<AttemptOutcome>,
): Promise<Settlement> {
  const kept = keptAttempts(own.parts, job)
  let isKept = job.delivery.redelivered
  let current = isKept ? withAttempt(job, await resumed(own, job, kept)) : job
  for (;;) {
    const outcome = await attempt(current)
    if (outcome.kind !== 'inPlace') {
      if (isKept && outcome.kind === 'ack') await kept.forget(current.delivery.message.headers.attempt)
      return outcome
    }
    isKept = true
    await kept.write(outcome.attempt)
    observeInPlace(own.parts, current, outcome)
    if (!(await waited(own, job, outcome))) return { kind: 'requeue' }
    current = withAttempt(current, outcome)
  }
}

/** What is known of the attempts before: all of it where they were this runner's, else their number. */
async function resumed(
  { resumes }: InPlaceParts,
  { delivery, carried }: ComponentJob,
  kept: KeptAttempts,
): Promise<Pick<InPlace, 'carried' | 'attempt'>> {
  const { id } = delivery.message
  const own = resumes.get(id)
  resumes.delete(id)
  const attempt = await kept.read()
  return own !== undefined && own.attempt >= attempt ? own : { attempt, carried }
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
  const { message } = job.delivery
  const again = { ...message, headers: { ...message.headers, attempt } }
  return { ...job, carried, delivery: withMessage(job.delivery, again) }
}

function observeInPlace(parts: RunnerParts, { active, delivery, startedAtMs }: ComponentJob, outcome: InPlace): void {
  const { event, code, error } = outcome
  const settlement = { kind: 'ack', event, emitted: 0, code, error } as const
  observeDelivery(parts, delivery, { settlement, startedAtMs, namespace: active.plan.flow.namespace })
}

/**
 * Lets others run meanwhile. False when the message must be given back: the runner drains, the call behind the wait would end too
 * late for the broker, or the message ran alone, and that trial is over.
 */
async function waited(own: InPlaceParts, job: ComponentJob, { delayMs, carried, attempt }: InPlace): Promise<boolean> {
  const { parts, draining, solitude, resumes } = own
  const until = parts.clock.now() + delayMs
  const timeoutMs = job.plan.timeoutSeconds * 1000
  if (isSuspicious(job.delivery) || until > waitsUntil({ deliveredAtMs: job.startedAtMs, timeoutMs })) {
    resumes.set(job.delivery.message.id, { at: until, carried, attempt })
    return false
  }
  solitude.leave()
  const isThrough = await sleep(parts.clock, delayMs, draining).then(
    () => true,
    () => false,
  )
  await solitude.enter(neverAborted)
  return isThrough
}

const never = new AbortController().signal
const neverAborted = (): AbortSignal => never
