import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { makeCpuGroup, noLimitedGroup, type LimitedGroup } from '../rig/limited-group.ts'
import { untilSo, type BenchCluster } from './bench-cluster.ts'
import { median, spread, type BenchReading, type BenchResult } from './bench-result.ts'
import { writers, type StatusKind } from './status-write-clients.ts'
import type { WritingRound } from './status-writes-main.ts'

/** Of a container: what small operators are often given. */
const milliCores = 200
const rounds = 5
const roundMs = 5_000

interface Writer {
  readonly round: (word: string) => Promise<WritingRound>
  readonly close: () => Promise<void>
}

/**
 * The same, each client in a process with the part of a processor that a pod with `limits.cpu: 200m` has, so that the client is waited for and not the
 * server: as in a cluster, whose API server has machines of its own. Rounds take turns, on the same objects; a first one of each does not count. Skipped where
 * the machine is so busy that client-node waits for the server nevertheless.
 */
export async function compareLimited(cluster: BenchCluster, kind: StatusKind): Promise<BenchReading> {
  const name = `${kind.name}-at-${milliCores}m`
  const groups = [makeCpuGroup(milliCores), makeCpuGroup(milliCores)] as const
  const [forOurs, forTheirs] = groups
  const writersOf: Writer[] = []
  try {
    if (forOurs === undefined || forTheirs === undefined) return { name, skipped: noLimitedGroup }
    const ours = await openWriter('ours', cluster, kind, forOurs)
    writersOf.push(ours)
    const theirs = await openWriter('client-node', cluster, kind, forTheirs)
    writersOf.push(theirs)
    return { name, ...(await takeTurns(ours, theirs)) }
  } finally {
    for (const writer of writersOf) await writer.close()
    for (const group of groups) if (group !== undefined) await untilSo(() => isRemoved(group), 10_000)
  }
}

async function takeTurns(
  ours: Writer,
  theirs: Writer,
): Promise<Omit<BenchResult, 'name'> | { readonly skipped: string }> {
  const own: WritingRound[] = []
  const other: WritingRound[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const results = [await ours.round(`ours ${round}`), await theirs.round(`theirs ${round}`)] as const
    if (round === 0) continue
    own.push(results[0])
    other.push(results[1])
  }
  const [ownRates, otherRates] = [own, other].map((all) => all.map(rateOf)) as [number[], number[]]
  const ratios = ownRates.map((rate, at) => rate / (otherRates[at] ?? 0))
  const note = `${spread(ownRates)} a second, client-node ${spread(otherRates)}, ratios ${spread(ratios)}; ${writers} at a time; ${usedBy(own)}, client-node ${usedBy(other)}`
  // Whoever does not use its part up waits for something else.
  if (coresOf(other) * 1_000 < milliCores * 0.9)
    return { skipped: `the machine is too busy for the server to keep client-node at its limit (${note})` }
  return { value: median(ratios), goal: 4, unit: '×', isAtLeast: true, note }
}

function rateOf({ writes, tookMs }: WritingRound): number {
  return (writes * 1_000) / tookMs
}

function sum(all: readonly WritingRound[], of: keyof WritingRound): number {
  return all.reduce((total, one) => total + one[of], 0)
}

function coresOf(all: readonly WritingRound[]): number {
  return sum(all, 'cpuMs') / sum(all, 'tookMs')
}

/** @throws when a process had more than its limit: then nothing was measured */
function usedBy(all: readonly WritingRound[]): string {
  const used = coresOf(all) * 1_000
  if (used > milliCores * 1.1)
    throw new Error(`the limit of ${milliCores}m does not hold: ${used.toFixed(0)}m were used`)
  return `${used.toFixed(0)}m used, CPU a write ${(sum(all, 'cpuMs') / sum(all, 'writes')).toFixed(2)} ms`
}

async function openWriter(
  way: 'ours' | 'client-node',
  { kubeconfig, namespace }: BenchCluster,
  kind: StatusKind,
  group: LimitedGroup,
): Promise<Writer> {
  const program = join(import.meta.dirname, 'status-writes-main.ts')
  const child = fork(program, [way, kubeconfig, namespace, kind.name, String(roundMs)], { execArgv: [] })
  const exited = once(child, 'exit')
  group.add(child.pid ?? 0)
  await nextMessage(child)
  return {
    round: async (word) => {
      child.send(word)
      return (await nextMessage(child)) as WritingRound
    },
    close: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** @throws when it has ended before */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ending = new AbortController()
  const { signal } = ending
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error(`a process that writes statuses has ended: ${child.exitCode ?? child.signalCode}`)
  })
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [unknown]
    return message
  } finally {
    ended.catch(() => {})
    ending.abort()
  }
}

/** The kernel takes a moment to see that its processes are gone. */
function isRemoved(group: LimitedGroup): boolean {
  try {
    group.remove()
    return true
  } catch {
    return false
  }
}
