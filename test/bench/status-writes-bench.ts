import { openBenchCluster, type BenchCluster } from './bench-cluster.ts'
import { median, ownCpuMs, spread, type BenchReading } from './bench-result.ts'
import { compareLimited } from './limited-status-writes.ts'
import {
  makeObjects,
  objectsOfAKind,
  openClientNode,
  statusKinds,
  writeOurs,
  writers,
  writeTheirs,
  type Written,
} from './status-write-clients.ts'

const rounds = 5

/**
 * Status writes in a second, by server-side apply: our writer, and client-node's API as it is used by hand. First in one process beside the server, where
 * both wait for that; then in processes with the part of a processor that a pod has.
 */
export async function bench(): Promise<BenchReading[]> {
  const cluster = await openBenchCluster()
  try {
    const readings: BenchReading[] = []
    for (const kind of statusKinds) readings.push(await compare(cluster, kind.name, await makeObjects(cluster, kind)))
    for (const kind of statusKinds) readings.push(await compareLimited(cluster, kind))
    return readings
  } finally {
    await cluster.close()
  }
}

async function compare({ client, kubeconfig }: BenchCluster, name: string, written: Written): Promise<BenchReading> {
  const ours: number[] = []
  const theirs: number[] = []
  const cpu = { ours: 0, theirs: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const before = ownCpuMs()
    ours.push(await ratePerSecond(() => writeOurs(client, written, `ours ${round}`)))
    const between = ownCpuMs()
    theirs.push(await ratePerSecond(() => writeTheirs(openClientNode(kubeconfig), written, `theirs ${round}`)))
    cpu.ours += between - before
    cpu.theirs += ownCpuMs() - between
  }
  const ratios = ours.map((rate, at) => rate / (theirs[at] ?? 0))
  const each = (ms: number): string => `${(ms / rounds / objectsOfAKind).toFixed(2)} ms`
  const note = `${spread(ours)} a second, client-node ${spread(theirs)}, ratios ${spread(ratios)}; ${writers} at a time; CPU of the client a write ${each(cpu.ours)} and ${each(cpu.theirs)}`
  return { name, value: median(ratios), goal: 4, unit: '×', isAtLeast: true, note }
}

async function ratePerSecond(work: () => Promise<void>): Promise<number> {
  const since = performance.now()
  await work()
  return (objectsOfAKind * 1_000) / (performance.now() - since)
}
