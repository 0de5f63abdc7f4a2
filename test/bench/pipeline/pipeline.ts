import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import type { Channel, ConfirmChannel } from 'amqplib'
import { connect } from 'amqplib'
import { ownCpuMs } from '../bench-result.ts'
import { childrenOfPid, cpuMsOfPid } from '../process-cost.ts'
import type { StepReport } from './step-report.ts'
import { nowUs } from './step-report.ts'

/** A flow of several steps, its processes running, its queues empty. */
export interface Pipeline {
  readonly name: string
  readonly driver: Driver
  /** Publishes one message to the first step; the callback is for the confirm. */
  readonly publish: (data: object, onConfirm: (error: unknown) => void) => void
  /** All that count towards its CPU, with the processes that they have started; the last of them finishes messages. */
  readonly processes: readonly ChildProcess[]
  readonly close: () => Promise<void>
}

export interface Passage {
  readonly messagesPerSecond: number
  /** Microseconds a message, of all hops together. */
  readonly cpuUs: PassageCost
  readonly latenciesUs: readonly number[]
}

/** What a passage costs in each part; not a number where a part is not on this machine. */
export interface PassageCost {
  readonly processes: number
  /** Of components. */
  readonly children: number
  readonly broker: number
  readonly driver: number
}

export interface Load {
  readonly messages: number
  /** At most so many are between the first publish and the last step. */
  readonly inFlight: number
  /** Publishes at this pace, and measures latencies; otherwise as fast as the pipeline goes. */
  readonly perSecond?: number
}

/** What publishes: amqplib for every candidate. */
export interface Driver {
  readonly channel: ConfirmChannel
  readonly admin: Channel
  /** Of the broker's process; undefined where it is not on this machine. */
  readonly brokerPid: number | undefined
  readonly close: () => Promise<void>
}

export async function openDriver(amqpUrl: string, brokerPid: number | undefined): Promise<Driver> {
  const connection = await connect(amqpUrl, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  const admin = await connection.createChannel()
  return { channel, admin, brokerPid, close: () => connection.close() }
}

/** Starts a program of a pipeline; resolves when it consumes. */
export async function startProcess(
  program: URL,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ChildProcess> {
  const child = fork(program, args, { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${program.pathname} exited with code ${code ?? 'none'}`)))
    child.on('message', (report: StepReport) => {
      if (report.kind === 'ready') resolve()
    })
  })
  return child
}

/** Sends messages through a pipeline, and waits for the last to leave it. */
export async function passThrough(pipeline: Pipeline, load: Load): Promise<Passage> {
  const before = await usageMs(pipeline)
  const startedAtUs = nowUs()
  const latenciesUs = await drive(pipeline, load)
  const seconds = (nowUs() - startedAtUs) / 1e6
  const after = await usageMs(pipeline)
  const us = (part: keyof PassageCost): number => ((after[part] - before[part]) * 1000) / load.messages
  return {
    messagesPerSecond: load.messages / seconds,
    cpuUs: { processes: us('processes'), children: us('children'), broker: us('broker'), driver: us('driver') },
    latenciesUs,
  }
}

/** Without a message for so long, one is lost. */
const stallMs = 60_000

async function drive(pipeline: Pipeline, load: Load): Promise<number[]> {
  const last = pipeline.processes.at(-1) as ChildProcess
  const latenciesUs: number[] = []
  let sent = 0
  let done = 0
  await new Promise<void>((resolve, reject) => {
    const onStall = (): void =>
      reject(new Error(`${pipeline.name}: ${sent} messages were sent, ${done} have come through, and no more come`))
    let stall = setTimeout(onStall, stallMs)
    const onConfirm = (error: unknown): void => {
      if (error !== null && error !== undefined) reject(new Error('not confirmed', { cause: error }))
    }
    const send = (): void => {
      sent += 1
      pipeline.publish(contact(sent, load.perSecond === undefined ? 0 : nowUs()), onConfirm)
    }
    const fill = (): void => {
      while (sent < load.messages && sent - done < load.inFlight) send()
    }
    const onReport = (report: StepReport): void => {
      if (report.kind !== 'finished') return
      latenciesUs.push(...report.latenciesUs)
      done = finishedOf(last, report.count)
      clearTimeout(stall)
      stall = setTimeout(onStall, stallMs)
      if (done >= load.messages) {
        clearTimeout(stall)
        last.off('message', onReport)
        return resolve()
      }
      if (load.perSecond === undefined) fill()
    }
    last.on('message', onReport)
    if (load.perSecond === undefined) fill()
    else sendAtPace(load, send)
  })
  finishedBefore.set(last, (finishedBefore.get(last) ?? 0) + load.messages)
  return latenciesUs
}

/** What earlier passages have counted. */
const finishedBefore = new WeakMap<ChildProcess, number>()

function finishedOf(last: ChildProcess, count: number): number {
  return count - (finishedBefore.get(last) ?? 0)
}

function sendAtPace({ messages, perSecond = 1 }: Load, send: () => void): void {
  const startedAtUs = nowUs()
  let sent = 0
  const timer = setInterval(() => {
    const due = Math.min(messages, Math.floor(((nowUs() - startedAtUs) / 1e6) * perSecond))
    for (; sent < due; sent += 1) send()
    if (sent === messages) clearInterval(timer)
  }, 1)
}

async function usageMs({ processes, driver: { brokerPid } }: Pipeline): Promise<PassageCost> {
  const pids = processes.flatMap(({ pid }) => pid ?? [])
  const children = (await Promise.all(pids.map(childrenOfPid))).flat()
  return {
    processes: await sumMs(pids),
    children: await sumMs(children),
    broker: await cpuMsOfPid(brokerPid),
    driver: ownCpuMs(),
  }
}

async function sumMs(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuMsOfPid))
  return each.reduce((sum, cpuMs) => sum + cpuMs, 0)
}

/** About 1 KB of JSON. */
function contact(n: number, sentAtUs: number): object {
  const address = { street: 'Nowhere Street', city: 'Springfield', zip: '12345' }
  const person = { first: 'Ada', last: 'Lovelace', email: 'ada@example.org', notes: 'x'.repeat(700) }
  return { n, sentAtUs, contact: { ...person, address, tags: ['a', 'b'] } }
}
