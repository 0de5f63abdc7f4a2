import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { Call, ComponentHost } from '../../runtime/runner/component-host.ts'
import { localLauncher } from '../../runtime/runner/host/local-launcher.ts'
import { openComponentHost } from '../../runtime/runner/host/open-component-host.ts'
import type { BenchResult } from './bench-result.ts'
import { median, ownCpuMs, spread } from './bench-result.ts'

const inFlight = 200
const messages = 20_000
const rounds = 7
const starts = 25

/** The host, its socket and the child alone, without queues, plans and expressions around them. */
export async function bench(): Promise<BenchResult[]> {
  return [await messageThroughHost(), await firstMessage()]
}

async function messageThroughHost(): Promise<BenchResult> {
  const host = openHost()
  const ratios: number[] = []
  await through(host, messages)
  await inProcess(messages)
  for (let round = 0; round < rounds; round += 1) {
    const before = ownCpuMs() + (await childCpuMs(host))
    await through(host, messages)
    const ours = ownCpuMs() + (await childCpuMs(host)) - before
    const startedAt = ownCpuMs()
    await inProcess(messages)
    ratios.push(ours / (ownCpuMs() - startedAt))
  }
  await host.close(1000)
  const note = `CPU of the call in process, ${spread(ratios)}`
  return { name: 'message-through-host-and-child', value: median(ratios), goal: 4, unit: '×', note }
}

async function firstMessage(): Promise<BenchResult> {
  const ratios: number[] = []
  for (let round = 0; round < starts; round += 1) {
    const empty = await emptyNodeMs()
    const startedAt = performance.now()
    const host = openHost()
    await echo(host, contactMessage)
    const ours = performance.now() - startedAt
    await host.close(1000)
    // The first of both warms the disk's cache.
    if (round > 0) ratios.push(ours / empty)
  }
  const note = `start of an empty Node, ${spread(ratios)}`
  return { name: 'fork-to-first-answer', value: median(ratios), goal: 1.5, unit: '×', note }
}

function openHost(): ComponentHost {
  return openComponentHost({ clock: systemClock, launcher: localLauncher(), environment: process.env, onLog: () => {} })
}

const directory = fileURLToPath(new URL('../fixtures/components/bench', import.meta.url))
const shared: Omit<Call, 'message' | 'onEmit'> = {
  child: { key: 'bench', directory, dialect: 'oih', isolation: 'shared', env: {}, concurrency: inFlight, labels: {} },
  function: { name: 'echo', kind: 'action', main: './echo.js', emits: 'many', snapshot: false, checkpoint: false },
  config: {},
  snapshot: {},
  context: { flow: 'bench', namespace: 'default', step: 'echo', run: 'run', messageId: 'message', attempt: 1 },
  timeoutMs: 60_000,
}

async function echo(host: ComponentHost, message: Buffer): Promise<Buffer> {
  let emitted: Buffer | undefined
  const onEmit: Call['onEmit'] = async (emit) => {
    if (emit.kind === 'data') emitted = emit.message
  }
  const result = await host.call({ ...shared, message, onEmit })
  if (result.kind !== 'ended' || emitted === undefined) throw new Error(`no answer: ${JSON.stringify(result)}`)
  return emitted
}

/** A closed loop: as many are always under way. */
async function through(host: ComponentHost, count: number): Promise<void> {
  let left = count
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await echo(host, contactMessage)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
}

async function childCpuMs(host: ComponentHost): Promise<number> {
  const answer = JSON.parse((await echo(host, reportMessage)).toString('utf8')) as { data: { cpu: NodeJS.CpuUsage } }
  const { user, system } = answer.data.cpu
  return (user + system) / 1000
}

/** About 1 KB of JSON. */
const contactMessage = messageOf({
  n: 1,
  contact: {
    first: 'Ada',
    last: 'Lovelace',
    email: 'ada@example.org',
    notes: 'x'.repeat(700),
    address: { street: 'Nowhere Street', city: 'Springfield', zip: '12345' },
    tags: ['a', 'b'],
  },
})
const reportMessage = messageOf({ report: true })

function messageOf(data: JsonObject): Buffer {
  return Buffer.from(JSON.stringify({ data, metadata: {}, attachments: {} }))
}

/** What a hand-written runner does for each message: bytes in, parse, call, stringify, bytes out. */
async function inProcess(count: number): Promise<void> {
  const process = async (msg: { data: { n: number; contact: unknown } }): Promise<unknown> => ({
    data: { seen: msg.data.n, contact: msg.data.contact },
  })
  for (let n = 0; n < count; n += 1) {
    Buffer.from(JSON.stringify(await process(JSON.parse(contactMessage.toString('utf8')) as never)))
  }
}

async function emptyNodeMs(): Promise<number> {
  const startedAt = performance.now()
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit')
  return performance.now() - startedAt
}
