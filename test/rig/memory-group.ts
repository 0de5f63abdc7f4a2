import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A cgroup with a memory limit, as a container has one. */
export interface MemoryGroup {
  /** A process becomes one of its by writing its number to `cgroup.procs` in here. */
  readonly directory: string
  readonly add: (pid: number) => void
  /** When all of its processes are gone. */
  readonly remove: () => void
}

let groups = 0

/** Of whichever version is there. Undefined where none can be made: that takes root, and a hierarchy that can be written to. */
export function makeMemoryGroup(bytes: number): MemoryGroup | undefined {
  const name = `weir-test-${process.pid}-${(groups += 1)}`
  for (const [base, file] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const directory = join(base, name)
    if (isMade(directory, file, bytes)) {
      const add = (pid: number): void => writeFileSync(join(directory, 'cgroup.procs'), String(pid))
      return { directory, add, remove: () => rmdirSync(directory) }
    }
  }
  return undefined
}

/** A directory is no group where its files do not come by themselves. */
function isMade(directory: string, file: string, bytes: number): boolean {
  try {
    mkdirSync(directory)
  } catch {
    return false
  }
  try {
    writeFileSync(join(directory, file), String(bytes), { flag: 'r+' })
    return true
  } catch {
    rmdirSync(directory)
    return false
  }
}

export const noMemoryGroup = 'no cgroup can be made here: that takes root, and a hierarchy that can be written to'
