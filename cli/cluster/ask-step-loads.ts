import { pause, systemClock } from '../../kube/clock.ts'
import { pathOf } from '../../kube/kube-object.ts'
import type { LiveFlow } from './flow-standing.ts'
import type { Cluster } from './open-cluster.ts'
import { podKind, poolPods, type PoolPod } from './pool-pods.ts'
import { loadBetween, stepLoads, type StepLoad, type StepLoads } from './step-loads.ts'

export type AskedLoads =
  | { readonly kind: 'known'; readonly of: (step: string) => StepLoad }
  /** As a sentence for people. */
  | { readonly kind: 'unknown'; readonly why: string }

const metricsPort = 9464
const betweenMs = 2_000
/** More would make somebody wait, and say the same. */
const mostPods = 20

/** Backlog and rate of each step, by the metrics of the pods that serve the flow, through the API server (the right to get `pods/proxy`). */
export async function askStepLoads(cluster: Cluster, flow: LiveFlow): Promise<AskedLoads> {
  const pods = (await poolPods(cluster, flow)).filter(({ status }) => status?.phase === 'Running').slice(0, mostPods)
  if (pods.length === 0) return { kind: 'unknown', why: 'none of its pods runs now, so nobody counts' }
  const before = await loadsNow(cluster, flow, pods)
  if (before === undefined)
    return { kind: 'unknown', why: 'its pods show no metrics: that takes the right to get pods/proxy' }
  const startedAt = performance.now()
  await pause(systemClock, betweenMs)
  const after = (await loadsNow(cluster, flow, pods)) ?? before
  return { kind: 'known', of: loadBetween(before, after, (performance.now() - startedAt) / 1000) }
}

async function loadsNow(cluster: Cluster, flow: LiveFlow, pods: readonly PoolPod[]): Promise<StepLoads | undefined> {
  const pages = await Promise.all(
    pods.map(async ({ metadata: { name } }) => {
      const path = `${pathOf(podKind, { namespace: cluster.namespace })}/${name}:${metricsPort}/proxy/metrics`
      const request = { method: 'GET' as const, path, accept: 'text/plain', timeoutMs: 5_000 }
      const answer = await cluster.client.read(request, (text) => text)
      return answer.kind === 'done' ? answer.value : undefined
    }),
  )
  const known = pages.filter((page) => page !== undefined)
  return known.length === 0 ? undefined : stepLoads(known, { namespace: cluster.namespace, name: flow.metadata.name })
}
