import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { containerMemory } from '../../shim/container-memory.cjs'
import type { ChildExit, ChildLauncher, ChildMemory, LaunchedChild } from './child-launcher.ts'
import { childMemory } from './child-memory.ts'
import type { OrphanGuard } from './orphan-guard.ts'
import { openOrphanGuard } from './orphan-guard.ts'

export interface LocalLauncherOptions {
  /** The Node that runs components; the runner's own unless given. */
  readonly nodePath?: string
}

/** What this process takes of the container that it shares with them. */
const ownBytes = 128 * 2 ** 20

const shimPath = fileURLToPath(new URL('../../shim/bundled-main.cjs', import.meta.url))

/** Component processes as children of this one. They end with it, even when it is killed. */
export function localLauncher({ nodePath = process.execPath }: LocalLauncherOptions = {}): ChildLauncher {
  const guard = openOrphanGuard()
  let memory: ChildMemory | undefined
  return {
    memory: () => (memory ??= childMemory(containerMemory(), ownBytes)),
    onMemory: () => {},
    launch: (launch) => {
      // spawn blames a missing working directory on the program.
      if (!existsSync(launch.directory))
        return neverStarted(`the component's directory ${launch.directory} does not exist`)
      const child = spawn(nodePath, [`--max-old-space-size=${launch.maxHeapMb}`, shimPath], {
        cwd: launch.directory,
        env: launch.env,
        stdio: ['ignore', 'pipe', 'pipe'],
        // A session of its own: Ctrl-C in a terminal is the runner's business, and a kill takes the child's children along.
        detached: true,
      })
      return launched(child, guard)
    },
    close: () => guard.close(),
  }
}

function launched(child: ChildProcess, guard: OrphanGuard): LaunchedChild {
  const { pid } = child
  if (pid !== undefined) guard.add(pid)
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'notStarted', reason: error.message }))
    child.once('exit', (code, signal) => {
      // Only what has left the group alone survives this; the leader itself is gone.
      if (pid !== undefined) killGroup(pid)
      if (pid !== undefined) guard.remove(pid)
      resolve({ kind: 'exited', code: code ?? undefined, signal: signal ?? undefined })
    })
  })
  return {
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined,
    exited,
    kill: () => {
      if (pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(pid)
    },
    rssBytes: async () => (pid === undefined ? undefined : residentBytes(pid)),
  }
}

function neverStarted(reason: string): LaunchedChild {
  return {
    stdout: undefined,
    stderr: undefined,
    exited: Promise.resolve({ kind: 'notStarted', reason }),
    kill: () => {},
    rssBytes: () => Promise.resolve(undefined),
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: all gone already.
  }
}

const kilobyte = 1024

/** From Linux's /proc; elsewhere only the heap limit holds. */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1')
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? []
    return kilobytes === undefined ? undefined : Number(kilobytes) * kilobyte
  } catch {
    return undefined
  }
}
