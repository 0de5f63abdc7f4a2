import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { openGuardedDirectory, removeGuardedDirectory } from './guard.ts'

const attempts = 3

/**
 * What `open` makes of a new directory and of new ports. What ends while it starts may have lost a port to another process, which each server says in
 * words of its own: it is opened anew.
 */
export async function openAnew<Server>(name: string, open: (directory: string) => Promise<Server>): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const directory = await openGuardedDirectory(name)
    try {
      return await open(directory)
    } catch (error) {
      await removeGuardedDirectory(directory)
      if (attempt === attempts || !(error instanceof EndedEarly)) throw error
    }
  }
}

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

/** A server that ended by itself while it started. */
export class EndedEarly extends Error {}

/**
 * Waits until it is ready.
 *
 * @throws {EndedEarly} when it ends before; another Error when the time is over; both with what it said last
 */
export async function untilReady(
  server: ServerProcess,
  isReady: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const givenUpAt = Date.now() + timeoutMs
  for (;;) {
    const isUp = await isReady()
    // Looked at after the answer: that may be of another server, which was faster at this port.
    if (!server.isRunning())
      throw new EndedEarly(`the server ended while it started. It said last:\n${await server.lastWords()}`)
    if (isUp) return
    if (Date.now() > givenUpAt) {
      server.signal('SIGKILL')
      throw new Error(`the server is not ready after ${timeoutMs} ms. It said last:\n${await server.lastWords()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
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
