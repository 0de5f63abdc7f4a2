import { readFile, readdir } from 'node:fs/promises'

const msPerTick = 10
const pageKb = 4

/** User and system time of a process of this machine and its threads so far, by /proc; not a number where there is none. */
export async function cpuMsOfPid(pid: number | undefined): Promise<number> {
  const fields = await statOf(pid)
  return fields === undefined ? Number.NaN : (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** Resident memory of a process, in MB. */
export async function rssMbOfPid(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'latin1')
  return (Number(statm.split(' ')[1]) * pageKb) / 1024
}

/** Of processes that it has started, and that still run. */
export async function childrenOfPid(pid: number): Promise<readonly number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = await Promise.all(all.map(async (each) => Number((await statOf(each))?.[1])))
  return all.filter((_, at) => parents[at] === pid)
}

/** What stands behind the name in /proc/PID/stat, from the state on. */
async function statOf(pid: number | undefined): Promise<readonly string[] | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}
