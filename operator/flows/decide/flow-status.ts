import type { Condition } from '../../../crds/v1alpha1/condition.ts'
import type { FlowSpec, FlowStatus } from '../../../crds/v1alpha1/flow.ts'
import { flowConditionTypes } from './flow-conditions.ts'

/** What was counted of a flow; what is not known is left out. */
export interface FlowCounters {
  readonly backlog?: number
  readonly deadLetters?: number
  readonly lastRunAt?: string
  readonly nextRunAt?: string
  readonly lastError?: NonNullable<FlowStatus['lastError']>
}

/** The part of a Flow's status that this controller writes: the rest is its state's. */
export type OwnStatus = Pick<
  FlowStatus,
  'observedGeneration' | 'conditions' | 'activeRevision' | 'pinnedRevision' | 'webhooks' | keyof FlowCounters
>
export interface StatusFacts {
  readonly generation: number
  readonly conditions: readonly Condition[]
  readonly webhooks: NonNullable<FlowStatus['webhooks']>
  readonly counters: FlowCounters
  readonly activeRevision: number | undefined
  readonly pinnedRevision: number | undefined
}

export function ownStatus(facts: StatusFacts): OwnStatus {
  const { generation, conditions, webhooks, counters, activeRevision, pinnedRevision } = facts
  return {
    observedGeneration: generation,
    conditions,
    ...(activeRevision !== undefined && { activeRevision }),
    ...(pinnedRevision !== undefined && { pinnedRevision }),
    ...(webhooks.length > 0 && { webhooks }),
    ...counters,
  }
}

/**
 * What a Flow's status begins with, in the same write as its first state: nobody may take a flow that nobody has looked after yet for one that is ready.
 * Of types that are always there, so that they are not left behind.
 */
export function firstStatus(generation: number, now: string): OwnStatus {
  const message = 'its first revision is made'
  const condition = { status: 'False', observedGeneration: generation, lastTransitionTime: now, message } as const
  return {
    observedGeneration: generation,
    conditions: [
      { ...condition, type: 'Ready', reason: 'Preparing' },
      { ...condition, type: 'Active', reason: 'NoRevision' },
    ],
  }
}

const counterFields = ['backlog', 'deadLetters', 'lastRunAt', 'nextRunAt', 'lastError'] as const

/** What stands there, before anybody has counted; of a flow that has just become active for the first time, that there is nothing. */
export function countersIn(status: FlowStatus | undefined, isActive: boolean): FlowCounters {
  const fields = counterFields.flatMap((field) => (status?.[field] === undefined ? [] : [[field, status[field]]]))
  const known = Object.fromEntries(fields) as FlowCounters // each under its own name
  return isActive ? { backlog: 0, deadLetters: 0, ...known } : known
}

const ownFields = [
  'observedGeneration',
  'activeRevision',
  'pinnedRevision',
  'webhooks',
  ...counterFields,
] as const satisfies readonly (keyof OwnStatus)[]

/** What stands in the status already, of what is ours. */
export function ownPart(status: FlowStatus | undefined): OwnStatus {
  const types: readonly string[] = flowConditionTypes
  const conditions = (status?.conditions ?? []).filter(({ type }) => types.includes(type))
  const fields = ownFields.flatMap((field) => (status?.[field] === undefined ? [] : [[field, status[field]]]))
  return { ...(Object.fromEntries(fields) as Partial<OwnStatus>), conditions }
}

/** Where each webhook is called. */
export function webhookAddresses(
  { triggers }: Pick<FlowSpec, 'triggers'>,
  { publicUrl, namespace }: { readonly publicUrl: string | undefined; readonly namespace: string },
): NonNullable<FlowStatus['webhooks']> {
  if (publicUrl === undefined) return []
  return triggers.flatMap(({ name, webhook }) =>
    webhook === undefined ? [] : [{ trigger: name, url: `${publicUrl}/hooks/${namespace}${webhook.path}` }],
  )
}
