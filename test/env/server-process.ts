import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

export interface ServerCommand {
  /** Names its files: `NAME.pid`, `NAME.log`. */
  readonly name: string
  /** From `openGuardedDirectory`: the guard finds the process id here. */
  readonly directory: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<NodeJS.ProcessEnv>
}

/** A program in a process group of its own. */
export interface ServerProcess {
  readonly pid: number
  readonly isRunning: () => boolean
  /** To the whole group. */
  readonly signal: (signal: NodeJS.Signals) => void
  readonly exited: Promise<void>
  /** What it said last, for an error. */
  readonly lastWords: () => Promise<string>
}

// The process id is in its file before the program begins: there is no moment in which the guard would miss it.
const script = 'echo $$ > "$1"; shift; exec "$@"'

export function startProcess({ name, directory, program, args, env }: ServerCommand): ServerProcess {
  const pidFile = join(directory, `${name}.pid`)
  const logFile = join(directory, `${name}.log`)
  const output = openSync(logFile, 'a')
  const stdio: ('ignore' | number)[] = ['ignore', output, output]
  const child = spawn('sh', ['-c', script, 'start', pidFile, program, ...args], {
    cwd: directory,
    env,
    stdio,
    detached: true,
  })
  closeSync(output)
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new Error('sh cannot be started')
  return {
    pid,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    signal: (signal) => signalGroup(pid, signal),
    exited: exitOf(child, pidFile),
    lastWords: async () => lastWords(await readFile(logFile, 'utf8').catch(() => '')),
  }
}

/** Its end, and the first error, which is often the reason for all that follows. */
function lastWords(log: string): string {
  const from = log.indexOf('[error]')
  return [from === -1 ? '' : log.slice(from, from + 2_000), log.trim().slice(-1_000)].join('\n')
}

async function exitOf(child: ChildProcess, pidFile: string): Promise<void> {
  await new Promise((resolve) => child.once('exit', resolve))
  // The number may belong to another process soon.
  await rm(pidFile, { force: true })
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

export interface StopOptions {
  readonly first: NodeJS.Signals
  readonly timeoutMs: number
}

/** Asks it to stop; after the time it is killed. */
export async function stopProcess(server: ServerProcess, { first, timeoutMs }: StopOptions): Promise<void> {
  if (!server.isRunning()) return
  server.signal('SIGCONT')
  server.signal(first)
  const timer = setTimeout(() => server.signal('SIGKILL'), timeoutMs)
  await server.exited
  clearTimeout(timer)
}

const pollMs = 50

/**
 * Waits until it is ready.
 *
 * @throws when it ends before, or the time is over; with what it said last
 */
export async function untilReady(
  server: ServerProcess,
  isReady: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const givenUpAt = Date.now() + timeoutMs
  while (!(await isReady())) {
    const problem = server.isRunning() ? `is not ready after ${timeoutMs} ms` : 'ended while it started'
    if (!server.isRunning() || Date.now() > givenUpAt) {
      server.signal('SIGKILL')
      throw new Error(`the server ${problem}. It said last:\n${await server.lastWords()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

const lowestPort = 15_000
/** Below what Linux gives to outgoing connections: a port that is free while its server is stopped must stay free. */
const highestPort = 32_000

/** Ports of the loopback that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort))
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const answer = (isOpen: boolean): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
  })
}
