import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { PermanentError, TransientError } from '../../error.ts'
import type { BrokerHealth } from '../broker.ts'
import { backoffMs } from './decide/backoff.ts'

/** One of the connections that live and die together. */
export interface SessionLink {
  readonly close: () => Promise<void>
}

/** How to open one of them, and what to do when it is open. */
export interface LinkKind {
  /**
   * @param lose to be called when it is lost
   * @param isWanted false when another was lost while this one was being opened: it is closed, and nobody is to use it
   */
  readonly open: (lose: (error: Error) => void, isWanted: () => boolean) => Promise<SessionLink>
}

export interface SessionParts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  readonly serverName: string
  /** Before any link is opened, after every loss: what must stand on the server. */
  readonly prepare: () => Promise<void>
  /** Nothing of before the loss is valid. */
  readonly onLost: (error: TransientError) => void
  readonly onHealth: () => void
}

type Phase =
  | { readonly kind: 'connecting'; readonly since: number; readonly reason: string }
  | { readonly kind: 'up' }
  | { readonly kind: 'closed' }

/**
 * Keeps the links that are wanted open, for ever: when one is lost all are closed, and after a pause opened again.
 * A link is wanted from the first time that it was needed.
 */
export class LinkSession {
  readonly #parts: SessionParts
  readonly #wanted = new Set<LinkKind>()
  readonly #open = new Map<LinkKind, Promise<SessionLink>>()
  readonly #closing = new AbortController()
  #phase: Phase
  /** Of a link that was lost while others were still being opened. */
  #lostEarly: Error | undefined
  /** Rises with each loss: what belongs to an earlier one is over. */
  #round = 0
  #toldReason: string | undefined
  #wasUp = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    const reason = `${parts.serverName} has not been reached yet`
    this.#phase = { kind: 'connecting', since: parts.clock.now(), reason }
  }

  get health(): Exclude<BrokerHealth, { kind: 'blocked' }> {
    if (this.#phase.kind === 'up') return { kind: 'ready' }
    if (this.#phase.kind === 'connecting') return this.#phase
    return { kind: 'connecting', since: this.#parts.clock.now(), reason: 'the broker is closed' }
  }

  /** Why nothing works now. */
  get reason(): string {
    if (this.#phase.kind === 'connecting') return this.#phase.reason
    return `${this.#parts.serverName} is ${this.#phase.kind === 'up' ? 'being connected to' : 'closed'}`
  }

  /**
   * Connects, trying again where that can help.
   *
   * @param failsOn errors that end it
   */
  async start(failsOn: (error: unknown) => boolean, signal?: AbortSignal): Promise<void> {
    const stop = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    await this.#connect(failsOn, stop)
  }

  /** Opens it now if there is a connection to be had, and after every loss. */
  want(kind: LinkKind): void {
    this.#wanted.add(kind)
    if (this.#phase.kind === 'up') void this.#openLink(kind).catch((error: unknown) => this.lose(error))
  }

  /** Everything is closed, and opened again. */
  lose(error: unknown): void {
    if (this.#phase.kind !== 'up') return
    const { clock, onLost, onHealth } = this.#parts
    const reason = textOf(error)
    this.#phase = { kind: 'connecting', since: clock.now(), reason }
    this.#round += 1
    this.#tell(reason)
    void this.#closeAll()
    onLost(new TransientError('BrokerConnectionLost', reason, { cause: error }))
    onHealth()
    void this.#reconnect()
  }

  async close(): Promise<void> {
    if (this.#phase.kind === 'closed') return
    this.#phase = { kind: 'closed' }
    this.#closing.abort(new TransientError('BrokerClosed', 'the broker is closed'))
    await this.#closeAll()
  }

  async #reconnect(): Promise<void> {
    try {
      await this.#connect(() => false, this.#closing.signal)
    } catch (err) {
      // Only closing ends it.
      if (!this.#closing.signal.aborted) this.#parts.log.error({ err }, 'broker is no longer connected to')
    }
  }

  async #connect(failsOn: (error: unknown) => boolean, signal: AbortSignal): Promise<void> {
    const { clock, random, log, serverName } = this.#parts
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted()
      try {
        await this.#attempt()
        if (this.#toldReason !== undefined) log.info({ broker: serverName }, 'broker connected')
        this.#toldReason = undefined
        return
      } catch (error) {
        this.#round += 1
        await this.#closeAll()
        signal.throwIfAborted()
        this.#parts.onLost(new TransientError('BrokerConnectionLost', textOf(error), { cause: error }))
        this.#note(error)
        if (failsOn(error)) throw error
      }
      await sleep(clock, backoffMs(failures, random()), signal)
    }
  }

  async #attempt(): Promise<void> {
    this.#round += 1
    this.#lostEarly = undefined
    // Nothing is consumed or published before the first time: no link needs what is being prepared.
    if (!this.#wasUp) void Promise.allSettled(this.#openWanted())
    await this.#parts.prepare()
    // Together: what one of them does when it is open may need another.
    await Promise.all(this.#openWanted())
    this.#closing.signal.throwIfAborted()
    if (this.#lostEarly !== undefined) throw this.#lostEarly
    this.#phase = { kind: 'up' }
    this.#wasUp = true
    // Wanted while the others were being opened.
    for (const kind of this.#wanted) this.want(kind)
    this.#parts.onHealth()
  }

  #openWanted(): readonly Promise<SessionLink>[] {
    return [...this.#wanted].map((kind) => this.#openLink(kind))
  }

  #openLink(kind: LinkKind): Promise<SessionLink> {
    const known = this.#open.get(kind)
    if (known !== undefined) return known
    const round = this.#round
    const isWanted = (): boolean => round === this.#round
    const lose = (error: Error): void => {
      if (!isWanted()) return
      if (this.#phase.kind === 'up') this.lose(error)
      else this.#lostEarly ??= error
    }
    const opened = kind.open(lose, isWanted)
    this.#open.set(kind, opened)
    return opened
  }

  async #closeAll(): Promise<void> {
    const links = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(links.map((link) => link.then(({ close }) => close()).catch(() => undefined))) // one that never opened is closed
  }

  #note(error: unknown): void {
    const reason = textOf(error)
    if (this.#phase.kind === 'connecting') this.#phase = { ...this.#phase, reason }
    this.#tell(reason)
    this.#parts.onHealth()
  }

  /** Once for each reason, not for each attempt. */
  #tell(reason: string): void {
    if (reason === this.#toldReason) return
    this.#toldReason = reason
    const { log, serverName } = this.#parts
    const since = this.#phase.kind === 'connecting' ? this.#phase.since : undefined
    log.warn({ broker: serverName, reason, since }, 'broker not connected, it is tried again')
  }
}

/** What trying again does not change soon: the login, the vhost, the certificates, the version. */
export function isLasting(error: unknown): boolean {
  return error instanceof PermanentError
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
