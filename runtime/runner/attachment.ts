import type { Delivery, Subscription } from '../broker/broker.ts'
import { sleep } from '../clock.ts'
import { waitsUntil } from '../decide/held-time.ts'
import { isSuspicious } from '../decide/poison.ts'
import { TransientError } from '../error.ts'
import type { LivingWork } from '../plan-source.ts'
import type { DeliveryParts } from './deliver.ts'
import { deliver } from './deliver.ts'
import type { Settlement } from './job.ts'
import { openPatience } from './patience.ts'
import type { ReadAhead } from './read-ahead.ts'
import { openReadAhead } from './read-ahead.ts'
import type { DeliveryPlace, RunnerParts } from './runner-parts.ts'
import type { SnapshotSession } from './snapshot-session.ts'
import { openSnapshotSession } from './snapshot-session.ts'
import type { Trials } from './trial.ts'
import { openTrials } from './trial.ts'
import type { Turn, Turns } from './turns.ts'
import { openTurns } from './turns.ts'
import { openWorkCount } from './work-count.ts'

export type AttachParts = Omit<DeliveryParts, 'stage' | 'namespace' | 'session' | 'patience' | 'resumes'>

export interface Attaching {
  readonly work: LivingWork
  /** Told once when it is to be closed for another reason than that nobody wants it any more. */
  readonly onEnd: (end: AttachmentEnd) => void
}

/** Why a queue is left: by the broker's or another consumer's doing, because the active revision cannot work, or on purpose. */
export type AttachmentEnd = 'lost' | 'unable' | 'unwanted'

/** What failed without anybody's fault comes back after this long. */
const pauseMs = 1000
const warnAgainMs = 10_000

export async function openAttachment(own: AttachParts, attaching: Attaching): Promise<Attachment> {
  const attachment = new Attachment(own, attaching)
  await attachment.open()
  return attachment
}

/** One stage's queue, consumed. */
export class Attachment {
  readonly #own: DeliveryParts
  readonly #onEnd: Attaching['onEnd']
  readonly #place: DeliveryPlace
  readonly #trials: Trials
  /** Where the queue has a single consumer. */
  readonly #turns: Turns | undefined
  readonly #readAhead: ReadAhead
  readonly #count = openWorkCount()
  readonly #left = new AbortController()
  readonly #runnerDraining: AbortSignal
  #work: LivingWork
  #subscription: Subscription | undefined
  #warnedAtMs = Number.NEGATIVE_INFINITY

  constructor(own: AttachParts, { work, onEnd }: Attaching) {
    const { parts } = own
    const { stage } = work
    this.#runnerDraining = own.draining
    this.#own = {
      ...own,
      stage,
      namespace: work.plan.flow.namespace,
      draining: AbortSignal.any([own.draining, this.#left.signal]),
      session: sessionOf(parts, work),
      patience: openPatience(parts.clock),
      resumes: new Map(),
    }
    this.#work = work
    this.#onEnd = onEnd
    this.#place = placeOf(work)
    this.#trials = openTrials(this.#own)
    this.#turns = stage.singleActiveConsumer ? openTurns() : undefined
    this.#readAhead = openReadAhead(() => concurrencyOf(this.#work))
  }

  /** @throws {PermanentError | TransientError} as the broker's `consume` does */
  async open(): Promise<void> {
    const { parts, stage } = this.#own
    const onEnd = (err: Error): void => {
      parts.log.warn({ queue: stage.queue, err }, 'queue is no longer consumed')
      this.#end('lost')
    }
    // Another consumer may have had its turn: the snapshot is read anew, and an endless trigger may run elsewhere.
    const alone = { prefetch: 1, singleActiveConsumer: true, onEnd, onInterrupted: () => this.#end('lost') }
    const shared = { prefetch: this.#readAhead.current(), singleActiveConsumer: false, onEnd }
    const options = this.#turns === undefined ? shared : alone
    this.#subscription = await parts.broker.consume(stage.queue, options, (delivery) => {
      // Not given back at once: it would come again at once. It goes back when the subscription ends.
      if (!this.#isDraining) this.#handle(delivery)
    })
  }

  /** The newest plan that has the queue. */
  update(work: LivingWork): void {
    this.#work = work
  }

  /** Takes nothing new, gives back what has not started, and resolves when what has is settled. Safe to repeat. */
  drain(): Promise<void> {
    this.#leave()
    return this.#count.whenNone()
  }

  /** What is not settled goes back to the queue. Safe to repeat. */
  async close(): Promise<void> {
    this.#leave()
    await this.#subscription?.close()
    await this.#trials.close()
  }

  #handle(delivery: Delivery): void {
    this.#count.begin()
    const turn = this.#turns?.next()
    void (turn === undefined ? this.#workOn(delivery) : this.#workInTurn(delivery, turn)).then(
      this.#count.end,
      this.#onGivenUp,
    )
  }

  readonly #onGivenUp = (err: unknown): void => {
    const { parts, stage } = this.#own
    parts.log.error({ queue: stage.queue, err }, 'delivery given up, it comes back when its channel is closed')
    this.#count.end()
  }

  async #workInTurn(delivery: Delivery, turn: Turn): Promise<void> {
    try {
      await turn.come
      if (!this.#isDraining) await this.#workOn(delivery)
    } finally {
      turn.end()
    }
  }

  /** The one asynchronous function that a delivery costs, as long as it need not wait: each is some hundred bytes for as long as that is under way. */
  async #workOn(delivery: Delivery): Promise<void> {
    const { parts, solitude, patience } = this.#own
    if (this.#own.resumes.size > 0 && (await this.#waitedOn(delivery))) return delivery.requeue()
    const isAlone = isSuspicious(delivery)
    const entering = isAlone ? solitude.enterAlone(patience.signal()) : solitude.enter(patience.signal)
    if (entering !== undefined && !(await entering)) return delivery.requeue()
    const beganAtMs = parts.clock.now()
    this.#begin(delivery, beganAtMs)
    let settlement: Settlement
    try {
      settlement = await (isAlone ? this.#trials.attempt(delivery) : deliver(this.#own, delivery, beganAtMs))
    } catch (error) {
      settlement = this.#unforeseen(error, delivery)
    }
    this.#finish(delivery, beganAtMs, settlement)
    if (isAlone) solitude.leaveAlone()
    else solitude.leave()
    return this.#enact(delivery, settlement)
  }

  /** Goes on with a wait in place, for as long as a delivery may be held. False where there is none. */
  async #waitedOn({ message: { id } }: Delivery): Promise<boolean> {
    const { parts, draining, resumes } = this.#own
    const nowMs = parts.clock.now()
    const resumesAtMs = resumes.get(id)?.at ?? nowMs
    if (resumesAtMs <= nowMs) return false
    const untilMs = Math.min(resumesAtMs, waitsUntil({ deliveredAtMs: nowMs, timeoutMs: 0 }))
    await sleep(parts.clock, untilMs - nowMs, draining).catch(() => {})
    return true
  }

  #enact(delivery: Delivery, settlement: Settlement): Promise<void> | undefined {
    if (settlement.kind !== 'ack') return this.#giveBack(delivery, settlement)
    if (settlement.cannotWork === true) this.#end('unable')
    return undefined
  }

  #begin({ message }: Delivery, beganAtMs: number): void {
    this.#readAhead.onBegin(beganAtMs)
    this.#own.parts.observer.onDeliveryBegin?.(this.#place, message.headers)
  }

  #finish({ message }: Delivery, beganAtMs: number, settlement: Settlement): void {
    const { clock, observer } = this.#own.parts
    const endedAtMs = clock.now()
    observer.onDeliveryEnd?.(this.#place, message.headers, { settlement, durationMs: endedAtMs - beganAtMs })
    this.#hold(this.#readAhead.onEnd(endedAtMs))
  }

  async #giveBack(delivery: Delivery, settlement: Exclude<Settlement, { kind: 'ack' }>): Promise<void> {
    const { parts, draining, stage } = this.#own
    if (settlement.kind === 'fenced') {
      parts.log.warn({ queue: stage.queue }, 'another consumer has the snapshot: what is under way here is dropped')
      this.#end('lost')
      return this.#subscription?.close()
    }
    if (settlement.hadNoPlace === true) this.#hold(this.#readAhead.onNoPlace())
    // A drain cuts it short: what is given back then waits for the next consumer.
    if (settlement.afterMs !== undefined) await sleep(parts.clock, settlement.afterMs, draining).catch(() => {})
    delivery.requeue()
  }

  #hold(prefetch: number | undefined): void {
    if (prefetch !== undefined && this.#turns === undefined && !this.#isDraining) {
      this.#subscription?.setPrefetch(prefetch)
    }
  }

  #end(end: AttachmentEnd): void {
    if (this.#isDraining) return
    this.#leave()
    this.#onEnd(end)
  }

  #leave(): void {
    this.#left.abort()
    this.#own.patience.end()
  }

  get #isDraining(): boolean {
    // Two plain signals: a look at one that is made of others costs more, and this is asked for each delivery.
    return this.#left.signal.aborted || this.#runnerDraining.aborted
  }

  /** A broker or a store that did not answer, or what nobody foresaw: the message comes back, not at once, and loses nothing by it. */
  #unforeseen(err: unknown, { message: { headers } }: Delivery): Settlement {
    const { clock, log } = this.#own.parts
    const isTransient = err instanceof TransientError
    // All that is held meets the same: one line is enough.
    if (!isTransient || clock.now() - this.#warnedAtMs >= warnAgainMs) {
      const labels = { flow: headers.flow, step: headers.at, err }
      log[isTransient ? 'warn' : 'error'](labels, 'delivery failed, it will be tried again')
      if (isTransient) this.#warnedAtMs = clock.now()
    }
    return { kind: 'requeue', afterMs: pauseMs }
  }
}

function concurrencyOf({ plan, stage }: LivingWork): number | undefined {
  const step = plan.steps[stage.name]
  return step?.kind === 'component' ? step.concurrencyPerProcess : undefined
}

function placeOf({ plan: { flow }, stage }: LivingWork): DeliveryPlace {
  const { namespace, name, uid } = flow
  return { namespace, flow: name, uid, step: stage.name, queue: stage.queue, pool: stage.pool }
}

function sessionOf({ store }: RunnerParts, { stage, plan }: LivingWork): SnapshotSession | undefined {
  const step = plan.steps[stage.name]
  if (stage.snapshot === 'none' || step?.kind !== 'component') return undefined
  return openSnapshotSession(store.snapshots, stage.queue, {
    flow: plan.flow.uid,
    step: step.name,
    component: `${step.component.kind}/${step.component.name}`,
    function: step.function.name,
  })
}
