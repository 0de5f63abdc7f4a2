import { hash } from 'node:crypto'
import type { Plan } from './plan.ts'

/** The stage of what triggers reach before any component; no step has this name. */
export const coreStage = '_core'

/** What tells one queue of a step from another: with the same, an edited step keeps its queue. */
export interface QueueTraits {
  readonly pool: string
  /** `Component/shop`; undefined for the core stage. */
  readonly component?: string
  readonly function?: string
  readonly singleActiveConsumer: boolean
}

/** A queue that a flow has already, as the next `compile` needs to know it. */
export interface LivingQueue {
  /** The component step, or `_core`. */
  readonly step: string
  /** Who consumes it, as `Component/shop`. */
  readonly pool: string
  /** `queueHash` of its traits. */
  readonly hash: string
  /** The revision that introduced it. */
  readonly revision: number
}

/** A queue's name, taken apart. */
interface QueueIdentity {
  readonly flowUid: string
  /** The component step, or `_core`. */
  readonly step: string
  readonly hash: string
  /** The revision that introduced it. */
  readonly revision: number
}

/** `<flow uid>.<step>.<hash>.<revision that introduced it>`; at most 110 characters for a Kubernetes uid. */
export function queueName({ flowUid, step, hash, revision }: QueueIdentity): string {
  return `${flowUid}.${step}.${hash}.${revision}`
}

/** Undefined for a name that `queueName` does not give. */
export function parseQueueName(name: string): QueueIdentity | undefined {
  const parts = /^(.+)\.([^.]+)\.([0-9a-f]{12})\.([1-9]\d*)$/.exec(name)
  if (parts === null) return undefined
  const [, flowUid = '', step = '', hash = '', revision = ''] = parts
  return { flowUid, step, hash, revision: Number(revision) }
}

/** 12 hexadecimal characters. */
export function queueHash({ pool, component, function: called, singleActiveConsumer }: QueueTraits): string {
  const identity = JSON.stringify([pool, component ?? null, called ?? null, singleActiveConsumer])
  return hash('sha256', identity, 'hex').slice(0, 12)
}

/** The queues of a plan, in the form that the next `compile` takes. */
export function livingQueuesOf(plan: Pick<Plan, 'stages'>): readonly LivingQueue[] {
  return plan.stages.flatMap(({ name, pool, queue }) => {
    const identity = parseQueueName(queue)
    return identity === undefined ? [] : [{ step: name, pool, hash: identity.hash, revision: identity.revision }]
  })
}
