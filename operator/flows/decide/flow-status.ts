import type { Condition } from '../../../crds/v1alpha1/condition.ts'
import type { FlowSpec } from '../../../crds/v1alpha1/flow.ts'
import type { FlowStatus } from '../../../crds/v1alpha1/flow-status.ts'
import { canonicalJson } from '../../../flow/plan/canonical-json.ts'
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

/** Once they are there they stay, whatever becomes of the flow. */
const lastingTypes: ReadonlySet<string> = new Set(['Ready', 'Active'])

/** Fields of the status; one that is undefined is taken away. */
export type BesideState = { readonly [Field in keyof FlowStatus]?: FlowStatus[Field] | undefined }

/**
 * What is written along with a state: the revisions that it names, and that the flow is ready where it makes it so, which is most of the time all that there
 * is to say. Else only what stays once it is there, since it is the state's from then on; nothing that stands there already.
 */
export function statusWithState(status: OwnStatus, before: FlowStatus = {}): BesideState {
  const { observedGeneration, conditions = [], backlog = 0, deadLetters = 0 } = status
  const revisions = otherRevisions(status, before)
  if (!isReadyNow(status, before)) return revisions
  const own: readonly string[] = flowConditionTypes
  const ofOthers = (before.conditions ?? []).filter(({ type }) => !own.includes(type))
  return { ...revisions, observedGeneration, conditions: [...conditions, ...ofOthers], backlog, deadLetters }
}

function otherRevisions({ activeRevision, pinnedRevision }: OwnStatus, before: FlowStatus): BesideState {
  return {
    ...(activeRevision !== before.activeRevision && { activeRevision }),
    ...(pinnedRevision !== before.pinnedRevision && { pinnedRevision }),
  }
}

/** And was not said to be, and has nothing else to say: whoever has waited until it is ready may read where its webhooks are. */
function isReadyNow({ activeRevision, conditions = [], webhooks = [] }: OwnStatus, before: FlowStatus): boolean {
  if (activeRevision === undefined || !isReadyAlone(conditions)) return false
  const isSaid = canonicalJson(conditions) === canonicalJson(ownPart(before).conditions)
  return !isSaid && canonicalJson(webhooks) === canonicalJson(before.webhooks ?? [])
}

function isReadyAlone(conditions: readonly Condition[]): boolean {
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  return isReady && conditions.every(({ type }) => lastingTypes.has(type))
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
