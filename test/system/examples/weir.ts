import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A line of `weir run --once`. */
export interface Line {
  readonly flow: string
  readonly step: string
  readonly run: string
  readonly data: any // oxlint-disable-line typescript/no-explicit-any -- data is anything
  readonly metadata: Record<string, any> // oxlint-disable-line typescript/no-explicit-any -- as above
}

export interface Outcome {
  readonly code: number | null
  readonly lines: readonly Line[]
  readonly stdout: string
  readonly stderr: string
}

/** The real CLI, run until it ends, with the checkout as its working directory. */
export async function weir(...options: readonly string[]): Promise<Outcome> {
  const started = startNode('bin/weir.js', ...options)
  const code = await started.ended
  const stdout = started.stdout()
  const lines = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []))
  return { code, lines, stdout, stderr: started.stderr() }
}

export interface Started {
  /** To it and all that it started, as a terminal's Ctrl-C is sent. Nothing happens when they have ended. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => void
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves as soon as either output has the pattern; rejects when the process ends without. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly ended: Promise<number | null>
}

/** Starts a script of the checkout, in a process group of its own. */
export function startNode(script: string, ...options: readonly string[]): Started {
  const child = spawn(process.execPath, [script, ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(output.stdout + output.stderr)
      if (match) return match
      if (child.exitCode !== null) throw new Error(`it ended without ${pattern}:\n${output.stdout}${output.stderr}`)
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended])
    }
  }
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, name)
  }
  return { signal, stdout: () => output.stdout, stderr: () => output.stderr, says, ended }
}

/** A port of the loopback that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
