import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { median, spread, type BenchResult } from './bench-result.ts'
import type { Holding } from './cache-heap-main.ts'
import { openBenchGround, type BenchGround } from './many-flows.ts'

const flows = 10_000
const rounds = 3
const namespace = 'bench-cache'

/** What the operator's cache of 10,000 suspended Flows holds beyond their specs, and how long listing them keeps the process from anything else. */
export async function bench(): Promise<BenchResult[]> {
  const ground = await openBenchGround()
  try {
    await ground.fill(namespace, flows)
    const spec = hold(ground, 'spec').bytes
    const all = Array.from({ length: rounds }, () => ({ own: hold(ground, 'ours'), other: hold(ground, 'informer') }))
    const own = median(all.map((round) => round.own.bytes))
    const theirs = median(all.map((round) => round.other.bytes))
    const stalls = all.map((round) => round.own.longestStallMs)
    const beyond = (bytes: number): number => (bytes - spec) / flows
    const shown = (bytes: number): string => `${(bytes / flows / 1024).toFixed(2)} KB`
    const note = `spec as objects ${shown(spec)}; with it ours ${shown(own)}, client-node's informer ${shown(theirs)}`
    const others = spread(all.map((round) => round.other.longestStallMs))
    return [
      { name: 'operator-cache-heap', value: beyond(own) / 1024, goal: 1, unit: 'KB', note },
      {
        name: 'operator-cache-stall',
        value: median(stalls),
        goal: 60,
        unit: 'ms',
        note: `${spread(stalls)}, the informer ${others}`,
      },
      {
        name: 'operator-cache-against-informer',
        value: beyond(theirs) / beyond(own),
        goal: 10,
        unit: '×',
        isAtLeast: true,
        note: `beyond the spec; all in all ${(theirs / own).toFixed(1)}×`,
      },
    ]
  } finally {
    await ground.close()
  }
}

function hold({ kubeconfig }: BenchGround, way: 'spec' | 'ours' | 'informer'): Holding {
  const program = join(import.meta.dirname, 'cache-heap-main.ts')
  const args = ['--expose-gc', program, way, kubeconfig, namespace, String(flows)]
  const { stdout, status } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${way} has failed with exit code ${status}`)
  return JSON.parse(stdout) as Holding
}
