import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'

export const root = join(import.meta.dirname, '..', '..', '..')
export const weirPath = join(root, 'bin', 'weir.js')

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What standard input holds; without it nothing, and it is at its end. */
  readonly stdin?: string
  readonly uid?: number
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running `weir`, in a process group of its own as a shell would start it. */
export interface WeirProcess {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when either output has the pattern; rejects when the process ends without. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  /** To the process alone. */
  readonly signal: (name: NodeJS.Signals) => void
  /** To its whole group, as a terminal does. */
  readonly type: (name: 'SIGINT') => void
  readonly ended: Promise<Ended>
}

/** Starts any program; `weir` by `startWeir`. */
export function startProgram(program: string, words: readonly string[], options: StartOptions = {}): WeirProcess {
  const { WEIR_LOG_LEVEL: _level, NO_COLOR: _colour, FORCE_COLOR: _force, ...env } = process.env
  const child = spawn(program, words, {
    cwd: options.cwd ?? root,
    env: { ...env, ...options.env },
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
    ...(options.uid !== undefined && { uid: options.uid }),
  })
  child.stdin?.on('error', () => {}) // one that does not read its input is not at fault
  child.stdin?.end(options.stdin)
  return watched(child)
}

export function startWeir(words: readonly string[], options?: StartOptions): WeirProcess {
  return startProgram(process.execPath, [weirPath, ...words], options)
}

/** Runs `weir` to its end. Whatever it says, it is never a stack trace. */
export async function weir(words: readonly string[], options?: StartOptions): Promise<Ended> {
  const ended = await startWeir(words, options).ended
  expect(ended.stdout + ended.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$|fault of weir/m)
  return ended
}

/** The JSON lines of an output. */
// oxlint-disable-next-line typescript/no-explicit-any -- they hold anything
export function jsonLines(text: string): any[] {
  return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
}

function watched(child: ChildProcess): WeirProcess {
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (output.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (output.stderr += text))
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, ...output }))
  let isOver = false
  void ended.then(() => (isOver = true))
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(output.stdout + output.stderr)
      if (match !== null) return match
      if (isOver) throw new Error(`it ended without ${pattern}:\n${output.stdout}${output.stderr}`)
      const heard = new AbortController()
      const { signal } = heard
      const data = [child.stdout!, child.stderr!].map((output) => once(output, 'data', { signal }).catch(() => {}))
      await Promise.race([...data, ended])
      heard.abort()
    }
  }
  const pid = child.pid ?? 0
  return {
    pid,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    says,
    signal: (name) => void child.kill(name),
    type: (name) => {
      if (!isOver) process.kill(-pid, name)
    },
    ended,
  }
}

/** A directory with these files; `remove` takes it away. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>> = {}): {
  readonly path: string
  readonly write: (files: Readonly<Record<string, string | Uint8Array>>) => void
  readonly remove: () => void
} {
  const path = mkdtempSync(join(tmpdir(), 'weir-cli-'))
  const write = (more: typeof files): void => {
    for (const [name, content] of Object.entries(more)) {
      mkdirSync(dirname(join(path, name)), { recursive: true })
      writeFileSync(join(path, name), content)
    }
  }
  write(files)
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** At most so many at a time: the tests of one file share a machine with those of others. */
export function limited(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    try {
      return await work()
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
}

/** Whether such a process is there and alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
