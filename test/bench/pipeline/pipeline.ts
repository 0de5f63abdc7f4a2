import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { ConfirmChannel } from 'amqplib'
import type { StepReport } from './step-report.ts'
import { nowUs } from './step-report.ts'

/** A flow of several steps, its processes running, its queues empty. */
export interface Pipeline {
  readonly name: string
  /** Publishes one message to the first step; the callback is for the confirm. */
  readonly publish: (channel: ConfirmChannel, data: object, onConfirm: (error: unknown) => void) => void
  /** All that count towards its CPU; the last of them finishes messages. */
  readonly processes: readonly ChildProcess[]
  readonly close: () => Promise<void>
}

export interface Passage {
  readonly messagesPerSecond: number
  /** Of all processes of the pipeline, without the driver and the broker. */
  readonly cpuUsPerMessage: number
  readonly brokerCpuUsPerMessage: number
  readonly latenciesUs: readonly number[]
}

export interface Load {
  readonly messages: number
  /** At most so many are between the first publish and the last step. */
  readonly inFlight: number
  /** Publishes at this pace, and measures latencies; otherwise as fast as the pipeline goes. */
  readonly perSecond?: number
}

export interface Driver {
  readonly channel: ConfirmChannel
  /** Of the broker's process; undefined where it is not on this machine. */
  readonly brokerPid: number | undefined
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
export async function passThrough(pipeline: Pipeline, driver: Driver, load: Load): Promise<Passage> {
  const before = await usage(pipeline, driver)
  const startedAtUs = nowUs()
  const latenciesUs = await drive(pipeline, driver, load)
  const seconds = (nowUs() - startedAtUs) / 1e6
  const after = await usage(pipeline, driver)
  return {
    messagesPerSecond: load.messages / seconds,
    cpuUsPerMessage: ((after.cpuMs - before.cpuMs) * 1000) / load.messages,
    brokerCpuUsPerMessage: ((after.brokerCpuMs - before.brokerCpuMs) * 1000) / load.messages,
    latenciesUs,
  }
}

async function drive(pipeline: Pipeline, { channel }: Driver, load: Load): Promise<number[]> {
  const last = pipeline.processes.at(-1) as ChildProcess
  const latenciesUs: number[] = []
  let sent = 0
  let done = 0
  await new Promise<void>((resolve, reject) => {
    const onConfirm = (error: unknown): void => {
      if (error !== null && error !== undefined) reject(new Error('not confirmed', { cause: error }))
    }
    const send = (): void => {
      sent += 1
      pipeline.publish(channel, contact(sent, load.perSecond === undefined ? 0 : nowUs()), onConfirm)
    }
    const fill = (): void => {
      while (sent < load.messages && sent - done < load.inFlight) send()
    }
    const onReport = (report: StepReport): void => {
      if (report.kind !== 'finished') return
      latenciesUs.push(...report.latenciesUs)
      done = finishedOf(last, report.count)
      if (done >= load.messages) {
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

async function usage(
  { processes }: Pipeline,
  { brokerPid }: Driver,
): Promise<{ readonly cpuMs: number; readonly brokerCpuMs: number }> {
  const all = await Promise.all(processes.map(cpuOf))
  const brokerCpuMs = brokerPid === undefined ? Number.NaN : await cpuOfPid(brokerPid)
  return { cpuMs: all.reduce((sum, cpuMs) => sum + cpuMs, 0), brokerCpuMs }
}

function cpuOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    const onReport = (report: StepReport): void => {
      if (report.kind !== 'cpu') return
      child.off('message', onReport)
      resolve(report.cpuMs)
    }
    child.on('message', onReport)
    child.send('cpu')
  })
}

const ticksPerSecond = 100

/** User and system time of a process and its threads, by /proc. */
async function cpuOfPid(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** About 1 KB of JSON. */
function contact(n: number, sentAtUs: number): object {
  const address = { street: 'Nowhere Street', city: 'Springfield', zip: '12345' }
  const person = { first: 'Ada', last: 'Lovelace', email: 'ada@example.org', notes: 'x'.repeat(700) }
  return { n, sentAtUs, contact: { ...person, address, tags: ['a', 'b'] } }
}
