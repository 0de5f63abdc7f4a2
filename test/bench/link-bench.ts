import { connect } from 'amqplib'
import { readFile } from 'node:fs/promises'
import type { AmqpLinks, AmqpServer } from '../../runtime/broker/amqp/amqp-link.ts'
import { linkKinds } from '../../runtime/broker/amqp/link-kinds.ts'
import { openServers, type RabbitUrls } from '../env/shared-servers.ts'
import type { BenchResult } from './bench-result.ts'
import { median, ownCpuMs, spread } from './bench-result.ts'
import { watermark } from './pipeline/watermark.ts'

const messages = 20_000
const rounds = 7
/** Unconfirmed, and unacknowledged, at a time. */
const inFlight = 200
const body = Buffer.from(JSON.stringify({ data: { n: 1, notes: 'x'.repeat(1000) } }))
/** As long as a runner's. */
const headers = JSON.stringify({
  flow: '8f1d2c7e-5a0b-4c39-9a1e-2f6f0c3b7d11',
  revision: 12,
  revisionHash: '3b1f0c9a7d2e4f60',
  run: '01JD3Q5W8Z6K2M4N7P9R1T3V5X',
  runStartedAt: 1_764_000_000_000,
  trigger: 'by-hand',
  at: 'store',
  attempt: 1,
  copy: '01JD3Q5W8Z6K2M4N7P9R1T3V5Y',
  hops: 0,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
})

interface Candidate {
  readonly name: string
  readonly pass: (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

interface Cost {
  readonly clientUs: number
  /** Undefined where the broker's process is not on this machine. */
  readonly brokerUs: number | undefined
  readonly perSecond: number
}

/**
 * Messages of 1 KB through a quorum queue and back, in one process: published with pipelined confirms, consumed, and
 * acknowledged by watermark once a turn. Our own AMQP client against amqplib, behind the same interface.
 */
export async function bench(): Promise<BenchResult[]> {
  // No MongoDB is needed: what is given is not started.
  const { rabbit, close } = await openServers({ MONGODB_URL: 'mongodb://not-needed', ...process.env })
  if (rabbit.kind === 'missing') throw new Error(rabbit.reason)
  const candidates: Candidate[] = []
  for (const { name, links } of linkKinds) candidates.push(await openCandidate(name, links, rabbit))
  const costs = await measure(candidates, await brokerPidOf(rabbit))
  for (const candidate of candidates) await candidate.close()
  await close()
  return [resultOf(costs.get('lean') ?? [], costs.get('amqplib') ?? [])]
}

async function measure(
  candidates: readonly Candidate[],
  brokerPid: number | undefined,
): Promise<ReadonlyMap<string, readonly Cost[]>> {
  const costs = new Map(candidates.map(({ name }) => [name, [] as Cost[]]))
  for (const { pass } of candidates) await pass(messages)
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first in every other round.
    for (const { name, pass } of round % 2 === 0 ? candidates : candidates.toReversed()) {
      costs.get(name)?.push(await costOf(pass, brokerPid))
    }
  }
  return costs
}

function resultOf(ours: readonly Cost[], theirs: readonly Cost[]): BenchResult {
  const ratios = ours.map(({ clientUs }, round) => clientUs / (theirs[round]?.clientUs ?? Number.NaN))
  return {
    name: 'link',
    value: median(ratios),
    goal: 0.75,
    unit: '×',
    note: `CPU of amqplib's process, ${spread(ratios)}; lean ${shown(ours)}; amqplib ${shown(theirs)}`,
  }
}

function shown(costs: readonly Cost[]): string {
  const client = median(costs.map(({ clientUs }) => clientUs)).toFixed(1)
  const broker = costs.flatMap(({ brokerUs }) => brokerUs ?? [])
  const perSecond = median(costs.map(({ perSecond }) => perSecond)).toFixed(0)
  const brokerShown = broker.length === 0 ? '' : `, broker ${median(broker).toFixed(0)} µs`
  return `${client} µs a message${brokerShown}, ${perSecond}/s`
}

async function costOf(pass: Candidate['pass'], brokerPid: number | undefined): Promise<Cost> {
  const startedAt = performance.now()
  const clientMs = ownCpuMs()
  const brokerMs = await cpuMsOfPid(brokerPid)
  await pass(messages)
  const brokerAfterMs = await cpuMsOfPid(brokerPid)
  return {
    clientUs: ((ownCpuMs() - clientMs) * 1000) / messages,
    brokerUs:
      brokerMs === undefined || brokerAfterMs === undefined
        ? undefined
        : ((brokerAfterMs - brokerMs) * 1000) / messages,
    perSecond: (messages * 1000) / (performance.now() - startedAt),
  }
}

async function openCandidate(name: string, links: AmqpLinks, { amqpUrl }: RabbitUrls): Promise<Candidate> {
  const queue = `bench.link.${name}`
  const admin = await connect(amqpUrl)
  const adminChannel = await admin.createChannel()
  await adminChannel.deleteQueue(queue)
  await adminChannel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  const state = { unconfirmed: 0, acknowledged: 0, sent: 0, target: 0, onDone: (): void => {} }
  const url = new URL(amqpUrl)
  const vhost = decodeURIComponent(url.pathname.slice(1)) || '/'
  const server: AmqpServer = { url, vhost, connectionName: name, heartbeatSeconds: 10, connectTimeoutMs: 10_000 }
  const onLost = (error: Error): void => {
    throw error
  }
  const confirmed = new Set<number>()
  let lowest = 1
  const fill = (): void => {
    while (state.sent < state.target && state.unconfirmed < inFlight) {
      const number = String(state.sent)
      publisher.publish({ exchange: '', routingKey: queue, messageId: number, correlationId: number, headers, body })
      state.sent += 1
      state.unconfirmed += 1
    }
  }
  const publisher = await links.openPublisher(server, {
    onLost,
    onConfirm: (number, { multiple }) => {
      if (multiple) for (let one = lowest; one <= number; one += 1) confirmed.add(one)
      else confirmed.add(number)
      for (; confirmed.delete(lowest); lowest += 1) state.unconfirmed -= 1
      fill()
    },
    onReturn: () => onLost(new Error('a message of the benchmark was returned')),
    onBlocked: () => {},
    onUnblocked: () => {},
  })
  const consumer = await links.openConsumer(server, { onLost })
  const { done } = watermark((deliveryTag) => {
    channel.ack(deliveryTag, true)
    state.acknowledged = deliveryTag
    if (state.acknowledged === state.target) state.onDone()
  })
  const channel = await consumer.openChannel({ onDelivery: ({ deliveryTag }) => done(deliveryTag), onEnd: onLost })
  await channel.consume(queue, inFlight)
  return {
    name,
    pass: (count) =>
      new Promise((resolve) => {
        state.onDone = resolve
        state.target += count
        fill()
      }),
    close: async () => {
      await publisher.close()
      await consumer.close()
      await adminChannel.deleteQueue(queue)
      await admin.close()
    },
  }
}

/** Undefined where it is not on this machine. */
async function brokerPidOf({ managementUrl }: RabbitUrls): Promise<number | undefined> {
  const { origin, username, password } = new URL(managementUrl)
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answer = await fetch(`${origin}/api/nodes`, { headers: { authorization: `Basic ${login}` } })
    const [node] = (await answer.json()) as readonly { readonly os_pid?: string }[]
    const pid = Number(node?.os_pid)
    if (!Number.isNaN(pid)) return (await cpuMsOfPid(pid)) === undefined ? undefined : pid
    // A node that has just started does not know it yet.
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return undefined
}

const msPerTick = 10

/** User and system time of a process of this machine, by /proc. */
async function cpuMsOfPid(pid: number | undefined): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * msPerTick
}
