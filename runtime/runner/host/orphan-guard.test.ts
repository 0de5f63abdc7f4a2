import { spawnSync } from 'node:child_process'
import { expect, it, vi } from 'vitest'
import { openOrphanGuard } from './orphan-guard.ts'

const noGroup = 2 ** 22 + 1

function children(): readonly number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  return [...stdout.matchAll(/(\d+) sh\b/g)].map(([, pid]) => Number(pid))
}

it('is closed though its shell was killed', async () => {
  const before = children()
  const guard = openOrphanGuard()
  guard.add(noGroup)
  const [shell] = await vi.waitFor(() => {
    const own = children().filter((pid) => !before.includes(pid))
    expect(own).toHaveLength(1)
    return own
  })
  process.kill(shell ?? expect.unreachable(), 'SIGINT')
  await vi.waitFor(() => expect(children()).not.toContain(shell))
  await guard.close()
  await guard.close()
})
