import type { FlowState } from '../../../flow/plan/flow-state.ts'
import type { Finding } from '../../../flow/finding/finding.ts'

/** What a flow's conditions are made of. */
export interface ConditionFacts {
  readonly generation: number
  readonly state: FlowState | undefined
  /** Whether the state is of this generation: an edit may have come since it was written. */
  readonly isTakenIn: boolean
  readonly isDeleting: boolean
  readonly suspend: boolean
  readonly freeze: boolean
  /** `spec.revision`. */
  readonly pinned: number | undefined
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
  /** Components whose functions are not known yet. */
  readonly unknownComponents: readonly string[]
  /** What stands in the way of everything, in a sentence with what to do. */
  readonly hindrance: Hindrance | undefined
  /** Why RabbitMQ cannot be worked with, where the flow needs it. */
  readonly brokerTrouble: string | undefined
  /** Why MongoDB cannot be worked with, where the flow needs it. */
  readonly storeTrouble: string | undefined
  /** Why pods of its namespace have no users at MongoDB. */
  readonly usersTrouble: Hindrance | undefined
  /** Why nothing consumes one of its queues, though it should. */
  readonly poolTrouble: Hindrance | undefined
}

export interface Hindrance {
  readonly reason: string
  readonly message: string
}

interface Judged {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** A condition but for its times. */
export interface FlowCondition extends Judged {
  readonly observedGeneration: number
}

/** Types that the operator writes; those of others stay. */
export const flowConditionTypes = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Active',
  'BrokerAvailable',
  'StoreAvailable',
  'PoolsAvailable',
  'Warnings',
] as const

/**
 * The conditions of a flow. `Ready` is as kstatus has it: `Reconciling` and `Stalled` are there only while they hold, a flow that is suspended as it should be
 * is ready, and one whose edit is refused is not, though it may go on as it was, which `Active` tells.
 */
export function flowConditions(facts: ConditionFacts): readonly FlowCondition[] {
  const { generation: observedGeneration } = facts
  const standing = standingOf(facts)
  const all: readonly (Judged | undefined)[] = [
    { type: 'Ready', status: standing.kind === 'ready' ? 'True' : 'False', ...told(standing) },
    standing.kind === 'reconciling' ? { type: 'Reconciling', status: 'True', ...told(standing) } : undefined,
    standing.kind === 'stalled' ? { type: 'Stalled', status: 'True', ...told(standing) } : undefined,
    activeOf(facts),
    unavailable('BrokerAvailable', 'BrokerUnavailable', facts.brokerTrouble),
    unavailable('StoreAvailable', 'StoreUnavailable', facts.storeTrouble) ??
      (facts.usersTrouble && unavailable('StoreAvailable', facts.usersTrouble.reason, facts.usersTrouble.message)),
    facts.poolTrouble === undefined ? undefined : { type: 'PoolsAvailable', status: 'False', ...facts.poolTrouble },
    facts.warnings.length === 0
      ? undefined
      : { type: 'Warnings', status: 'True', reason: reasonOf(facts.warnings), message: findingsText(facts.warnings) },
  ]
  return all.flatMap((one) => (one === undefined ? [] : [{ ...one, observedGeneration }]))
}

interface Standing extends Hindrance {
  readonly kind: 'ready' | 'reconciling' | 'stalled'
}

function standingOf(facts: ConditionFacts): Standing {
  if (facts.isDeleting) return { kind: 'reconciling', ...deletionOf(facts) }
  const { hindrance, errors, unknownComponents, brokerTrouble } = facts
  if (hindrance !== undefined) return { kind: 'stalled', ...hindrance }
  if (errors.length > 0) return { kind: 'stalled', reason: reasonOf(errors), message: findingsText(errors) }
  if (unknownComponents.length > 0) {
    const message = `the functions of ${unknownComponents.join(', ')} are not known yet: they are read from the image`
    return { kind: 'reconciling', reason: 'ComponentNotReady', message }
  }
  if (brokerTrouble !== undefined) return { kind: 'reconciling', reason: 'BrokerUnavailable', message: brokerTrouble }
  return changeOf(facts)
}

/** Of a flow that nothing is wrong with. */
function changeOf(facts: ConditionFacts): Standing {
  const { state, suspend, freeze } = facts
  if (state === undefined) return { kind: 'reconciling', reason: 'Preparing', message: 'its first revision is made' }
  if (state.suspended !== suspend || state.frozen !== freeze)
    return { kind: 'reconciling', reason: 'Preparing', message: 'it is told to stand, or to go on' }
  if (!facts.isTakenIn)
    return { kind: 'reconciling', reason: 'Preparing', message: 'what is written is made a revision' }
  const { pending, active } = state
  return (
    pendingOf(state) ??
    poolOf(facts) ?? { kind: 'ready', ...readyOf({ ...facts, revision: active ?? pending?.revision ?? 0 }) }
  )
}

function pendingOf({ pending }: FlowState): Standing | undefined {
  if (pending?.blocked === 'TooManyQueues') {
    const message = `revision ${pending.revision} has more queues than a flow may have beside those that are still in use: wait until these are retired, or edit fewer steps at a time`
    return { kind: 'stalled', reason: 'TooManyQueues', message }
  }
  // One that is blocked because it is suspended waits as it should.
  if (pending !== undefined && pending.blocked === undefined) {
    const message = `revision ${pending.revision} becomes active when its queues are safe and its pools are there`
    return { kind: 'reconciling', reason: 'RevisionPending', message }
  }
  return undefined
}

/** Of one that stands nobody wants that it works. */
function poolOf({ poolTrouble, suspend, freeze }: ConditionFacts): Standing | undefined {
  return poolTrouble === undefined || suspend || freeze ? undefined : { kind: 'stalled', ...poolTrouble }
}

interface ReadyFacts extends Pick<ConditionFacts, 'suspend' | 'freeze' | 'pinned'> {
  readonly revision: number
}

function readyOf({ suspend, freeze, pinned, revision }: ReadyFacts): Hindrance {
  if (freeze)
    return { reason: 'Frozen', message: `revision ${revision} is frozen: nothing starts, and no message moves` }
  if (suspend)
    return {
      reason: 'Suspended',
      message: `revision ${revision} is suspended: nothing starts, what has started is finished`,
    }
  if (pinned !== undefined)
    return {
      reason: 'Pinned',
      message: `revision ${revision} is active, a copy of revision ${pinned}, which the spec pins`,
    }
  return { reason: 'RevisionActive', message: `revision ${revision} is active` }
}

function deletionOf({ state, brokerTrouble, storeTrouble }: ConditionFacts): Hindrance {
  const reason = 'Deleting'
  if (brokerTrouble !== undefined)
    return { reason: 'DeletionBlocked', message: `its queues cannot be retired: ${brokerTrouble}` }
  if (storeTrouble !== undefined)
    return { reason: 'DeletionBlocked', message: `what is kept of it cannot be removed: ${storeTrouble}` }
  if (state?.deletion === undefined) return { reason, message: 'nothing of it is left' }
  const until = new Date(state.deletion.askedAt + state.deletion.deadlineMs).toISOString()
  if (state.living.length > 0)
    return {
      reason,
      message: `nothing starts any more; what has started is finished, or becomes dead letters at ${until}`,
    }
  if (state.retiring.length > 0) return { reason, message: 'its queues are being retired, which takes a minute or two' }
  return { reason, message: 'its revisions and snapshots are removed' }
}

function activeOf({ state, isDeleting }: ConditionFacts): Judged {
  const type = 'Active'
  const { active, suspended = false, frozen = false } = state ?? {}
  if (active === undefined) return { type, status: 'False', reason: 'NoRevision', message: 'no revision is active' }
  const message = `revision ${active} is active`
  if (isDeleting || suspended || frozen)
    return {
      type,
      status: 'False',
      reason: isDeleting ? 'Deleting' : 'Stands',
      message: `${message}, and starts nothing`,
    }
  return { type, status: 'True', reason: 'RevisionActive', message }
}

function unavailable(type: string, reason: string, message: string | undefined): Judged | undefined {
  return message === undefined ? undefined : { type, status: 'False', reason, message }
}

function told({ reason, message }: Standing): Hindrance {
  return { reason, message }
}

/** The finding's own code where there is one, since that is API. */
function reasonOf(findings: readonly Finding[]): string {
  const codes = new Set(findings.map(({ code }) => code))
  return codes.size === 1 ? ([...codes][0] ?? 'Findings') : 'Findings'
}

const mostShown = 10
const longestFinding = 400

/** A line for each, as `spec.steps[2].next: no step is named "x" (UnknownStep)`. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.slice(0, mostShown).map(findingText)
  const left = findings.length - lines.length
  return [...lines, ...(left > 0 ? [`and ${left} more: see weir lint`] : [])].join('\n')
}

export function findingText({ path, message, code }: Finding): string {
  const text = message.length > longestFinding ? `${message.slice(0, longestFinding - 1)}…` : message
  return `${path === '' ? 'the flow' : path}: ${text} (${code})`
}
