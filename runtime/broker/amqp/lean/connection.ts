import type { CancelTimer, Clock } from '../../../clock.ts'
import { TransientError } from '../../../error.ts'
import type { AmqpServer } from '../amqp-link.ts'
import { greeting, linkError, serverName, type LinkFailure } from '../connect-error.ts'
import { callQueue, type CallQueue } from './call-queue.ts'
import { takeShortText, takeU16, takeU32, type Cursor } from './cursor.ts'
import { frameType, type Frame } from './frame-parser.ts'
import { protocolHeader, toStartOk, toTuneOkAndOpen, toTuning, type Tuning } from './handshake.ts'
import { startHeartbeat } from './heartbeat.ts'
import { method, methodName } from './method.ts'
import { put, type Outbox } from './outbox.ts'
import { heartbeatFrame, request, shortText, u16 } from './request.ts'
import { WireError } from './wire-error.ts'
import { Wire } from './wire.ts'

export interface ConnectionEvents {
  /** Once, when a connection that was ready is lost; not after an own `close`. */
  readonly onLost: (error: Error) => void
  readonly onBlocked?: (reason: string) => void
  readonly onUnblocked?: () => void
}

/** What a channel does with what the server sends unasked, in the order of arrival. Nothing comes after the channel's end. */
export interface ChannelHandler {
  /** False when such a method cannot come here. The cursor stands behind the method's number. */
  readonly onMethod: (method: number, cursor: Cursor) => boolean
  readonly onHeader: (cursor: Cursor) => void
  readonly onBody: (cursor: Cursor) => void
  /** The server has closed the channel. `wasCall`: as the answer to a call, which has been told. */
  readonly onClosed: (failure: LinkFailure, wasCall: boolean) => void
}

/** Stands for one channel; its number may be another's when it has ended. */
export interface Channel {
  readonly number: number
  readonly handler: ChannelHandler
  readonly calls: CallQueue
  state: 'open' | 'closing' | 'closed'
}

const farewell = [u16(200), shortText(''), u16(0), u16(0)]
/** How long the server may take over a farewell: a busy one reads the acknowledgements before it first, and delivers again what it has not read. */
const closeTimeoutMs = 5000

/** One TCP connection and its channels. Whatever goes wrong ends it, once, and whoever waits for an answer is told why. */
export class Connection {
  readonly outbox: Outbox
  readonly #server: AmqpServer
  readonly #events: ConnectionEvents
  readonly #clock: Clock
  readonly #wire: Wire
  /** By number; the first is the connection's own. */
  readonly #channels: (Channel | undefined)[] = []
  readonly #own: Channel
  readonly #cursor: Cursor = { bytes: protocolHeader, at: 0, end: 0 }
  readonly #timers: CancelTimer[] = []
  #tuning: Tuning = { channelMax: 0, frameMax: 0, heartbeatSeconds: 0 }
  #isReady = false
  #endedBy: Error | undefined
  #closing: Promise<void> | undefined

  /** Begins to connect. */
  constructor(server: AmqpServer, events: ConnectionEvents, clock: Clock) {
    this.#server = server
    this.#events = events
    this.#clock = clock
    this.#wire = new Wire(server, {
      onFrame: (frame) => this.#onFrame(frame),
      onEnd: (failure) => this.lose(failure),
    })
    this.outbox = this.#wire.outbox
    this.#own = this.#addChannel(0, {
      onMethod: (id, cursor) => this.#onConnectionMethod(id, cursor),
      onHeader: refuseContent,
      onBody: refuseContent,
      onClosed: (failure) => this.lose(failure),
    })
    const { connectTimeoutMs: afterMs } = server
    const onTimeout = (): void => {
      if (!this.#isReady) this.lose({ kind: 'timeout', waitingFor: greeting, afterMs })
    }
    this.#timers.push(clock.setTimer(afterMs, onTimeout))
  }

  get frameMax(): number {
    return this.#tuning.frameMax
  }

  /** Logs in and opens the vhost. */
  async handshake(): Promise<void> {
    const server = this.#server
    const start = await this.call(this.#own, method.connectionStart, protocolHeader)
    const tune = await this.call(this.#own, method.connectionTune, toStartOk(server, start))
    this.#tuning = toTuning(server, tune)
    await this.call(this.#own, method.connectionOpenOk, toTuneOkAndOpen(server, this.#tuning))
    const { heartbeatSeconds } = this.#tuning
    if (heartbeatSeconds === 0) return
    const cancel = startHeartbeat(this.#clock, heartbeatSeconds, {
      look: () => this.#wire.look(),
      sendBeat: () => this.send(heartbeatFrame),
      onDead: () => this.lose({ kind: 'silence', afterSeconds: 2 * heartbeatSeconds }),
    })
    this.#timers.push(cancel)
  }

  /** From now on its loss is an event, and not an opening that failed. @throws what it was lost by meanwhile */
  ready(): void {
    if (this.#endedBy !== undefined) throw this.#endedBy
    this.#isReady = true
  }

  /**
   * A channel that has yet to be opened.
   *
   * @throws {TransientError} `BrokerChannelsUsed`
   */
  addChannel(handler: ChannelHandler): Channel {
    const free = this.#channels.findIndex((channel) => channel === undefined)
    const number = free === -1 ? this.#channels.length : free
    if (number > this.#tuning.channelMax) {
      const message = `${serverName(this.#server)} allows ${this.#tuning.channelMax} channels a connection; all are used`
      throw new TransientError('BrokerChannelsUsed', message)
    }
    return this.#addChannel(number, handler)
  }

  async openChannel(channel: Channel): Promise<void> {
    await this.call(channel, method.channelOpenOk, request(channel.number, method.channelOpen, shortText('')))
  }

  /** Safe to repeat. */
  async closeChannel(channel: Channel): Promise<void> {
    if (!this.isOpen(channel)) return
    channel.state = 'closing'
    await this.call(channel, method.channelCloseOk, request(channel.number, method.channelClose, ...farewell))
    this.#forget(channel)
  }

  isOpen(channel: Channel): boolean {
    return this.#endedBy === undefined && channel.state === 'open'
  }

  /** What is in the outbox goes out at the end of this turn. */
  sendSoon(): void {
    this.#wire.sendSoon()
  }

  send(frames: Buffer): void {
    put(this.outbox, frames)
    this.sendSoon()
  }

  /** Sends, and resolves with what stands in the answer. */
  call(channel: Channel, answer: number, frames: Buffer): Promise<Buffer> {
    if (this.#endedBy !== undefined) return Promise.reject(this.#endedBy)
    if (channel.state === 'closed') return Promise.reject(linkError(this.#server, { kind: 'closed' }))
    this.send(frames)
    return channel.calls.wait(answer)
  }

  /** Safe to repeat; resolves when nothing more comes, within 5 s even if the server does not answer. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Ends it now. Only the first failure counts. */
  lose(failure: LinkFailure): void {
    this.end(linkError(this.#server, failure))
  }

  end(error: Error): void {
    if (this.#endedBy !== undefined) return
    this.#endedBy = error
    for (const cancel of this.#timers) cancel()
    this.#wire.end()
    for (const channel of this.#channels) channel?.calls.fail(error)
    if (this.#isReady && this.#closing === undefined) this.#events.onLost(error)
  }

  async #close(): Promise<void> {
    if (this.#endedBy !== undefined) return
    const closed = linkError(this.#server, { kind: 'closed' })
    this.#timers.push(this.#clock.setTimer(closeTimeoutMs, () => this.end(closed)))
    // However it ends: answered, timed out or lost, it is closed.
    await this.call(this.#own, method.connectionCloseOk, request(0, method.connectionClose, ...farewell)).catch(
      () => {},
    )
    this.end(closed)
  }

  #addChannel(number: number, handler: ChannelHandler): Channel {
    const { connectTimeoutMs: timeoutMs } = this.#server
    const onTimeout = (answer: number): void =>
      this.lose({ kind: 'timeout', waitingFor: methodName(answer), afterMs: timeoutMs })
    const calls = callQueue(this.#clock, { timeoutMs, onTimeout })
    const channel: Channel = { number, handler, calls, state: 'open' }
    this.#channels[number] = channel
    return channel
  }

  #forget(channel: Channel): void {
    channel.state = 'closed'
    this.#channels[channel.number] = undefined
  }

  #onFrame(frame: Frame): void {
    if (this.#endedBy !== undefined || frame.type === frameType.heartbeat) return
    const channel = this.#channels[frame.channel]
    if (channel === undefined) throw new WireError(`a frame for channel ${frame.channel}, which is not open`)
    const cursor = this.#cursor
    cursor.bytes = frame.bytes
    cursor.at = frame.start
    cursor.end = frame.end
    // Nobody is told of what comes after an own close.
    const isDeaf = channel.state !== 'open' || (this.#closing !== undefined && channel !== this.#own)
    if (frame.type === frameType.method) this.#onMethod(channel, isDeaf)
    else if (isDeaf) return
    else if (frame.type === frameType.header) channel.handler.onHeader(cursor)
    else channel.handler.onBody(cursor)
  }

  #onMethod(channel: Channel, isDeaf: boolean): void {
    const cursor = this.#cursor
    const id = takeU32(cursor)
    if (!isDeaf && channel.handler.onMethod(id, cursor)) return
    if (channel.calls.answer(id, cursor)) return
    if (id === method.channelClose) this.#onChannelClose(channel)
    else if (!isDeaf) throw new WireError(`${methodName(id)} on channel ${channel.number}, where it cannot be`)
  }

  #onChannelClose(channel: Channel): void {
    const failure = takeReply(this.#cursor)
    this.send(request(channel.number, method.channelCloseOk))
    // Both closed at once: the answer to ours is still to come.
    if (channel.state === 'closing' || this.#closing !== undefined) return
    this.#forget(channel)
    const wasCall = channel.calls.isWaiting()
    channel.calls.fail(linkError(this.#server, failure))
    channel.handler.onClosed(failure, wasCall)
  }

  #onConnectionMethod(id: number, cursor: Cursor): boolean {
    if (id === method.connectionBlocked) this.#events.onBlocked?.(takeShortText(cursor))
    else if (id === method.connectionUnblocked) this.#events.onUnblocked?.()
    else if (id === method.connectionClose) {
      const failure = takeReply(cursor)
      this.send(request(0, method.connectionCloseOk))
      this.lose(failure)
    } else return false
    return true
  }
}

function takeReply(cursor: Cursor): LinkFailure {
  return { kind: 'reply', code: takeU16(cursor), text: takeShortText(cursor) }
}

function refuseContent(): never {
  throw new WireError('a message on channel 0')
}
