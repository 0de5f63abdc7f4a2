import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A process of Weir's, to be treated badly. */
export interface ProcessUnderTest {
  readonly pid: number
  /** Of its probes. */
  readonly port: number
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** SIGTERM; resolves with its exit code. */
  readonly end: () => Promise<number | null>
  /** SIGSTOP: its connections stay, and it answers nothing. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly isAlive: () => boolean
  /** Processes that it has started, and that still run. */
  readonly children: () => readonly number[]
  /** What it has logged, a record a line. */
  readonly logged: () => readonly LogRecord[]
}

export type LogRecord = Readonly<Record<string, unknown>> & { readonly level?: string; readonly msg?: string }

const programs = {
  runner: fileURLToPath(new URL('../../../runtime/runner-main.ts', import.meta.url)),
  recorder: fileURLToPath(new URL('../../../runtime/recorder-main.ts', import.meta.url)),
  'cluster-gateway': fileURLToPath(new URL('../../../runtime/cluster-gateway-main.ts', import.meta.url)),
  'cluster-recorder': fileURLToPath(new URL('../../../runtime/cluster-recorder-main.ts', import.meta.url)),
  'cluster-scheduler': fileURLToPath(new URL('../../../runtime/cluster-scheduler-main.ts', import.meta.url)),
}

/**
 * Resolves when it says that it is ready; rejects with what it has said when it ends before.
 *
 * @param signal kills it, ready or not
 */
export async function startProgram(
  program: keyof typeof programs,
  environment: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<ProcessUnderTest> {
  const child = spawn(process.execPath, [programs[program]], {
    env: { PATH: process.env['PATH'], WEIR_HTTP_PORT: '0', WEIR_HTTP_HOST: '127.0.0.1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  signal?.addEventListener('abort', () => child.kill('SIGKILL'))
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const records: LogRecord[] = []
  const words: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    const onRecord = (record: LogRecord): void => {
      records.push(record)
      if (record.msg === 'ready') resolve(Number(record['port']))
    }
    child.stdout.on(
      'data',
      lines((line) => onRecord(recordOf(line))),
    )
    child.stderr.on(
      'data',
      lines((line) => words.push(line)),
    )
    void exited.then(([code]) => {
      const said = [...records.map((record) => JSON.stringify(record)), ...words].slice(-20).join('\n')
      reject(new Error(`${program} ended with code ${code ?? 'none'}:\n${said}`))
    })
  })
  const send = (name: NodeJS.Signals): void => void (isAlive() && child.kill(name))
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    port,
    isAlive,
    children: () => childrenOf(child.pid ?? 0),
    logged: () => records,
    freeze: () => send('SIGSTOP'),
    thaw: () => send('SIGCONT'),
    kill: async () => {
      send('SIGKILL')
      await exited
    },
    end: async () => {
      send('SIGTERM')
      return (await exited)[0]
    },
  }
}

function childrenOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return all.map(Number).filter((each) => parentOf(each) === pid)
}

/** By /proc; undefined when it has gone. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

function recordOf(line: string): LogRecord {
  try {
    return JSON.parse(line) as LogRecord
  } catch {
    return { msg: line }
  }
}

function lines(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const parts = (rest + chunk.toString('utf8')).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') onLine(part)
  }
}
