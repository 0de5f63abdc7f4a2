import type { PodTrouble } from './pod-trouble.ts'
import type { PoolTrouble } from './pool-report.ts'

/** What there is of a pool. */
export interface PoolStanding {
  /** What came of the last look at its objects. */
  readonly report: PoolTrouble | undefined
  /** Why pods do not work. */
  readonly pods: PodTrouble | undefined
  readonly ready: number
  readonly wanted: number
}

/** What the cluster refuses is none of the pool's own waiting. */
const ofCluster: ReadonlySet<string> = new Set(['PoolRefused', 'PodsRefused'])

/**
 * Why nothing of a pool works; undefined as long as one pod does, none is wanted, or none has failed yet. A pod that fails again and again runs for a
 * moment each time: what was wrong with it counts until one is ready, in
 * the words that were first found for it: each try has others.
 */
export function lastingTrouble(
  before: PodTrouble | undefined,
  { report, pods, ready, wanted }: PoolStanding,
): PodTrouble | undefined {
  if (report !== undefined && (report.isFinal || ofCluster.has(report.reason)))
    return { reason: report.reason, message: report.message }
  if (ready > 0 || wanted === 0) return undefined
  return pods === undefined || pods.reason === before?.reason ? before : pods
}
