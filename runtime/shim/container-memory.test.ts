import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeMemoryGroup, noLimitedGroup } from '../../test/rig/limited-group.ts'
import { containerMemory } from './container-memory.cjs'

const mb = 2 ** 20

function kernelThatSays(groups: string, limits: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'weir-cgroup-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries({ groups, ...limits })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return { groups: join(root, 'groups'), root }
}

const unlimited = '9223372036854771712\n'

describe('containerMemory', () => {
  it.each([
    {
      name: 'version 2, in a namespace of its own',
      groups: '0::/\n',
      limits: { 'memory.max': `${512 * mb}\n` },
      want: 512,
    },
    {
      name: 'version 2, the least of all around',
      groups: '0::/pod/it\n',
      limits: { 'pod/memory.max': `${256 * mb}\n`, 'pod/it/memory.max': 'max\n' },
      want: 256,
    },
    {
      name: 'version 1',
      groups: '9:cpu:/x\n4:memory:/pod/it\n',
      limits: { 'memory/pod/it/memory.limit_in_bytes': `${128 * mb}\n` },
      want: 128,
    },
    {
      name: "version 1 under the machine's path, the files of the container",
      groups: '4:cpu,memory:/kubepods/a/b\n',
      limits: { 'memory/memory.limit_in_bytes': `${64 * mb}\n` },
      want: 64,
    },
    {
      name: 'both, where the memory is of version 1',
      groups: '4:memory:/a\n0::/\n',
      limits: { 'memory/a/memory.limit_in_bytes': `${64 * mb}\n` },
      want: 64,
    },
    { name: 'no limit of version 2', groups: '0::/\n', limits: { 'memory.max': 'max\n' }, want: undefined },
    {
      name: 'no limit of version 1',
      groups: '4:memory:/\n',
      limits: { 'memory/memory.limit_in_bytes': unlimited },
      want: undefined,
    },
    { name: 'files that are not there', groups: '0::/a/b\n', limits: {}, want: undefined },
    { name: 'what nobody understands', groups: 'rubbish\n::\n0::\n', limits: { 'memory.max': 'NaN' }, want: undefined },
  ])('reads $name', ({ groups, limits, want }) => {
    expect(containerMemory(kernelThatSays(groups, limits))).toBe(want === undefined ? undefined : want * mb)
  })

  it('is undefined where there are no cgroups', () => {
    expect(containerMemory({ groups: '/nowhere/groups', root: '/nowhere' })).toBeUndefined()
  })

  it('reads the limit of a real group', ({ skip }) => {
    const group = makeMemoryGroup(256 * mb)
    if (group === undefined) return skip(noLimitedGroup)
    onTestFinished(group.remove)
    const module = fileURLToPath(new URL('container-memory.cjs', import.meta.url))
    const program = `console.log(require(${JSON.stringify(module)}).containerMemory())`
    const shell = 'echo $$ > "$0/cgroup.procs" && exec "$1" -e "$2"'
    const said = execFileSync('/bin/sh', ['-c', shell, group.directory, process.execPath, program], {
      encoding: 'utf8',
    })
    expect(Number(said)).toBe(256 * mb)
  })
})
