import type { Logger } from 'pino'
import { PermanentError } from '../../error.ts'
import type { QueueDeclaration } from '../broker.ts'
import { deadQueue, eventsDeclaration, unroutedQueue } from '../broker.ts'
import type { Admin } from './admin.ts'
import type { Topology } from './decide/plan-topology.ts'
import { joinTopologies, queueTopology, rungTopology, vhostTopology } from './decide/plan-topology.ts'
import { checkTopology, declareTopology } from './enact-topology.ts'

const vhost = vhostTopology([{ name: deadQueue }, { name: unroutedQueue }, eventsDeclaration], unroutedQueue)

/** What must stand on the server as long as we are connected to it: the vhost's own, what was declared here, and the rungs that were used. */
export class StandingTopology {
  readonly #admin: Admin
  readonly #log: Logger
  readonly #declared = new Map<string, QueueDeclaration>()
  /** Declared since the last connection was lost. */
  readonly #rungs = new Map<number, Promise<void>>()

  constructor(admin: Admin, log: Logger) {
    this.#admin = admin
    this.#log = log
  }

  /** Declares everything again; what another has changed meanwhile is told, and the rest goes on. */
  async assert(): Promise<void> {
    await this.#assertVhost()
    const all = [...[...this.#declared.values()].map(queueTopology), ...[...this.#rungs.keys()].map(rungTopology)]
    try {
      await this.#admin.run((channel) => declareTopology(channel, joinTopologies(all)), 0)
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error
      for (const one of all) await this.#assertOne(one)
    }
  }

  async declare(declarations: readonly QueueDeclaration[]): Promise<void> {
    const topology = joinTopologies(declarations.map(queueTopology))
    await this.#admin.run((channel) => declareTopology(channel, topology))
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
    const declared = this.#admin.run((channel) => declareTopology(channel, rungTopology(rungMs)))
    const noted = declared.then(
      () => void this.#rungs.set(rungMs, standing),
      (error: unknown) => {
        this.#rungs.delete(rungMs)
        throw error
      },
    )
    this.#rungs.set(rungMs, noted)
    return noted
  }

  /** Whoever may not declare is content when it is there: another user has made it. */
  async #assertVhost(): Promise<void> {
    try {
      await this.#admin.run((channel) => declareTopology(channel, vhost), 0)
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code !== 'BrokerAccessRefused') throw error
      await this.#admin
        .run((channel) => checkTopology(channel, vhost), 0)
        .catch(() => {
          throw error
        })
    }
  }

  async #assertOne(topology: Topology): Promise<void> {
    try {
      await this.#admin.run((channel) => declareTopology(channel, topology), 0)
    } catch (err) {
      if (!(err instanceof PermanentError)) throw err
      this.#log.error({ queue: topology.queues[0]?.name, code: err.code, err }, 'queue cannot be declared again')
    }
  }
}

const standing = Promise.resolve()
