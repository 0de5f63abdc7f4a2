import { MongoClient } from 'mongodb'
import { callManagement, freshDatabase, freshVhost } from '../env/servers.ts'
import type { MongoUrls, RabbitUrls } from '../env/shared-servers.ts'
import { openServers } from '../env/shared-servers.ts'
import { cpuMsOfPid } from './process-cost.ts'

/** Leads into a vhost and a database that nobody else has. */
export interface Place {
  readonly amqpUrl: string
  readonly mongoUrl: string
}

/** Real servers for one benchmark, with a place of its own on them. */
export interface BenchServers extends Place {
  /** A further place: a runner works on all flows that it finds in its own. */
  readonly openPlace: () => Promise<Place>
  /** Of the server's process; undefined where it is not on this machine. */
  readonly brokerPid: number | undefined
  readonly storePid: number | undefined
  readonly close: () => Promise<void>
}

/**
 * Those that `AMQP_URL`, `RABBITMQ_MANAGEMENT_URL` and `MONGODB_URL` name, else servers of our own.
 *
 * @throws when there are none
 */
export async function openBenchServers(): Promise<BenchServers> {
  const opened = new AsyncDisposableStack()
  try {
    const { rabbit, mongo, close } = await openServers()
    opened.defer(close)
    if (rabbit.kind === 'missing') throw new Error(rabbit.reason)
    if (mongo.kind === 'missing') throw new Error(mongo.reason)
    const openPlace = async (): Promise<Place> => {
      const vhost = await freshVhost(rabbit)
      opened.defer(vhost.close)
      const database = freshDatabase(mongo)
      opened.defer(database.close)
      return { amqpUrl: vhost.amqpUrl, mongoUrl: database.url }
    }
    const brokerPid = await brokerPidOf(rabbit)
    const storePid = await storePidOf(mongo)
    return { ...(await openPlace()), openPlace, brokerPid, storePid, close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** Undefined where it is not on this machine. */
export async function brokerPidOf({ managementUrl }: Pick<RabbitUrls, 'managementUrl'>): Promise<number | undefined> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const nodes = (await callManagement(managementUrl, 'GET', '/api/nodes')) as readonly { readonly os_pid?: string }[]
    const pid = Number(nodes[0]?.os_pid)
    if (!Number.isNaN(pid)) return local(pid)
    // A node that has just started does not know it yet.
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return undefined
}

async function storePidOf({ url }: MongoUrls): Promise<number | undefined> {
  const client = new MongoClient(url)
  try {
    const { pid } = await client.db('admin').command({ serverStatus: 1 })
    return local(Number(pid))
  } finally {
    await client.close()
  }
}

async function local(pid: number): Promise<number | undefined> {
  return Number.isNaN(await cpuMsOfPid(pid)) ? undefined : pid
}
