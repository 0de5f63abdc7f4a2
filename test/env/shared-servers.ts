import { findMongo } from './mongo-program.ts'
import { openMongo } from './mongo.ts'
import { findRabbit, type RabbitVersion } from './rabbit-program.ts'
import { openRabbit } from './rabbit.ts'

/** A server that is there, or why there is none: the tests that need it are then skipped with that reason. */
export type Found<Urls> = ({ readonly kind: 'found' } & Urls) | { readonly kind: 'missing'; readonly reason: string }

export interface RabbitUrls {
  /** With a user who may do everything. */
  readonly amqpUrl: string
  readonly managementUrl: string
}

export interface MongoUrls {
  readonly url: string
}

// What the set-up hands to the tests.
declare module 'vitest' {
  interface ProvidedContext {
    readonly rabbit: Found<RabbitUrls>
    readonly mongo: Found<MongoUrls>
  }
}

/** One server of each kind, for all tests of a run or for a benchmark. */
export interface SharedServers {
  readonly rabbit: Found<RabbitUrls>
  readonly mongo: Found<MongoUrls>
  /** Ends what was started here; given ones go on. Safe to repeat. */
  readonly close: () => Promise<void>
}

interface Opened<Urls> {
  readonly found: Found<Urls>
  readonly close: () => Promise<void>
}

/**
 * `AMQP_URL` with `RABBITMQ_MANAGEMENT_URL`, and `MONGODB_URL`, where they are set; else servers of our own, installed if need be.
 *
 * @param environment `WEIR_TEST_RABBITMQ=4` asks for RabbitMQ 4
 * @throws when a server is there and does not start: that is no reason to skip
 */
export async function openServers(environment: Readonly<NodeJS.ProcessEnv> = process.env): Promise<SharedServers> {
  const opening = [openSharedRabbit(environment), openSharedMongo(environment)] as const
  const [rabbit, mongo] = await Promise.allSettled(opening)
  const close = async (): Promise<void> => {
    for (const outcome of [rabbit, mongo]) if (outcome.status === 'fulfilled') await outcome.value.close()
  }
  if (rabbit.status === 'fulfilled' && mongo.status === 'fulfilled')
    return { rabbit: rabbit.value.found, mongo: mongo.value.found, close }
  await close()
  throw rabbit.status === 'rejected' ? rabbit.reason : (mongo as PromiseRejectedResult).reason
}

async function openSharedRabbit(environment: Readonly<NodeJS.ProcessEnv>): Promise<Opened<RabbitUrls>> {
  const { AMQP_URL: amqpUrl = '', RABBITMQ_MANAGEMENT_URL: managementUrl = '' } = environment
  if (amqpUrl !== '' && managementUrl !== '') return given({ kind: 'found', amqpUrl, managementUrl })
  if (amqpUrl !== '' || managementUrl !== '') {
    const reason = 'one of AMQP_URL and RABBITMQ_MANAGEMENT_URL is set without the other'
    return given({ kind: 'missing', reason })
  }
  const version: RabbitVersion = environment['WEIR_TEST_RABBITMQ'] === '4' ? 4 : 3
  const program = await findRabbit(version)
  if (program.kind === 'missing') return given(program)
  const server = await openRabbit({ version })
  const { amqpUrl: own, managementUrl: ownManagement, close } = server
  return { found: { kind: 'found', amqpUrl: own, managementUrl: ownManagement }, close }
}

async function openSharedMongo({ MONGODB_URL: url = '' }: Readonly<NodeJS.ProcessEnv>): Promise<Opened<MongoUrls>> {
  if (url !== '') return given({ kind: 'found', url })
  const program = await findMongo()
  if (program.kind === 'missing') return given(program)
  const server = await openMongo()
  return { found: { kind: 'found', url: server.url }, close: server.close }
}

function given<Urls>(found: Found<Urls>): Opened<Urls> {
  return { found, close: async () => {} }
}
