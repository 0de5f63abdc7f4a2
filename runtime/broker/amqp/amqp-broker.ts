import type { Channel } from 'amqplib'
import type { Logger } from 'pino'
import type { Clock } from '../../clock.ts'
import { sleep } from '../../clock.ts'
import { PermanentError, TransientError } from '../../error.ts'
import { rungFor } from '../../wire/delay-rungs.ts'
import type { WireMessage } from '../../wire/message.ts'
import type { Broker, BrokerHealth, PublishOutcome, QueueDeclaration, QueueDepth, Target } from '../broker.ts'
import { deadQueue } from '../broker.ts'
import type { Admin } from './admin.ts'
import { openAdmin } from './admin.ts'
import type { AmqpLinks, AmqpServer } from './amqp-link.ts'
import { serverName } from './connect-error.ts'
import { withinMs } from './amqplib-connection.ts'
import type { ConsumerSide } from './consumer-side.ts'
import { openConsumerSide } from './consumer-side.ts'
import { stepsExchange, rungName } from './decide/plan-topology.ts'
import { malformedMessage } from './decide/malformed-message.ts'
import { unbindQueue } from './enact-topology.ts'
import { LinkSession } from './link-session.ts'
import type { LinkKind } from './link-session.ts'
import type { AmqpLimits } from './open-amqp-broker.ts'
import { PublishPipe } from './publish-pipe.ts'
import { StandingTopology } from './standing-topology.ts'
import type { MalformedDelivery } from './subscription.ts'
import { openTemporaryQueues } from './temporary-queues.ts'
import type { TemporaryQueues } from './temporary-queues.ts'

export interface AmqpBrokerParts {
  readonly server: AmqpServer
  readonly links: AmqpLinks
  readonly limits: AmqpLimits
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  readonly onHealth: (health: BrokerHealth) => void
}

/** Between unbinding and deleting: publishers that were still bound have lost confirmed messages and their connections. */
const quietMs = 50
const buryAgainMs = 1000
/** For the channels to close one by one; their connections, which go next, have longer. */
const closeMs = 2000

/** One process's connections to a vhost: to publish, to consume, to administer, and one for its temporary queues. */
export class AmqpBroker {
  readonly #parts: AmqpBrokerParts
  readonly #admin: Admin
  readonly #standing: StandingTopology
  readonly #pipe: PublishPipe
  readonly #session: LinkSession
  readonly #consumers: ConsumerSide
  readonly #replies: ConsumerSide
  readonly #temporary: TemporaryQueues
  #isClosed = false
  #hasToldMalformed = false

  constructor(parts: AmqpBrokerParts) {
    this.#parts = parts
    const { server, links, clock, random, limits, log } = parts
    const administering = { clock, random, patienceMs: limits.patienceMs }
    this.#admin = openAdmin({ ...administering, server: named(server, 'administer'), idleMs: limits.adminIdleMs })
    this.#standing = new StandingTopology(this.#admin, {
      server,
      log,
      declareAtOnce: links.declare?.bind(links, named(server, 'declare')),
    })
    this.#pipe = this.#openPipe()
    this.#consumers = this.#openSide(this.#consumerKind)
    this.#replies = this.#openSide({ open: (...told) => this.#temporary.kind.open(...told) })
    this.#temporary = openTemporaryQueues({
      ...administering,
      server: named(server, 'replies'),
      side: () => this.#replies,
    })
    this.#session = new LinkSession({
      clock,
      random,
      log,
      serverName: serverName(server),
      prepare: () => this.#standing.assert(),
      onLost: (error) => this.#onLost(error),
      onHealth: this.#tellHealth,
    })
  }

  /** @param isEager opens the connections to publish and to consume now, and not when they are first needed */
  start(failsOn: (error: unknown) => boolean, signal: AbortSignal | undefined, isEager: boolean): Promise<void> {
    if (isEager) for (const kind of [this.#consumerKind, this.#publisherKind]) this.#session.want(kind)
    return this.#session.start(failsOn, signal)
  }

  readonly close = async (): Promise<void> => {
    if (this.#isClosed) return
    this.#isClosed = true
    // What they do not get done goes with their connections.
    await withinMs(closeMs, Promise.all([this.#consumers.close(), this.#replies.close()])).catch(() => undefined)
    this.#pipe.end(closedError())
    await this.#session.close()
    await this.#admin.close()
  }

  readonly port: Broker = {
    declareQueues: (declarations) => this.#whileOpen(() => this.#declare(declarations)),
    publish: (target, message) => this.#publish(target, message),
    consume: (queue, options, onDelivery) =>
      this.#whileOpen(() => this.#sideOf(queue).consume(queue, options, onDelivery)),
    depth: (queue) => this.#whileOpen(() => this.#depth(queue)),
    unbindQueue: (queue) => this.#whileOpen(() => this.#unbind(queue)),
    deleteQueue: (queue) => this.#whileOpen(() => this.#delete(queue)),
    health: () => this.#health(),
    close: this.close,
  }

  async #whileOpen<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw closedError()
    return work()
  }

  #publish(target: Target, message: WireMessage): Promise<PublishOutcome> {
    if (this.#isClosed) return Promise.reject(closedError())
    if (target.kind === 'queue') return this.#pipe.publish(stepsExchange, target.queue, message)
    const { queue, delayMs } = target
    if (!(delayMs >= 0 && delayMs < Infinity)) {
      return Promise.reject(new RangeError(`a delay is 0 ms or more, not ${delayMs}`))
    }
    const rungMs = rungFor(delayMs)
    const park = (): Promise<PublishOutcome> => this.#pipe.publish(rungName(rungMs), queue, message)
    return this.#standing.standRung(rungMs)?.then(park) ?? park()
  }

  async #declare(declarations: readonly QueueDeclaration[]): Promise<void> {
    const lasting = declarations.filter(({ temporary }) => temporary !== true)
    const passing = declarations.filter(({ temporary }) => temporary === true)
    if (lasting.length > 0) await this.#standing.declare(lasting)
    if (passing.length > 0) await this.#temporary.declare(passing)
  }

  async #depth(queue: string): Promise<QueueDepth | undefined> {
    try {
      const { messageCount: ready, consumerCount: consumers } = await this.#run(queue, (channel) =>
        channel.checkQueue(queue),
      )
      return { ready, consumers }
    } catch (error) {
      if (error instanceof PermanentError && error.code === 'QueueNotFound') return undefined
      throw error
    }
  }

  async #unbind(queue: string): Promise<void> {
    this.#standing.forget(queue)
    await this.#run(queue, (channel) => unbindQueue(channel, queue))
  }

  async #delete(queue: string): Promise<void> {
    await this.#unbind(queue)
    await sleep(this.#parts.clock, quietMs)
    await this.#run(queue, (channel) => channel.deleteQueue(queue))
    this.#temporary.forget(queue)
  }

  /** On the connection that may. */
  #run<Result>(queue: string, work: (channel: Channel) => Promise<Result>): Promise<Result> {
    return this.#temporary.has(queue) ? this.#temporary.run(work) : this.#admin.run(work)
  }

  #sideOf(queue: string): ConsumerSide {
    return this.#temporary.has(queue) ? this.#replies : this.#consumers
  }

  #health(): BrokerHealth {
    const health = this.#session.health
    const { blockedAt } = this.#pipe
    if (health.kind !== 'ready' || blockedAt === undefined) return health
    return { kind: 'blocked', since: blockedAt, reason: this.#reason() }
  }

  #reason(): string {
    if (this.#pipe.blockedAt === undefined) return this.#session.reason
    return `${serverName(this.#parts.server)} takes no messages: an alarm of its memory or disk; free some, or raise the limit`
  }

  readonly #tellHealth = (): void => {
    if (!this.#isClosed) this.#parts.onHealth(this.#health())
  }

  #onLost(error: TransientError): void {
    this.#consumers.detach()
    this.#replies.detach()
    this.#pipe.detach(error)
  }

  #openPipe(): PublishPipe {
    const { clock, limits, server } = this.#parts
    return new PublishPipe({
      clock,
      limits,
      fireAndForget: server.fireAndForget === true,
      wantLink: () => this.#session.want(this.#publisherKind),
      onStuck: (error) => this.#session.lose(error),
      reason: () => this.#reason(),
    })
  }

  #openSide(kind: LinkKind): ConsumerSide {
    const { clock, random, log, limits, server } = this.#parts
    return openConsumerSide({
      clock,
      random,
      log,
      patienceMs: limits.patienceMs,
      fireAndForget: server.fireAndForget === true,
      wantLink: () => this.#session.want(kind),
      reason: () => this.#reason(),
      isSingleActive: (queue) => this.#temporary.isSingleActive(queue) ?? this.#standing.isSingleActive(queue),
      isThere: async (queue) => (await this.#depth(queue)) !== undefined,
      onMalformed: (malformed) => this.#onMalformed(malformed),
    })
  }

  readonly #publisherKind: LinkKind = {
    open: async (onLost, isWanted) => {
      const { links, server, log } = this.#parts
      const pipe = this.#pipe
      const link = await links.openPublisher(named(server, 'publish'), {
        onLost,
        onConfirm: (number, confirm) => pipe.onConfirm(number, confirm),
        onReturn: (correlationId) => pipe.onReturn(correlationId),
        onBlocked: (reason) => {
          if (!isWanted()) return
          pipe.onBlocked()
          log.warn({ broker: serverName(server), reason }, 'broker takes no messages')
          this.#tellHealth()
        },
        onUnblocked: () => {
          if (!isWanted()) return
          pipe.onUnblocked()
          log.info({ broker: serverName(server) }, 'broker takes messages again')
          this.#tellHealth()
        },
      })
      if (isWanted()) pipe.attach(link)
      return link
    },
  }

  readonly #consumerKind: LinkKind = {
    open: async (onLost, isWanted) => {
      const { links, server } = this.#parts
      const link = await links.openConsumer(named(server, 'consume'), { onLost })
      if (isWanted()) this.#consumers.attach(link)
      return link
    },
  }

  /** The recorder keeps what is not of a message's form; for it alone, it is given one. */
  #onMalformed({ queue, raw, reason, ack, requeue }: MalformedDelivery): WireMessage | undefined {
    const { clock, log } = this.#parts
    const letter = malformedMessage({ queue, messageId: raw.messageId, body: raw.body, reason, nowMs: clock.now() })
    if (queue === deadQueue) return letter
    if (!this.#hasToldMalformed) log.warn({ queue, reason }, 'message cannot be read, it and its like go to `dead`')
    this.#hasToldMalformed = true
    this.#publish({ kind: 'queue', queue: deadQueue }, letter).then(
      (outcome) => (outcome === 'confirmed' ? ack() : clock.setTimer(buryAgainMs, requeue)),
      () => clock.setTimer(buryAgainMs, requeue),
    )
    return undefined
  }
}

function named(server: AmqpServer, purpose: string): AmqpServer {
  return { ...server, connectionName: `${server.connectionName} (${purpose})` }
}

function closedError(): TransientError {
  return new TransientError('BrokerClosed', 'the broker is closed')
}
