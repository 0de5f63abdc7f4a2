import type { CancelTimer, Clock } from '../../clock.ts'
import { PermanentError, TransientError } from '../../error.ts'
import type { NumberTable } from '../../number-table.ts'
import { emptyTable, putAt, removeAt, valueAt, valuesOf } from '../../number-table.ts'
import type { RingDeque } from '../../ring-deque.ts'
import { emptyDeque, peekFirst, pushLast, shiftFirst } from '../../ring-deque.ts'
import type { WireMessage } from '../../wire/message.ts'
import type { PublishOutcome } from '../broker.ts'
import type { PublisherEvents, PublisherLink } from './amqp-link.ts'
import { encodeHeaders } from './decide/message-headers.ts'

export interface PublishLimits {
  /** Unconfirmed at a time; what comes beyond waits. */
  readonly messages: number
  readonly bytes: number
  /** How long a publish waits while there is no connection, or while the server takes nothing. */
  readonly patienceMs: number
  /** After it a confirm is taken for lost. */
  readonly confirmMs: number
}

export interface PipeParts {
  readonly clock: Clock
  readonly limits: PublishLimits
  readonly fireAndForget: boolean
  /** Asked for when there is something to publish and no link. */
  readonly wantLink: () => void
  /** A confirm has not come in time: the link is not to be trusted any more. */
  readonly onStuck: (error: TransientError) => void
  /** Why nothing can be published now, for whoever has waited too long. */
  readonly reason: () => string
}

/** A publish from the call to its confirm. */
interface Publish {
  readonly exchange: string
  readonly routingKey: string
  readonly message: WireMessage
  readonly headers: string
  readonly resolve: (outcome: PublishOutcome) => void
  readonly reject: (error: Error) => void
  /** When it was asked for; once it is sent, when that was. */
  since: number
  isReturned: boolean
}

const mostHeaderCharacters = 4096
/** What AMQP counts with one byte. */
const mostNameBytes = 255

/** Publishes on whatever link there is, and knows what is unconfirmed on it. */
export class PublishPipe implements Omit<PublisherEvents, 'onLost'> {
  readonly #parts: PipeParts
  readonly #waiting: RingDeque<Publish> = emptyDeque()
  /** By number. */
  #unconfirmed: NumberTable<Publish> = emptyTable()
  #bytes = 0
  /** Number of the last that was sent on this link; they count from 1. */
  #sent = 0
  /** All before this one are confirmed. */
  #oldest = 1
  #link: PublisherLink | undefined
  #blockedAt: number | undefined
  /** Since when publishing is, or is not, possible. */
  #turnedAt: number
  #cancelPatience: CancelTimer | undefined
  #cancelConfirm: CancelTimer | undefined

  constructor(parts: PipeParts) {
    this.#parts = parts
    this.#turnedAt = parts.clock.now()
  }

  get blockedAt(): number | undefined {
    return this.#blockedAt
  }

  publish(exchange: string, routingKey: string, message: WireMessage): Promise<PublishOutcome> {
    const headers = encodeHeaders(message.headers)
    const problem = formProblem(routingKey, message.id, headers)
    if (problem !== undefined) return Promise.reject(problem)
    return new Promise((resolve, reject) => {
      const since = this.#parts.clock.now()
      const one: Publish = { exchange, routingKey, message, headers, resolve, reject, since, isReturned: false }
      if (this.#waiting.size === 0 && this.#hasRoom()) this.#send(one)
      else this.#wait(one)
    })
  }

  /** From now on on this one; what waits goes first. */
  attach(link: PublisherLink): void {
    this.#link = link
    this.#sent = 0
    this.#oldest = 1
    this.#blockedAt = undefined
    this.#turnedAt = this.#parts.clock.now()
    this.#flush()
  }

  /** The link is gone: of what is unconfirmed nobody knows; what has not been sent waits for the next one. */
  detach(error: TransientError): void {
    if (this.#link === undefined) return
    this.#link = undefined
    this.#blockedAt = undefined
    this.#turnedAt = this.#parts.clock.now()
    const lost = this.#unconfirmed
    this.#unconfirmed = emptyTable()
    this.#bytes = 0
    this.#cancelConfirm?.()
    this.#cancelConfirm = undefined
    for (const { reject } of valuesOf(lost)) reject(error)
    this.#armPatience()
  }

  /** Nothing is published any more. */
  end(error: TransientError): void {
    this.detach(error)
    this.#rejectWaiting(() => true, error)
    this.#cancelPatience?.()
  }

  onConfirm(
    number: number,
    { multiple, isAccepted }: { readonly multiple: boolean; readonly isAccepted: boolean },
  ): void {
    const last = Math.min(number, this.#sent)
    for (let at = multiple ? this.#oldest : last; at <= last; at += 1) this.#confirm(at, isAccepted)
    while (this.#oldest <= this.#sent && valueAt(this.#unconfirmed, this.#oldest) === undefined) this.#oldest += 1
    this.#flush()
  }

  onReturn(correlationId: string): void {
    const returned = valueAt(this.#unconfirmed, Number(correlationId))
    if (returned !== undefined) returned.isReturned = true
  }

  onBlocked(): void {
    this.#blockedAt ??= this.#turnedAt = this.#parts.clock.now()
    this.#armPatience()
  }

  onUnblocked(): void {
    this.#blockedAt = undefined
    this.#turnedAt = this.#parts.clock.now()
    this.#flush()
  }

  #hasRoom(): boolean {
    const { limits } = this.#parts
    if (this.#link === undefined || this.#blockedAt !== undefined) return false
    // One is always let through, however large it is.
    const { size } = this.#unconfirmed
    return size < limits.messages && (this.#bytes < limits.bytes || size === 0)
  }

  #wait(waiting: Publish): void {
    pushLast(this.#waiting, waiting)
    if (this.#link === undefined) this.#parts.wantLink()
    this.#armPatience()
  }

  #flush(): void {
    while (this.#waiting.size > 0 && this.#hasRoom()) {
      const next = shiftFirst(this.#waiting)
      if (next === undefined) return
      next.since = this.#parts.clock.now()
      this.#send(next)
    }
  }

  #send(one: Publish): void {
    const { exchange, routingKey, message, headers, resolve, reject } = one
    const link = this.#link
    if (link === undefined) return reject(new TransientError('BrokerUnavailable', this.#parts.reason()))
    const number = this.#sent + 1
    try {
      const { id: messageId, body } = message
      link.publish({ exchange, routingKey, messageId, correlationId: String(number), headers, body })
    } catch (cause) {
      // It is being closed: what ends it is told of by `onLost`.
      const reason = 'the connection was lost while a message was being published'
      return reject(new TransientError('BrokerConnectionLost', reason, { cause }))
    }
    this.#sent = number
    if (this.#parts.fireAndForget) return resolve('confirmed')
    this.#bytes += bytesOf(one)
    putAt(this.#unconfirmed, number, one)
    if (this.#cancelConfirm === undefined) this.#armConfirm(this.#parts.limits.confirmMs)
  }

  #confirm(number: number, isAccepted: boolean): void {
    const one = valueAt(this.#unconfirmed, number)
    if (one === undefined) return
    removeAt(this.#unconfirmed, number)
    this.#bytes -= bytesOf(one)
    if (!isAccepted) one.reject(new TransientError('PublishRefused', 'the server could not take the message'))
    else one.resolve(one.isReturned ? 'unroutable' : 'confirmed')
  }

  /** One timer looks at the oldest, however many there are. */
  #armConfirm(afterMs: number): void {
    this.#cancelConfirm = this.#parts.clock.setTimer(afterMs, () => {
      this.#cancelConfirm = undefined
      const oldest = valueAt(this.#unconfirmed, this.#oldest)
      if (oldest === undefined) return
      const { clock, limits, onStuck } = this.#parts
      // A clock that was set back would have it wait for as long as it was set back by.
      oldest.since = Math.min(oldest.since, clock.now())
      this.#turnedAt = Math.min(this.#turnedAt, clock.now())
      // An alarm holds confirms back, and is no fault of the connection.
      const since = this.#blockedAt === undefined ? Math.max(oldest.since, this.#turnedAt) : clock.now()
      const leftMs = since + limits.confirmMs - clock.now()
      if (leftMs > 0) return this.#armConfirm(leftMs)
      const reason = `the server has not confirmed a message within ${limits.confirmMs} ms`
      onStuck(new TransientError('BrokerConnectionLost', reason))
    })
  }

  /** While nothing can be published: whoever has waited long enough is told so. */
  #armPatience(): void {
    if (this.#cancelPatience !== undefined || !this.#isStopped()) return
    const first = peekFirst(this.#waiting)
    if (first === undefined) return
    const { clock, limits, reason } = this.#parts
    const afterMs = Math.max(first.since, this.#turnedAt) + limits.patienceMs - clock.now()
    this.#cancelPatience = clock.setTimer(Math.min(afterMs, limits.patienceMs), () => {
      this.#cancelPatience = undefined
      if (!this.#isStopped()) return
      const nowMs = clock.now()
      const isOver = ({ since }: Publish): boolean => {
        const at = Math.max(since, this.#turnedAt)
        // In the future: the clock was set back, and nobody knows how long it has waited.
        return at <= nowMs - limits.patienceMs || at > nowMs
      }
      this.#rejectWaiting(isOver, new TransientError('BrokerUnavailable', reason()))
      this.#armPatience()
    })
  }

  #isStopped(): boolean {
    return this.#link === undefined || this.#blockedAt !== undefined
  }

  #rejectWaiting(isOver: (waiting: Publish) => boolean, error: TransientError): void {
    for (let first = peekFirst(this.#waiting); first !== undefined && isOver(first); first = peekFirst(this.#waiting)) {
      shiftFirst(this.#waiting)
      first.reject(error)
    }
  }
}

function bytesOf({ message, headers }: Publish): number {
  return message.body.length + headers.length
}

/** What AMQP, or the server, would answer by closing the channel for everybody. */
function formProblem(routingKey: string, id: string, headers: string): PermanentError | undefined {
  if (headers.length > mostHeaderCharacters) {
    return new PermanentError(
      'HeadersTooLong',
      `a message's headers have ${headers.length} characters, of ${mostHeaderCharacters}`,
    )
  }
  if (isTooLong(routingKey))
    return new PermanentError('NameTooLong', `a queue's name has more than ${mostNameBytes} bytes`)
  return isTooLong(id)
    ? new PermanentError('NameTooLong', `a message's id has more than ${mostNameBytes} bytes`)
    : undefined
}

function isTooLong(name: string): boolean {
  return name.length * 3 > mostNameBytes && Buffer.byteLength(name) > mostNameBytes
}
