import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const runner = fileURLToPath(new URL('orphans-main.ts', import.meta.url))

/** Starts a runner of its own with a child in it, kills the runner, and gives the child's process id. */
async function childOfAKilledRunner(how: 'blocks' | 'waits' | 'spawns'): Promise<number[]> {
  const child = spawn(process.execPath, [runner, how], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) {
    child.kill('SIGKILL')
    return JSON.parse(line) as number[]
  }
  throw new Error('the runner said nothing')
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

describe.runIf(process.platform === 'linux')('a runner that is killed (seen in /proc, so on Linux)', () => {
  it.each(['waits', 'blocks', 'spawns'] as const)('leaves no process behind when its component %s', async (how) => {
    const pids = await childOfAKilledRunner(how)
    expect(pids.length).toBeGreaterThan(0)
    await expect.poll(() => pids.filter(isAlive), { timeout: 5000 }).toEqual([])
  })
})
