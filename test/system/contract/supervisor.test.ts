import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { makeMemoryGroup, noLimitedGroup, type LimitedGroup } from '../../rig/limited-group.ts'
import type { SupervisorLauncher } from '../../../runtime/runner/host/supervisor-launcher.ts'
import { openSupervisorLauncher } from '../../../runtime/runner/host/supervisor-launcher.ts'
import { findNode } from '../../env/node-versions.ts'
import type { TestHost } from './component-calls.ts'
import { dataOf, openTestHost } from './component-calls.ts'

const shim = fileURLToPath(new URL('../../../runtime/shim/bundled-main.cjs', import.meta.url))
const nodes = [
  { name: 'this Node', node: { kind: 'found', path: process.execPath } },
  { name: 'Node 8', node: await findNode(8) },
] as const

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

describe.each(nodes)('a supervisor on $name', ({ node }) => {
  let directory: string
  let socketPath: string
  let launcher: SupervisorLauncher
  let test: TestHost
  let drains: number
  let supervisors: ChildProcess[]

  const startSupervisor = (env: Record<string, string> = {}, group?: LimitedGroup): ChildProcess => {
    if (node.kind === 'missing') throw new Error(node.reason)
    // A shell, so that it is in its group from its first moment on.
    const enter = `echo $$ > ${group?.directory ?? '/dev/null'}/cgroup.procs && exec "$0" "$1"`
    const [program, args] = group === undefined ? [node.path, [shim]] : ['/bin/sh', ['-c', enter, node.path, shim]]
    const supervisor = spawn(program, args, {
      cwd: directory,
      env: { PATH: '/usr/bin:/bin', OWN: 'yes', WEIR_SUPERVISOR_SOCKET: socketPath, ...env },
      stdio: 'inherit',
    })
    supervisors.push(supervisor)
    return supervisor
  }
  const openHost = async (): Promise<void> => {
    launcher = await openSupervisorLauncher({
      socketPath,
      onDraining: () => (drains += 1),
      keepsDirectories: true,
    })
    test = openTestHost({ launcher })
  }
  const untilConnected = () => vi.waitFor(() => expect(launcher.isConnected()).toBe(true), { timeout: 10_000 })
  const pidOf = async (): Promise<number> => (dataOf(await test.call({ main: 'state.js' })) as { pid: number }).pid

  beforeEach(async ({ skip }) => {
    if (node.kind === 'missing') skip(node.reason)
    directory = mkdtempSync(join(tmpdir(), 'weir-supervisor-'))
    socketPath = join(directory, 'supervisor.sock')
    drains = 0
    supervisors = []
    await openHost()
  })

  afterEach(async () => {
    await test.host.close(0)
    for (const supervisor of supervisors) {
      if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill('SIGKILL')
    }
    rmSync(directory, { recursive: true, force: true })
  })

  it('starts what was asked for before it came, and passes on what components say', async () => {
    const answer = test.call({ main: 'state.js' })
    startSupervisor()
    const { pid } = dataOf(await answer) as { pid: number }
    expect(await pidOf()).toBe(pid)
    await test.call({ main: 'logs.js' })
    await vi.waitFor(() => expect(test.logs.map(({ source }) => source)).toContain('stdout'))
  })

  it('gives components their container’s variables, and none of its own or the runner’s', async () => {
    startSupervisor()
    const { env } = dataOf(await test.call({ main: 'environment.js' })) as { env: Record<string, string> }
    expect(env['OWN']).toBe('yes')
    expect(Object.keys(env).filter((name) => name.startsWith('WEIR_'))).toEqual([])
    expect(env).not.toHaveProperty('SECRET_OF_THE_RUNNER')
  })

  it('tells how a process ended, and starts another', async () => {
    startSupervisor()
    const pid = await pidOf()
    const call = test.call({ main: 'waits.js', data: { ms: 60_000 }, timeoutMs: 300 })
    expect((await call).result).toMatchObject({ kind: 'died', failure: { code: 'StepTimedOut' } })
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(async () => expect(await pidOf()).not.toBe(pid), { timeout: 10_000 })
  })

  it('in a container with little memory ends a process that takes too much, before the kernel ends all of them', async ({
    skip,
  }) => {
    const group = makeMemoryGroup(320 * 2 ** 20)
    if (group === undefined) return skip(noLimitedGroup)
    // After all of its processes were ended.
    onTestFinished(() => vi.waitFor(group.remove, { timeout: 10_000 }))
    const supervisor = startSupervisor({}, group)
    const innocent = await pidOf()
    expect(launcher.memory()).toEqual({ kind: 'known', limit: { containerMb: 320, usableMb: 256 } })
    const { result } = await test.call({ component: 'tricky', main: 'eats-buffers.js', timeoutMs: 60_000 })
    expect(result).toMatchObject({
      kind: 'died',
      failure: { code: 'ComponentOutOfMemory', message: expect.stringMatching(/its limit is 128 MB/) },
    })
    expect(supervisor.exitCode ?? supervisor.signalCode).toBeNull()
    expect(await pidOf()).toBeGreaterThan(0)
    expect(innocent).toBeGreaterThan(0)
  })

  it('kill -9: its calls end without a loss, and the next supervisor starts them anew', async () => {
    const supervisor = startSupervisor()
    const pid = await pidOf()
    const call = test.call({ main: 'waits.js', data: { ms: 60_000 }, timeoutMs: 60_000 })
    await vi.waitFor(() => expect(test.host.stats().running).toBe(1), { timeout: 10_000 })
    supervisor.kill('SIGKILL')
    expect((await call).result).toMatchObject({ kind: 'died' })
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 })
    const again = pidOf()
    startSupervisor()
    expect(await again).not.toBe(pid)
  })

  it('ends every process when the runner is gone, and serves the next runner', async () => {
    startSupervisor()
    const pid = await pidOf()
    await launcher.close()
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 })
    await test.host.close(0)
    await openHost()
    expect(await pidOf()).not.toBe(pid)
  })

  it('keeps its processes when it is told to end, until the runner has drained', async () => {
    const supervisor = startSupervisor()
    const pid = await pidOf()
    supervisor.kill('SIGTERM')
    supervisor.kill('SIGTERM')
    await vi.waitFor(() => expect(drains).toBe(1))
    expect(await pidOf()).toBe(pid)
    const exited = once(supervisor, 'exit')
    launcher.release()
    expect(await exited).toEqual([0, null])
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false))
  })

  it('waits for the runner no longer than its own deadline', async () => {
    const supervisor = startSupervisor({ WEIR_SHUTDOWN_SECONDS: '0.2' })
    const pid = await pidOf()
    const exited = once(supervisor, 'exit')
    supervisor.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false))
  })

  it('takes no harm from rubbish on either side', async () => {
    startSupervisor()
    await untilConnected()
    const stranger = connect(socketPath)
    const left = new Promise<void>((resolve) => stranger.once('close', () => resolve()))
    stranger.on('error', () => {}) // it is thrown out when the true one comes first
    stranger.resume()
    stranger.end('{"type":"exited"}\nnull\n[]\n{"type":"output","id":99,"text":3}\nnot json\n{"type":"rss","id":"x"}\n')
    await left
    // The newest is taken for the supervisor, and what is asked of it ends with it; when it has left, the true one comes again.
    await vi.waitFor(async () => expect(await pidOf()).toBeGreaterThan(0), { timeout: 20_000 })
  })
})
