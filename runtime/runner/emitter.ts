import { failureOf } from '../decide/failure.ts'
import { waitsUntil } from '../decide/held-time.ts'
import { PermanentError } from '../error.ts'
import { answer } from './answer.ts'
import type { Backlog, RoomWaiter } from './backlog.ts'
import type { ComponentFailure, Emit } from './component-host.ts'
import type { ComponentJob } from './job.ts'
import { standingOf, walkOf } from './job.ts'
import type { Lasting } from './lasting.ts'
import type { Given, Outputs } from './outputs.ts'
import { openOutputs, tooLargeText, writeAll } from './outputs.ts'
import { payloadFromBytes } from './payload.ts'
import { responseOf } from './response-of.ts'
import type { RunnerParts } from './runner-parts.ts'
import type { SharedLane } from './shared-lane.ts'
import { isDeadlocked } from './shared-lane.ts'
import type { SnapshotChanges } from './snapshot-session.ts'
import { leave } from './standing.ts'
import { walkStage } from './walk-stage.ts'

/** What a call has left when it is over. */
export interface Ledger extends Given {
  readonly failures: readonly ComponentFailure[]
  readonly rebound: string | undefined
  readonly snapshotChanges: SnapshotChanges
  /** A publish whose outcome is unknown: the input must come back. */
  readonly broken: unknown
}

export interface EmitterParts {
  readonly parts: RunnerParts
  /** For what is emitted after the acknowledgement. */
  readonly lasting: Lasting
  readonly backlog: Backlog
  readonly job: ComponentJob
  /** No delivery waits for what is emitted: an endless trigger's. */
  readonly isDetached?: boolean
  /** Where the call competes with those of other steps for a place in one child. */
  readonly lane?: SharedLane | undefined
  /** Writes the snapshot in the middle of the call. */
  readonly onCheckpoint?: ((changes: SnapshotChanges) => Promise<void>) | undefined
}

const safe = Promise.resolve()
const nothing: Given = { emitted: 0, children: 0 }
/** Others may wait this long for a place that a call holds which waits for room. */
const starvingMs = 500

/** Takes what a component emits while it works on one message, and after. What it emits is published in order, one's confirm not awaited before the next. */
export class Emitter implements RoomWaiter {
  readonly #own: EmitterParts
  readonly #failures: ComponentFailure[] = []
  readonly #changes: SnapshotChanges[number][] = []
  #rebound: string | undefined
  #broken: unknown
  /** Why something that was emitted is nowhere. */
  #refused: unknown
  #outputs: Outputs | undefined
  #isLate = false
  #open = 0
  /** Has kept others from a place: it waits for room no more. */
  #isFreed = false
  #blockedAt: number | undefined
  #blockedLane: SharedLane | undefined
  #onDrained: (() => void)[] | undefined
  /** Of the emit before, while it waits to be published. */
  #before: Promise<void> | undefined

  constructor(own: EmitterParts) {
    this.#own = own
  }

  readonly onEmit = (emit: Emit): Promise<void> => {
    switch (emit.kind) {
      case 'data':
        return this.#send(emit.message)
      case 'error':
        return this.#note('error', () => this.#failures.push(emit.failure))
      case 'rebound':
        return this.#note('rebound', () => (this.#rebound = emit.reason))
      case 'snapshot':
        return this.#onSnapshot({ kind: 'replace', value: emit.value })
      case 'updateSnapshot':
        return this.#onSnapshot({ kind: 'merge', value: emit.value })
      case 'httpReply':
        return answer(this.#own.parts, this.#own.job.delivery.message.headers, responseOf(emit.reply)) ?? safe
      case 'updateKeys':
        this.#warn('updateKeys ignored: no credential writer')
        return safe
    }
  }

  /** Something that was emitted is not safe yet. */
  get isOpen(): boolean {
    return this.#open > 0
  }

  /** Resolves when everything emitted so far is safe. */
  drained(): Promise<void> {
    if (this.#open === 0) return safe
    return new Promise((resolve) => (this.#onDrained ??= []).push(resolve))
  }

  /** Closes the book: from now on emits are late ones, with fresh ids, and no longer part of what settles the message. */
  close(): Ledger {
    const { emitted, children } = this.#outputs ?? nothing
    this.#outputs = undefined
    this.#isLate = true
    return {
      emitted,
      children,
      failures: this.#failures,
      rebound: this.#rebound,
      snapshotChanges: this.#changes,
      broken: this.#broken,
    }
  }

  onBlocked(queue: string): void {
    const { parts, job, lane } = this.#own
    this.#blockedAt = parts.clock.now()
    const target = job.active.stageOfQueue(queue)
    // Only what the same child would have to make room for can wait for this call.
    const isOwn = target !== undefined && job.active.step(target.name)?.sharedChild === job.step.sharedChild
    this.#blockedLane = isOwn ? lane : undefined
    if (this.#blockedLane !== undefined) this.#blockedLane.blocked += 1
  }

  onFree(): void {
    if (this.#blockedLane !== undefined) this.#blockedLane.blocked -= 1
    this.#blockedLane = undefined
    this.#blockedAt = undefined
  }

  mustGoOn(): boolean {
    const { parts } = this.#own
    // One message at a time: it may be a source, and the others end sooner.
    if (this.#blockedLane !== undefined && isDeadlocked(this.#blockedLane)) return true
    const now = parts.clock.now()
    if (now >= this.#waitsUntil()) return true
    const isPatient = this.#blockedAt === undefined || now - this.#blockedAt < starvingMs
    // For the rest of the call, since its place is free only when it ends.
    if (!isPatient && parts.host.stats().starving > 0) this.#isFreed = true
    return this.#isFreed
  }

  get #isSettled(): boolean {
    return this.#isLate || this.#own.isDetached === true
  }

  /** A delivery that is kept too long takes its whole channel with it. */
  #waitsUntil(): number {
    const { startedAtMs: deliveredAtMs, plan } = this.#own.job
    if (this.#isSettled) return Number.POSITIVE_INFINITY
    return waitsUntil({ deliveredAtMs, timeoutMs: plan.timeoutSeconds * 1000 })
  }

  #send(message: Buffer): Promise<void> {
    const confirms: Promise<void>[] = []
    const start = (): Promise<void> | undefined => this.#publish(message, confirms)
    let started: Promise<void> | undefined
    try {
      started = this.#before === undefined ? start() : this.#before.then(start)
    } catch (error) {
      this.#blame(error)
      return Promise.reject(error)
    }
    if (started === undefined && confirms.length === 0) return safe
    if (started !== undefined) this.#follow(started)
    return this.#whenSafe(started, confirms)
  }

  #publish(message: Buffer, confirms: Promise<void>[]): Promise<void> | undefined {
    const { parts, job } = this.#own
    const limit = parts.limits.messageBytes
    if (message.length > limit) throw new PermanentError('MessageTooLarge', tooLargeText(message.length, limit))
    const start = leave({ ...standingOf(job), route: 'emit' }, job.step, payloadFromBytes(message))
    const outcomes = walkStage(walkOf(job, parts), start)
    const writing = { confirms, waiter: this }
    if (!(outcomes instanceof Promise)) return writeAll(this.#openOutputs(), outcomes, writing)
    return outcomes.then((walked) => writeAll(this.#openOutputs(), walked, writing))
  }

  #openOutputs(): Outputs {
    const { parts, lasting, backlog, job } = this.#own
    const ids = job.plan.function.emits === 'one' ? 'route' : 'content'
    this.#outputs ??= openOutputs({
      parts,
      backlog,
      job,
      ids: this.#isLate ? 'fresh' : ids,
      lasting: this.#isSettled ? lasting : undefined,
    })
    return this.#outputs
  }

  /** What is emitted next is published after this, whatever becomes of it. */
  #follow(started: Promise<void>): void {
    const done: Promise<void> = started.then(noop, noop).then(() => {
      if (this.#before === done) this.#before = undefined
    })
    this.#before = done
  }

  #whenSafe(started: Promise<void> | undefined, confirms: readonly Promise<void>[]): Promise<void> {
    this.#open += 1
    const [only] = confirms
    // As it mostly is: published at once, and one message of it.
    const isOne = started === undefined && confirms.length === 1 && only !== undefined
    const all: Promise<unknown> = isOne ? only : (started ?? safe).then(() => Promise.all(confirms))
    return all.then(
      () => this.#endOne(),
      (error: unknown) => this.#onUnsafe(confirms, error),
    )
  }

  async #onUnsafe(confirms: readonly Promise<void>[], error: unknown): Promise<never> {
    this.#blame(error)
    await Promise.allSettled(confirms)
    this.#endOne()
    throw error
  }

  #endOne(): void {
    this.#open -= 1
    if (this.#open === 0) this.#tellDrained()
  }

  #tellDrained(): void {
    const waiting = this.#onDrained ?? []
    this.#onDrained = undefined
    for (const resolve of waiting) resolve()
  }

  #blame(error: unknown): void {
    if (this.#isLate) return this.#warn('late emit lost: it could not be published', error)
    this.#refused ??= error
    if (error instanceof PermanentError) this.#failures.push({ ...failureOf(error), permanent: true })
    else this.#broken ??= error
  }

  #note(kind: 'error' | 'rebound', write: () => void): Promise<void> {
    if (this.#isLate) this.#warn(`late ${kind} ignored: its message was settled before`)
    else write()
    return safe
  }

  async #onSnapshot(change: SnapshotChanges[number]): Promise<void> {
    if (this.#isLate) return this.#warn('late snapshot ignored: its message was settled before')
    this.#changes.push(change)
    const { onCheckpoint } = this.#own
    if (onCheckpoint === undefined) return
    await this.drained()
    // A snapshot that is ahead of a message which is nowhere would lose it: the next call begins behind it.
    if (this.#refused !== undefined) throw this.#refused
    const changes = this.#changes.splice(0)
    try {
      await onCheckpoint(changes)
    } catch (error) {
      // What is not written yet is the settlement's to write.
      this.#changes.unshift(...changes)
      throw error
    }
  }

  #warn(text: string, err?: unknown): void {
    const { parts, job } = this.#own
    const labels = { flow: job.active.plan.flow.name, step: job.plan.name }
    parts.log.warn(err === undefined ? labels : { ...labels, err }, text)
  }
}

function noop(): void {}
