import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { describe, inject, it } from 'vitest'
import { findRabbit } from './rabbit-program.ts'
import type { Found, MongoUrls, RabbitUrls } from './shared-servers.ts'

/** Tests that need a RabbitMQ; skipped, with the reason, where none can be had. For files named `*.servers.test.ts`. */
export function describeOnRabbit(name: string, tests: (rabbit: RabbitUrls) => void): void {
  const rabbit = inject('rabbit')
  describeFound(name, rabbit, tests)
}

/** Tests that need a MongoDB; skipped, with the reason, where none can be had. For files named `*.servers.test.ts`. */
export function describeOnMongo(name: string, tests: (mongo: MongoUrls) => void): void {
  describeFound(name, inject('mongo'), tests)
}

/** Tests that need both. */
export function describeOnServers(
  name: string,
  tests: (servers: { readonly rabbit: RabbitUrls; readonly mongo: MongoUrls }) => void,
): void {
  describeOnRabbit(name, (rabbit) => describeOnMongo('on MongoDB', (mongo) => tests({ rabbit, mongo })))
}

/** Tests that open a RabbitMQ 4 of their own (`openRabbit({ version: 4 })`); skipped, with the reason, where none can be had. */
export async function describeOnRabbit4(name: string, tests: () => void): Promise<void> {
  describeFound(name, await findRabbit(4), tests)
}

function describeFound<Urls>(name: string, found: Found<Urls>, tests: (urls: Urls) => void): void {
  if (found.kind === 'found') {
    describe(name, () => tests(found))
    return
  }
  // One line for all of them: what they are cannot be asked without a server.
  describe(name, () => {
    it('has its server', (context) => context.skip(found.reason))
  })
}

/** A vhost for one test. */
export interface FreshVhost {
  readonly vhost: string
  /** Leads into the vhost. */
  readonly amqpUrl: string
  readonly managementUrl: string
  /** Deletes it with all it holds. Safe to repeat. */
  readonly close: () => Promise<void>
}

/** @param name of the vhost; by default a new one */
export async function freshVhost(rabbit: RabbitUrls, name = `test.${randomName()}`): Promise<FreshVhost> {
  const path = `/api/vhosts/${encodeURIComponent(name)}`
  await callManagement(rabbit.managementUrl, 'PUT', path)
  // The user who made it has all permissions there.
  const url = new URL(rabbit.amqpUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return {
    vhost: name,
    amqpUrl: url.href,
    managementUrl: rabbit.managementUrl,
    close: async () => void (await callManagement(rabbit.managementUrl, 'DELETE', path)),
  }
}

const managementTimeoutMs = 30_000

/**
 * One call to the management plugin, as whom the URL names.
 *
 * @returns the answer, parsed; undefined when it has none or the thing is not there
 * @throws when it is refused
 */
export async function callManagement(
  managementUrl: string,
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  body: unknown = {},
): Promise<unknown> {
  const { username, password, origin } = new URL(managementUrl)
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const headers = {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/json',
  }
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(managementTimeoutMs),
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** A database for one test. */
export interface FreshDatabase {
  readonly name: string
  /** Names the database. */
  readonly url: string
  /** Drops it. Safe to repeat. */
  readonly close: () => Promise<void>
}

export function freshDatabase(mongo: MongoUrls): FreshDatabase {
  const name = `test-${randomName()}`
  const url = new URL(mongo.url)
  url.pathname = `/${name}`
  return {
    name,
    url: url.href,
    close: async () => {
      const client = new MongoClient(mongo.url)
      try {
        await client.db(name).dropDatabase()
      } finally {
        await client.close()
      }
    },
  }
}

function randomName(): string {
  return randomBytes(6).toString('hex')
}
