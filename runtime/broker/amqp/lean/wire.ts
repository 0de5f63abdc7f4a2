import type { Socket } from 'node:net'
import type { AmqpServer } from '../amqp-link.ts'
import type { LinkFailure } from '../connect-error.ts'
import { frameParser, type Frame, type FrameParser } from './frame-parser.ts'
import type { HeartbeatLook } from './heartbeat.ts'
import { openSocket } from './open-socket.ts'
import { openOutbox, takePieces, type Outbox } from './outbox.ts'
import { WireError } from './wire-error.ts'

export interface WireEvents {
  readonly onFrame: (frame: Frame) => void
  /** Once, and not after an own `end`. */
  readonly onEnd: (failure: LinkFailure) => void
}

/** How long a peer may take to read our last words. */
const lastWordsMs = 1000

/** A socket that speaks frames. */
export class Wire {
  readonly outbox: Outbox = openOutbox()
  readonly #socket: Socket
  readonly #parser: FrameParser
  readonly #onEnd: (failure: LinkFailure) => void
  #isPlanned = false
  #isEnded = false
  #hasRead = false
  #hasWritten = false

  /** Begins to connect. */
  constructor(server: AmqpServer, { onFrame, onEnd }: WireEvents) {
    this.#parser = frameParser(onFrame)
    this.#onEnd = onEnd
    this.#socket = openSocket(server)
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    this.#socket.on('error', (error) => this.#lose({ kind: 'socket', error }))
    this.#socket.on('close', () => this.#lose({ kind: 'socket' }))
  }

  /** What the outbox holds at the end of this turn of the loop is sent then, in one write. */
  sendSoon(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    setImmediate(this.#flush)
  }

  /** What has gone on since the last look. */
  look(): HeartbeatLook {
    const seen = { hasRead: this.#hasRead, hasWritten: this.#hasWritten }
    this.#hasRead = false
    this.#hasWritten = false
    return seen
  }

  /** Sends what waits and hangs up, by force when the peer does not take it. Safe to repeat. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#flush()
    this.#socket.destroySoon()
    // Not the socket's own time-out: what the peer goes on sending would put it off.
    setTimeout(() => this.#socket.destroy(), lastWordsMs).unref()
  }

  /** One closure for all turns. */
  readonly #flush = (): void => {
    this.#isPlanned = false
    const pieces = takePieces(this.outbox)
    if (pieces.length === 0 || !this.#socket.writable) return
    this.#hasWritten = true
    writeAll(this.#socket, pieces)
  }

  #onData(chunk: Buffer): void {
    this.#hasRead = true
    if (this.#isEnded) return
    try {
      this.#parser.push(chunk)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#lose({ kind: 'protocol', detail: error.message })
    }
  }

  #lose(failure: LinkFailure): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.destroy()
    this.#onEnd(failure)
  }
}

function writeAll(socket: Socket, pieces: readonly Buffer[]): void {
  if (pieces.length > 1) socket.cork()
  // What the peer does not take yet lies here: who publishes bounds what is unconfirmed.
  for (const piece of pieces) socket.write(piece)
  if (pieces.length > 1) socket.uncork()
}
