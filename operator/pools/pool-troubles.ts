import type { FlowState } from '../../flow/plan/flow-state.ts'
import { podTrouble, replicaTrouble, type PodTrouble } from './decide/pod-trouble.ts'
import { poolIdentity, poolObjectName } from './decide/pool-identity.ts'
import { poolLabel } from './decide/pool-metadata.ts'
import { lastingTrouble } from './decide/pool-standing.ts'
import type { PoolReport } from './decide/pool-report.ts'
import type { LivingPools } from './living-pools.ts'
import type { LivePools } from './pool-objects-live.ts'

/** What keeps pools from working at all, for the flows whose queues they are to consume. */
export interface PoolTroubles {
  /** Of the first pool that does not work. */
  readonly of: (state: FlowState) => PodTrouble | undefined
  /** The pool's objects were looked at; without a report it is gone. */
  readonly put: (key: string, report: PoolReport | undefined) => void
  /** Follows pods and Deployments from now on; gives what ends it. */
  readonly follow: () => () => void
}

export interface PoolTroublesParts {
  readonly live: LivePools
  readonly living: LivingPools
  /** Told of each flow, by its uid, whose pool has come into trouble, or out of it. */
  readonly onChange: (flow: string) => void
}

export function openPoolTroubles({ live, living, onChange }: PoolTroublesParts): PoolTroubles {
  const known = new Map<string, PodTrouble>()
  const reports = new Map<string, PoolReport>()
  const look = (key: string): void => {
    const needed = living.get(key)
    const before = known.get(key)
    const now = needed === undefined ? undefined : lastingTrouble(before, factsOf(live, key, reports.get(key)))
    if (now === undefined) known.delete(key)
    else known.set(key, now)
    if (isSame(before, now)) return
    for (const { state } of needed?.flows ?? []) onChange(state.flow)
  }
  return {
    of: ({ namespace, living: stages }) => {
      const pools = new Set(stages.map(({ pool }) => pool))
      const troubles = [...pools].flatMap((pool) => {
        const trouble = known.get(`${namespace}/${poolObjectName(pool)}`)
        return trouble === undefined ? [] : [{ ...trouble, message: `${poolWords(pool)}: ${trouble.message}` }]
      })
      return troubles[0]
    },
    put: (key, report) => {
      if (report === undefined) reports.delete(key)
      else reports.set(key, report)
      look(key)
    },
    follow: () => {
      const ends = [
        live.pods.subscribe(({ object: { metadata } }) =>
          look(`${metadata.namespace}/${metadata.labels?.[poolLabel]}`),
        ),
        live.deployments.subscribe(({ object: { metadata } }) => look(`${metadata.namespace}/${metadata.name}`)),
      ]
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

function isSame(one: PodTrouble | undefined, other: PodTrouble | undefined): boolean {
  return one?.reason === other?.reason && one?.message === other?.message
}

function factsOf(live: LivePools, key: string, report: PoolReport | undefined): Parameters<typeof lastingTrouble>[1] {
  const deployment = live.deployments.get(key)
  const pods = live.pods.byIndex('pool', key)
  const [ofPods] = pods.flatMap((pod) => podTrouble(pod) ?? [])
  return {
    report: report?.trouble,
    pods: ofPods ?? (deployment === undefined ? undefined : replicaTrouble(deployment)),
    ready: deployment?.status?.readyReplicas ?? 0,
    wanted: deployment?.spec.replicas ?? 0,
  }
}

function poolWords(pool: string): string {
  const identity = poolIdentity(pool)
  return identity === undefined || identity.kind === 'core' ? 'the pool core' : `the pool of ${pool}`
}
