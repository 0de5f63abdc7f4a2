import { hash } from 'node:crypto'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Broker } from '../broker/broker.ts'
import type { Clock } from '../clock.ts'
import type { PlanSource } from '../plan-source.ts'
import type { DeadLetter, Store } from '../store/store.ts'
import type { CarriedValues } from '../wire/body.ts'
import { encodeBody } from '../wire/body.ts'
import type { MessageHeaders } from '../wire/message.ts'
import { freshId } from '../wire/message-id.ts'
import type { ReplayPlace, ReplayTarget } from './decide/replay-place.ts'
import { decideReplay } from './decide/replay-place.ts'
import type { OpenedLetter } from './open-letter.ts'
import { openLetter } from './open-letter.ts'

export interface ReplayParts {
  /** Without it nothing is sent and nothing changed: a dry run. */
  readonly broker: Pick<Broker, 'publish'> | undefined
  readonly store: Pick<Store, 'deadLetters' | 'trackedRuns' | 'blobs'>
  /** `refresh` gives what is active now, from where the truth is. */
  readonly plans: Pick<PlanSource, 'get' | 'refresh'>
  readonly clock: Pick<Clock, 'now'>
}

export interface ReplayOptions {
  readonly to: ReplayTarget
  /** What the message is to be instead; it gets the message's JSON. */
  readonly edit?: (message: JsonObject, letter: DeadLetter) => JsonObject | Promise<JsonObject>
}

export type ReplayOutcome = { readonly letter: DeadLetter } & (
  | {
      /** On its way again; in a dry run it would be. */
      readonly kind: 'replayed'
      readonly step: string
      readonly revision: number
      readonly message: () => JsonObject
    }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** Somebody else has replayed or dropped it. */
  | { readonly kind: 'settled'; readonly state: DeadLetter['state'] }
)

/** Bodies above this go into the blob store, beside the queue. */
const inlineBytes = 1024 * 1024
/** From the last publish that names them. */
const blobKeptMs = 30 * 86_400_000
const atATime = 20

/**
 * Sends dead letters on their way again, a few at a time, and gives what became of each in their order. Each is published, and
 * only when that is confirmed marked as replayed: a process that ends in between leaves it to be replayed again.
 *
 * @throws {TransientError} the broker or the store does not answer; what was not given is as it was, or replayed and not yet marked
 */
export async function* replayDeadLetters(
  parts: ReplayParts,
  letters: AsyncIterable<DeadLetter> | Iterable<DeadLetter>,
  options: ReplayOptions,
): AsyncGenerator<ReplayOutcome, void, undefined> {
  let group: DeadLetter[] = []
  for await (const letter of letters) {
    group.push(letter)
    if (group.length < atATime) continue
    yield* await replayGroup(parts, group, options)
    group = []
  }
  yield* await replayGroup(parts, group, options)
}

/** All of them come to an end, also where one fails: none is left half done. */
async function replayGroup(
  parts: ReplayParts,
  letters: readonly DeadLetter[],
  options: ReplayOptions,
): Promise<ReplayOutcome[]> {
  const ends = await Promise.allSettled(letters.map((letter) => replayOne(parts, letter, options)))
  return ends.map((end) => {
    if (end.status === 'fulfilled') return end.value
    throw end.reason
  })
}

async function replayOne(parts: ReplayParts, letter: DeadLetter, options: ReplayOptions): Promise<ReplayOutcome> {
  const now = await parts.store.deadLetters.get(letter)
  if (now?.state !== 'dead') return { kind: 'settled', letter, state: now?.state ?? 'dropped' }
  const { headers, step } = letter
  const { flow, revision } = headers
  const [named, active] = await Promise.all([parts.plans.get(flow, revision), parts.plans.refresh(flow)])
  const place = decideReplay({
    letter: { headers, step, replay: letter.replay },
    named,
    active,
    target: options.to,
    isEdited: options.edit !== undefined,
  })
  if (place.kind === 'refused') return { letter, ...place }
  const opened = await openLetter(parts.store, letter)
  if (opened.kind === 'refused' && options.edit === undefined) return { letter, ...opened }
  const content = await contentOf(letter, opened, options)
  const refusal = parts.broker && (await send({ ...parts, broker: parts.broker }, { letter, place, content }))
  if (refusal !== undefined) return { letter, ...refusal }
  return {
    kind: 'replayed',
    letter,
    step: place.headers.at,
    revision: place.headers.revision,
    message: content.message,
  }
}

interface Content {
  readonly carried: CarriedValues
  readonly payload: Buffer
  /** The blob that holds the payload instead, as the letter had it. */
  readonly blob?: string
  readonly message: () => JsonObject
}

/** Failures and rebounds are of the life before. */
async function contentOf(letter: DeadLetter, opened: OpenedLetter, { edit }: ReplayOptions): Promise<Content> {
  if (opened.kind === 'opened' && edit === undefined) return opened
  const before = opened.kind === 'opened' ? opened.message() : {}
  const message = edit === undefined ? before : await edit(before, letter)
  const carried = opened.kind === 'opened' ? opened.carried : {}
  return { carried, payload: Buffer.from(JSON.stringify(message)), message: () => message }
}

interface Sending {
  readonly letter: DeadLetter
  readonly place: Extract<ReplayPlace, { kind: 'place' }>
  readonly content: Content
}

/** Gives why not, if it could not be sent. */
async function send(
  { broker, store, clock }: ReplayParts & { readonly broker: Pick<Broker, 'publish'> },
  { letter, place, content }: Sending,
): Promise<{ readonly kind: 'refused'; readonly code: string; readonly message: string } | undefined> {
  const { id } = letter
  const { flow, run, tracked, blob: _, ...rest } = place.headers
  const blob = await blobOf({ store, clock }, content)
  const headers: MessageHeaders = {
    flow,
    run,
    ...rest,
    ...(tracked === true && { tracked }),
    ...(blob !== undefined && { blob }),
    copy: freshId(),
  }
  const body = encodeBody(content.carried, blob === undefined ? content.payload : Buffer.alloc(0))
  // The run goes on, and whoever waits for its end waits for this message again.
  if (tracked === true) await store.trackedRuns.add(flow, run, [id])
  if ((await broker.publish({ kind: 'queue', queue: place.queue }, { id, headers, body })) === 'unroutable') {
    if (tracked === true) await store.trackedRuns.remove(flow, run, id)
    const message = `revision ${headers.revision} has no queue for "${headers.at}" now. Try again when the flow is active, or name another step with --to STEP`
    return { kind: 'refused', code: 'QueueNotFound', message }
  }
  await store.deadLetters.mark(letter, 'replayed')
  return undefined
}

/** Stored before the message that names it, and kept for as long as a message may be under way. */
async function blobOf(
  { store, clock }: Pick<ReplayParts, 'store' | 'clock'>,
  { blob, payload }: Content,
): Promise<string | undefined> {
  if (blob !== undefined || payload.length <= inlineBytes) return blob
  const id = hash('sha256', payload, 'hex')
  await store.blobs.put(id, payload, clock.now() + blobKeptMs)
  return id
}

/**
 * Gives up a dead letter: it is kept for a while, and never replayed.
 *
 * @returns false when somebody else has replayed or dropped it
 */
export async function dropDeadLetter(
  { deadLetters, trackedRuns }: Pick<Store, 'deadLetters' | 'trackedRuns'>,
  letter: DeadLetter,
): Promise<boolean> {
  const isDropped = await deadLetters.mark(letter, 'dropped')
  const { tracked, flow, run } = letter.headers
  // A replay of it may have ended before it was published.
  if (isDropped && tracked === true) await trackedRuns.remove(flow, run, letter.id)
  return isDropped
}
