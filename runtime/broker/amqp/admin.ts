import type { Channel } from 'amqplib'
import type { CancelTimer, Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { PermanentError, TransientError } from '../../error.ts'
import type { AmqpServer } from './amqp-link.ts'
import type { AmqplibConnection } from './amqplib-connection.ts'
import { amqplibError, connectAmqplib, isLate, openAmqplibChannel, withinMs } from './amqplib-connection.ts'
import { serverName } from './connect-error.ts'
import { backoffMs } from './decide/backoff.ts'
import { serverProblem } from './decide/server-version.ts'

/** Calls to the server that declare, ask and delete: one by one, on a connection that is opened when it is needed. */
export interface Admin {
  /**
   * Tries again while the server cannot be reached, until the time is up: the work must be safe to repeat.
   *
   * @throws {PermanentError} what trying again does not change
   * @throws {TransientError} what it has last met
   */
  readonly run: <Result>(work: (channel: Channel) => Promise<Result>, patienceMs?: number) => Promise<Result>
  /** The connection that the work runs on, which then stays open; opened when it is not. */
  readonly connection: () => Promise<AmqplibConnection>
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface AdminParts {
  readonly server: AmqpServer
  readonly clock: Clock
  readonly random: () => number
  readonly patienceMs: number
  /** After so long without work the connection is closed; kept when absent. */
  readonly idleMs?: number
  /** Told when the connection is lost. */
  readonly onLost?: (error: PermanentError | TransientError) => void
}

const answerMs = 20_000

export function openAdmin(parts: AdminParts): Admin {
  const line = new AdminLine(parts)
  let last: Promise<unknown> = Promise.resolve()
  return {
    run: (work, patienceMs = parts.patienceMs) => {
      // Counted from the call: those who stand in line do not each wait anew.
      const until = parts.clock.now() + patienceMs
      const result = last.then(() => line.run(work, until))
      last = result.catch(() => undefined)
      return result
    },
    connection: () => line.connection(),
    close: () => line.close(),
  }
}

class AdminLine {
  readonly #parts: AdminParts
  #connection: Promise<AmqplibConnection> | undefined
  #channel: Channel | undefined
  #cancelIdle: CancelTimer | undefined
  readonly #closing = new AbortController()

  constructor(parts: AdminParts) {
    this.#parts = parts
  }

  async run<Result>(work: (channel: Channel) => Promise<Result>, until: number): Promise<Result> {
    const { clock, random } = this.#parts
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#attempt(work)
      } catch (error) {
        const waitMs = backoffMs(failures, random())
        if (error instanceof PermanentError || clock.now() + waitMs > until) throw error
        await sleep(clock, waitMs, this.#closing.signal).catch(() => undefined) // the next attempt sees that it is closed
      } finally {
        this.#armIdle()
      }
    }
  }

  connection(): Promise<AmqplibConnection> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined
      throw error
    })
    return this.#connection
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#disconnect()
  }

  async #attempt<Result>(work: (channel: Channel) => Promise<Result>): Promise<Result> {
    const { server } = this.#parts
    this.#cancelIdle?.()
    if (this.#closing.signal.aborted) throw new TransientError('BrokerClosed', 'the broker is closed')
    const { model, destroy } = await this.connection()
    try {
      // An error closes the channel; a call on one that is closed would fail for no reason of its own.
      this.#channel ??= await openAmqplibChannel(model, this.#dropChannel).catch(this.#dropConnection)
      return await withinMs(answerMs, work(this.#channel))
    } catch (error) {
      this.#dropChannel()
      if (isLate(error)) destroy()
      if (isLate(error)) this.#connection = undefined
      throw amqplibError(server, error)
    }
  }

  readonly #dropChannel = (): void => {
    this.#channel = undefined
  }

  async #connect(): Promise<AmqplibConnection> {
    const { server, onLost } = this.#parts
    const connection = await connectAmqplib(server, (error) => {
      this.#connection = undefined
      this.#channel = undefined
      onLost?.(error)
    })
    const problem = serverProblem(connection.model.connection.serverProperties)
    if (problem !== undefined) {
      connection.destroy()
      throw new PermanentError('BrokerTooOld', `${serverName(server)} ${problem}`)
    }
    return connection
  }

  readonly #dropConnection = (error: unknown): never => {
    this.#connection = undefined
    throw error
  }

  #armIdle(): void {
    const { clock, idleMs } = this.#parts
    this.#cancelIdle?.()
    if (idleMs !== undefined) this.#cancelIdle = clock.setTimer(idleMs, () => void this.#disconnect())
  }

  async #disconnect(): Promise<void> {
    this.#cancelIdle?.()
    const connection = this.#connection
    this.#connection = undefined
    this.#channel = undefined
    await connection?.then(({ close }) => close()).catch(() => undefined) // one that was never open is closed
  }
}
