import { resources } from '../../crds/resources.ts'
import type { Condition } from '../../crds/v1alpha1/condition.ts'
import type { FlowStatus } from '../../crds/v1alpha1/flow-status.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { apiVersionOf } from '../../kube/kube-object.ts'
import type { ObjectReference } from '../../kube/events/correlator.ts'
import { conditionsOf, toConditions } from '../../kube/write/conditions.ts'
import { canonicalJson } from '../../kube/write/holds.ts'
import { openStatusWriter, type StatusWriter } from '../../kube/write/status-writer.ts'
import { isTakenIn } from './decide/decide-flow.ts'
import { findingText, flowConditions, type ConditionFacts, type Hindrance } from './decide/flow-conditions.ts'
import {
  countersIn,
  ownPart,
  ownStatus,
  statusWithState,
  webhookAddresses,
  type BesideState,
  type FlowCounters,
  type OwnStatus,
} from './decide/flow-status.ts'
import {
  idOf,
  isDeleting,
  isProtected,
  wishOf,
  type ClusterFlow,
  type FlowWish,
  type FlowsParts,
} from './flow-parts.ts'
import type { KnownVerdict } from './observe-flow.ts'

/** Says how flows are: in their status, and as Events when that has changed. */
export interface FlowReport {
  /** Gives when it is to be told again, in milliseconds: a change that is over in a moment is not told of. */
  readonly tell: (told: Told) => number | undefined
  /** What is told in the write of a state that makes the flow ready. To be asked when that is about to be sent. */
  readonly beside: (told: Told) => BesideState
  readonly settled: () => Promise<void>
  /** What waits is dropped: who leads next says it. */
  readonly close: () => void
  readonly forget: (uid: string) => void
}

export interface Told {
  readonly flow: ClusterFlow
  readonly state: FlowState | undefined
  readonly verdict: KnownVerdict
  readonly hindrance: Hindrance | undefined
}

export interface ReportParts extends FlowsParts {
  readonly countersOf: (uid: string) => FlowCounters | undefined
}

/** A queue is taken for safe after three seconds. */
const patienceMs = 4_000
/** Of a flow whose status says already that what is written does not run yet. */
const longPatienceMs = 30_000
/** Of the conditions and the counters: the state has its own. */
const fieldManager = 'weir-flows'

export function openFlowReport(parts: ReportParts): FlowReport {
  const { clock } = parts
  const changing = new Map<string, number>()
  /** Flows whose state has taken along that they are ready. */
  const besideState = new Set<string>()
  const writer = openWriter(parts)
  return {
    settled: writer.settled,
    close: writer.close,
    forget: (uid) => {
      changing.delete(uid)
      besideState.delete(uid)
    },
    beside: (told) => {
      const fields = statusWithState(statusOf(parts, told), asStatus(told.flow.status))
      if (fields.conditions !== undefined) besideState.add(idOf(told.flow).uid)
      return fields
    },
    tell: (told) => {
      const { flow } = told
      const { uid } = idOf(flow)
      const status = statusOf(parts, told)
      const since = isChanging(status) ? (changing.get(uid) ?? clock.elapsed()) : undefined
      if (since === undefined) changing.delete(uid)
      else changing.set(uid, since)
      const leftMs = since === undefined ? 0 : since + patienceWith(flow) - clock.elapsed()
      if (leftMs > 0) return leftMs
      tellEvents(parts, told, { conditions: status.conditions ?? [], isReadySaid: besideState.delete(uid) })
      // By our own fields alone: others write theirs.
      if (canonicalJson(status) === canonicalJson(ownPart(asStatus(flow.status)))) return undefined
      writer.write(flow, status)
      return undefined
    },
  }
}

function openWriter({ client, caches, clock, log }: ReportParts): StatusWriter {
  return openStatusWriter({
    client,
    resource: resources.flows,
    fieldManager,
    clock,
    onWritten: (object) => {
      // The server answers with the whole of it.
      caches.flows.note(object)
    },
    onFailure: (err) => {
      // Of one that leads no more, another says it.
      if (err.kind !== 'fenced' && err.kind !== 'aborted') log.warn({ err }, 'status of a flow not written')
    },
  })
}

/** All goes well. Until it is told, the status speaks of an older generation, and everybody can see that. */
function isChanging({ conditions = [] }: OwnStatus): boolean {
  return conditions.some(({ type, reason }) => type === 'Reconciling' && passing.has(reason))
}

const passing: ReadonlySet<string> = new Set(['Preparing', 'RevisionPending'])

function patienceWith({ metadata: { generation }, status }: ClusterFlow): number {
  const { observedGeneration, conditions = [] } = asStatus(status) ?? {}
  const isSaid = conditions.some((one) => one.type === 'Ready' && one.status === 'False' && passing.has(one.reason))
  return isSaid && observedGeneration === generation ? longPatienceMs : patienceMs
}

function asStatus(status: unknown): FlowStatus | undefined {
  return status as FlowStatus | undefined // what the API server has checked
}

function statusOf(parts: ReportParts, told: Told): OwnStatus {
  const { publicUrl, clock, countersOf } = parts
  const { flow, state } = told
  const { namespace, uid } = idOf(flow)
  const wanted = flowConditions(conditionFacts(parts, told))
  const webhooks = webhookAddresses(flow.spec, { publicUrl, namespace })
  return ownStatus({
    generation: flow.metadata.generation ?? 0,
    conditions: toConditions(conditionsOf({ status: flow.status }), wanted, clock.now()),
    webhooks,
    // Another process may have counted before this one does.
    counters: countersOf(uid) ?? countersIn(asStatus(flow.status), state?.active !== undefined),
    activeRevision: state?.active,
    pinnedRevision: state?.pinned,
  })
}

function conditionFacts({ tenants, poolTroubleOf }: ReportParts, told: Told): ConditionFacts {
  const { flow, state, verdict, hindrance } = told
  const wish = wishOf(flow)
  const { namespace } = idOf(flow)
  const { broker, store } = tenants.gates
  return {
    generation: flow.metadata.generation ?? 0,
    state,
    isTakenIn: isTakenIn({ state, pinned: wish.pinned, hash: hashOf(verdict), isPendingWritten: true }),
    ...wish,
    isDeleting: isDeleting(flow),
    ...faultsOf(verdict, wish),
    warnings: verdict.warnings,
    hindrance,
    brokerTrouble: needsBroker(told) ? broker.trouble()?.reason : undefined,
    poolTrouble: state === undefined ? undefined : poolTroubleOf?.(state),
    storeTrouble: isDeleting(flow) ? store.trouble()?.reason : undefined,
    usersTrouble: tenants.known(namespace)?.usersTrouble(),
  }
}

function hashOf(verdict: KnownVerdict): string | undefined {
  return verdict.kind === 'fit' ? verdict.hash : undefined
}

/** A flow that is pinned does not run what is written. */
function faultsOf(verdict: KnownVerdict, { pinned }: FlowWish): Pick<ConditionFacts, 'errors' | 'unknownComponents'> {
  const counts = pinned === undefined
  return {
    errors: counts && verdict.kind === 'unfit' ? verdict.errors : [],
    unknownComponents: counts && verdict.kind === 'unknown' ? verdict.components : [],
  }
}

/** One that was never active and is suspended has nothing there; one that goes and is still here may be held up there with its first revision. */
function needsBroker({ flow, state, verdict }: Told): boolean {
  const { suspend, freeze } = wishOf(flow)
  if (state === undefined) return isDeleting(flow) ? isProtected(flow) : verdict.kind === 'fit' && !suspend && !freeze
  const { living, retiring, pending } = state
  return living.length + retiring.length > 0 || (pending !== undefined && pending.blocked === undefined)
}

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

interface Saying {
  readonly conditions: readonly Said[]
  readonly isReadySaid: boolean
}

/** What somebody should hear of who watches: what is wrong, and that it is right again. */
function tellEvents({ events }: ReportParts, { flow, verdict }: Told, { conditions, isReadySaid }: Saying): void {
  const regarding = referenceTo(flow)
  // What the state has taken along stands there, and nobody was told yet.
  const before = conditionsOf({ status: flow.status }).filter(({ type }) => !isReadySaid || type !== 'Ready')
  const isNew = ({ type, reason, message }: Said): boolean =>
    !before.some((one) => one.type === type && one.reason === reason && one.message === message)
  for (const condition of conditions.filter(isNew)) {
    const { type, status, reason, message } = condition
    const action = 'Reconciling'
    if (type === 'Stalled')
      for (const [code, note] of faultNotes(verdict, condition))
        events.record({ regarding, type: 'Warning', reason: code, action, note })
    if (type === 'Ready' && status === 'True')
      events.record({ regarding, type: 'Normal', reason, action, note: message })
  }
}

const mostNotes = 10

/** One for each error, as far as it is errors. */
function faultNotes(verdict: KnownVerdict, { reason, message }: Said): readonly (readonly [string, string])[] {
  if (verdict.kind !== 'unfit') return [[reason, message]]
  return verdict.errors.slice(0, mostNotes).map((finding) => [finding.code, findingText(finding)])
}

function referenceTo(flow: ClusterFlow): ObjectReference {
  const { resourceVersion } = flow.metadata
  const apiVersion = apiVersionOf(resources.flows)
  return { apiVersion, kind: 'Flow', ...idOf(flow), ...(resourceVersion !== undefined && { resourceVersion }) }
}
