import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A cgroup with a limit, as a container has one. */
export interface LimitedGroup {
  /** A process becomes one of its by writing its number to `cgroup.procs` in here. */
  readonly directory: string
  readonly add: (pid: number) => void
  /** When all of its processes are gone. */
  readonly remove: () => void
}

/** What a group is limited by, in one version of cgroups. */
interface Limit {
  readonly base: string
  readonly file: string
  readonly text: string
}

let groups = 0

/** Undefined where none can be made (`noLimitedGroup`). */
export function makeMemoryGroup(bytes: number): LimitedGroup | undefined {
  return makeGroup([
    { base: '/sys/fs/cgroup/memory', file: 'memory.limit_in_bytes', text: String(bytes) },
    { base: '/sys/fs/cgroup', file: 'memory.max', text: String(bytes) },
  ])
}

/** The period in which a container may use its part, unless somebody has set another. */
const periodUs = 100_000

/**
 * As of a container with `limits.cpu`. Undefined where none can be made (`noLimitedGroup`).
 *
 * @param milliCores thousandths of a core
 */
export function makeCpuGroup(milliCores: number): LimitedGroup | undefined {
  const quotaUs = (milliCores * periodUs) / 1000
  return makeGroup([
    { base: '/sys/fs/cgroup/cpu', file: 'cpu.cfs_quota_us', text: String(quotaUs) },
    { base: '/sys/fs/cgroup', file: 'cpu.max', text: `${quotaUs} ${periodUs}` },
  ])
}

/** Of whichever version is there. */
function makeGroup(limits: readonly Limit[]): LimitedGroup | undefined {
  const name = `weir-test-${process.pid}-${(groups += 1)}`
  for (const limit of limits) {
    const directory = join(limit.base, name)
    if (!isMade(directory, limit)) continue
    const add = (pid: number): void => writeFileSync(join(directory, 'cgroup.procs'), String(pid))
    return { directory, add, remove: () => rmdirSync(directory) }
  }
  return undefined
}

/** A directory is no group where its files do not come by themselves. */
function isMade(directory: string, { file, text }: Limit): boolean {
  try {
    mkdirSync(directory)
  } catch {
    return false
  }
  try {
    writeFileSync(join(directory, file), text, { flag: 'r+' })
    return true
  } catch {
    rmdirSync(directory)
    return false
  }
}

export const noLimitedGroup = 'no cgroup can be made here: that takes root, and a hierarchy that can be written to'
