import type { Logger } from 'pino'
import { PermanentError, TransientError } from '../../error.ts'
import type { QueueDeclaration } from '../broker.ts'
import { deadQueue, eventsDeclaration, unroutedQueue } from '../broker.ts'
import type { Admin } from './admin.ts'
import type { AmqpServer } from './amqp-link.ts'
import { serverName, userOf } from './connect-error.ts'
import type { Topology } from './decide/plan-topology.ts'
import { joinTopologies, queueTopology, rungTopology, vhostTopology } from './decide/plan-topology.ts'
import { bindTopology, declareTopology } from './enact-topology.ts'

const vhost = vhostTopology([{ name: deadQueue }, { name: unroutedQueue }, eventsDeclaration])

/**
 * What must stand on the server as long as we are connected to it: the vhost's own, what was declared here, and the rungs that were used.
 * For a user who may not declare it is enough that another has.
 */
export class StandingTopology {
  readonly #admin: Admin
  readonly #server: AmqpServer
  readonly #log: Logger
  readonly #declareAtOnce: StandingParts['declareAtOnce']
  readonly #declared = new Map<string, QueueDeclaration>()
  /** Declared since the last connection was lost. */
  readonly #rungs = new Map<number, Promise<void>>()

  constructor(admin: Admin, { server, log, declareAtOnce }: StandingParts) {
    this.#admin = admin
    this.#server = server
    this.#log = log
    this.#declareAtOnce = declareAtOnce
  }

  /** Declares everything again; what another has changed meanwhile is told, and the rest goes on. */
  async assert(): Promise<void> {
    const all = [...[...this.#declared.values()].map(queueTopology), ...[...this.#rungs.keys()].map(rungTopology)]
    if (await this.#standsAtOnce(joinTopologies([vhost, ...all]))) return
    await this.#stand(vhost, 0)
    try {
      await this.#declareAll(all, 0)
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error
      for (const one of all) await this.#assertOne(one)
    }
  }

  async declare(declarations: readonly QueueDeclaration[]): Promise<void> {
    const all = declarations.map(queueTopology)
    try {
      await this.#declareAll(all)
    } catch (error) {
      if (!isRefused(error)) throw error
      // One by one: which of them may not be declared is not told.
      for (const one of all) await this.#stand(one)
    }
    for (const declaration of declarations) this.#declared.set(declaration.name, declaration)
  }

  /** It is not declared again. */
  forget(queue: string): void {
    this.#declared.delete(queue)
  }

  /** Undefined when it was not declared here. */
  isSingleActive(queue: string): boolean | undefined {
    const declaration = this.#declared.get(queue)
    return declaration && declaration.singleActiveConsumer === true
  }

  /** Undefined when it stands already. */
  standRung(rungMs: number): Promise<void> | undefined {
    const known = this.#rungs.get(rungMs)
    if (known === standing) return undefined
    if (known !== undefined) return known
    const noted = this.#stand(rungTopology(rungMs)).then(
      () => void this.#rungs.set(rungMs, standing),
      (error: unknown) => {
        this.#rungs.delete(rungMs)
        throw error
      },
    )
    this.#rungs.set(rungMs, noted)
    return noted
  }

  /** False where something is in the way: one by one it is told what. */
  async #standsAtOnce(topology: Topology): Promise<boolean> {
    try {
      await this.#declareAtOnce?.(topology)
      return this.#declareAtOnce !== undefined
    } catch (error) {
      // Of a server that is not there both would tell the same.
      if (isAbsent(error)) throw error
      return false
    }
  }

  #declareAll(all: readonly Topology[], patienceMs?: number): Promise<void> {
    const topology = joinTopologies(all)
    return this.#admin.run(async (channel) => {
      await declareTopology(channel, topology)
      await bindTopology(channel, topology)
    }, patienceMs)
  }

  /** Declares and binds it; what may not be declared was bound by whoever has declared it. */
  async #stand(topology: Topology, patienceMs?: number): Promise<void> {
    try {
      await this.#admin.run((channel) => declareTopology(channel, topology), patienceMs)
    } catch (error) {
      if (!isRefused(error)) throw error
      return this.#find(topology, { refusal: error, patienceMs })
    }
    await this.#admin.run((channel) => bindTopology(channel, topology), patienceMs)
  }

  /** @throws {PermanentError} `BrokerAccessRefused`, which names what is missing */
  async #find({ exchanges, queues }: Topology, { refusal, patienceMs }: Refused): Promise<void> {
    const look = async (kind: 'exchange' | 'queue', name: string): Promise<void> => {
      try {
        await this.#admin.run(
          (channel) => (kind === 'queue' ? channel.checkQueue(name) : channel.checkExchange(name)),
          patienceMs,
        )
      } catch (error) {
        throw isMissing(error) ? this.#missing(`${kind} "${name}"`, refusal) : error
      }
    }
    for (const { name } of exchanges) await look('exchange', name)
    for (const { name } of queues) await look('queue', name)
  }

  #missing(what: string, cause: unknown): PermanentError {
    const server = this.#server
    const todo = `the user "${userOf(server)}" may not declare it; connect once with a user who may, or give this one permission to configure`
    return new PermanentError('BrokerAccessRefused', `${serverName(server)} has no ${what}, and ${todo}`, { cause })
  }

  async #assertOne(topology: Topology): Promise<void> {
    try {
      await this.#stand(topology, 0)
    } catch (err) {
      if (!(err instanceof PermanentError)) throw err
      this.#log.error({ queue: topology.queues[0]?.name, code: err.code, err }, 'queue cannot be declared again')
    }
  }
}

export interface StandingParts {
  readonly server: AmqpServer
  readonly log: Logger
  /** Undefined where it can only be done one by one. */
  readonly declareAtOnce: ((topology: Topology) => Promise<void>) | undefined
}

interface Refused {
  readonly refusal: unknown
  readonly patienceMs: number | undefined
}

const standing = Promise.resolve()

function isRefused(error: unknown): boolean {
  return error instanceof PermanentError && error.code === 'BrokerAccessRefused'
}

function isAbsent(error: unknown): boolean {
  return error instanceof TransientError && (error.code === 'BrokerUnreachable' || error.code === 'BrokerTimeout')
}

function isMissing(error: unknown): boolean {
  return error instanceof PermanentError && (error.code === 'QueueNotFound' || error.code === 'ExchangeNotFound')
}
