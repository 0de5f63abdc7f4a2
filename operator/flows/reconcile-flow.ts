import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Reconciled } from '../../kube/controller/controller.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { addFinalizer, removeFinalizer } from '../../kube/write/finalizers.ts'
import { resources } from '../../crds/resources.ts'
import { PermanentError, TransientError } from '../../runtime/error.ts'
import type { PlanStore } from '../../runtime/store/store.ts'
import { newestPlan } from '../change/first-revision.ts'
import type { FlowChanges } from '../change/flow-changes.ts'
import { flowFinalizer } from '../state/flow-finder.ts'
import type { Tenant } from '../tenants/tenant.ts'
import { decideFlow, type FlowDeed, type FlowFacts } from './decide/decide-flow.ts'
import type { Hindrance } from './decide/flow-conditions.ts'
import type { Changing } from './changing.ts'
import { farewell } from './farewell.ts'
import { idOf, isDeleting, isProtected, wishOf, type ClusterFlow, type FlowsParts } from './flow-parts.ts'
import type { FlowReport } from './flow-report.ts'
import type { FlowJudge, KnownVerdict } from './observe-flow.ts'

export interface ReconcileParts extends FlowsParts {
  readonly judge: FlowJudge
  readonly report: FlowReport
  readonly changing: Changing
}

const done: Reconciled = { kind: 'done' }
/** Whoever waits for a cache, or for what another does, is told of it; this is for when that is lost. */
const again: Reconciled = { kind: 'again', afterMs: 30_000 }
/** A cache is behind what another knows, or somebody was faster. */
const soon: Reconciled = { kind: 'again', afterMs: 500 }

/** Brings one flow as far as it can go now, and says in its status how far that is. */
export async function reconcileFlow(
  parts: ReconcileParts,
  flow: ClusterFlow,
  signal: AbortSignal,
): Promise<Reconciled> {
  const { tenants, judge, report } = parts
  const { namespace, uid } = idOf(flow)
  const tenant = tenants.of(namespace)
  if (tenant === undefined) return soon
  const verdict = judge.judge(flow)
  const observed = await observe(parts, flow, verdict)
  if (observed.kind === 'hindered') {
    report.tell({ flow, state: undefined, verdict, hindrance: observed.hindrance })
    return again
  }
  const { deed } = observed
  if (deed.kind === 'addFinalizer') return protect(parts, flow, signal)
  const outcome = await enact({ parts, flow, tenant, signal }, deed, observed.state)
  const state = outcome.isSame ? observed.state : (await parts.states(namespace).flows.get(uid))?.state
  // As the writes of the state have left it; it may have been edited meanwhile, too.
  const latest = parts.caches.flows.byIndex('uid', uid)[0] ?? flow
  const afterMs = report.tell({ flow: latest, state, verdict: judge.judge(latest), hindrance: outcome.hindrance })
  if (afterMs !== undefined) return { kind: 'again', afterMs }
  return outcome.isHeld ? again : done
}

type Observed =
  | { readonly kind: 'hindered'; readonly hindrance: Hindrance }
  | { readonly kind: 'seen'; readonly state: FlowState | undefined; readonly deed: FlowDeed }

async function observe(parts: ReconcileParts, flow: ClusterFlow, verdict: KnownVerdict): Promise<Observed> {
  const { namespace, uid } = idOf(flow)
  const { flows, plans } = parts.states(namespace)
  let state: FlowState | undefined
  try {
    state = (await flows.get(uid))?.state
  } catch (error) {
    const hindrance = malformedState(error)
    if (hindrance === undefined) throw error
    return { kind: 'hindered', hindrance }
  }
  const deed = decideFlow({
    state,
    ...wishOf(flow),
    isDeleting: isDeleting(flow),
    hasFinalizer: isProtected(flow),
    isNamespaceEnding: isEnding(parts, namespace),
    hash: verdict.kind === 'fit' ? verdict.hash : undefined,
    ...(await observePlans(plans, flow, state)),
  })
  return { kind: 'seen', state, deed }
}

async function observePlans(
  plans: PlanStore,
  flow: ClusterFlow,
  state: FlowState | undefined,
): Promise<Pick<FlowFacts, 'isPendingWritten' | 'isPlanLeft'>> {
  const { uid } = idOf(flow)
  const pending = state?.pending?.revision
  return {
    isPendingWritten: pending === undefined || (await plans.revisions(uid)).includes(pending),
    isPlanLeft: state === undefined && isDeleting(flow) && (await newestPlan(plans, uid)) !== undefined,
  }
}

function isEnding({ namespaces }: ReconcileParts, name: string): boolean {
  const namespace = namespaces.get(name)
  return namespace !== undefined && isDeleting(namespace)
}

/** Somebody has written to it: only a person can help. */
function malformedState(error: unknown): Hindrance | undefined {
  return error instanceof PermanentError ? { reason: error.code, message: error.message } : undefined
}

/** An edit that cannot be taken in: as it is, or before earlier ones are done with. */
function refusedEdit(error: unknown): Hindrance | undefined {
  const isTooSoon = error instanceof TransientError && error.code === 'FlowStateTooLarge'
  return error instanceof PermanentError || isTooSoon ? { reason: error.code, message: error.message } : undefined
}

/** And goes on at once: of a thousand new flows the first ones' queues are declared while the last ones are still being looked at. */
async function protect(parts: ReconcileParts, flow: ClusterFlow, signal: AbortSignal): Promise<Reconciled> {
  const { client, caches } = parts
  const known = { metadata: flow.metadata }
  const added = orThrow(
    await addFinalizer({ client, resource: resources.flows, object: known, finalizer: flowFinalizer }),
  )
  if (added === undefined || !('spec' in added)) return soon
  caches.flows.note(added as unknown as ClusterFlow) // the server has checked it
  const kept = caches.flows.byIndex('uid', idOf(flow).uid).find(isProtected)
  return kept === undefined ? soon : reconcileFlow(parts, kept, signal)
}

interface Enacting {
  readonly parts: ReconcileParts
  readonly flow: ClusterFlow
  readonly tenant: Tenant
  readonly signal: AbortSignal
}

interface Outcome {
  /** The state is the one that was seen. */
  readonly isSame?: boolean
  /** It goes on by itself when a server is back. */
  readonly isHeld?: boolean
  readonly hindrance?: Hindrance | undefined
}

type Doing = Exclude<FlowDeed, { kind: 'addFinalizer' }>

async function enact(enacting: Enacting, deed: Doing, state: FlowState | undefined): Promise<Outcome> {
  const { parts, flow } = enacting
  switch (deed.kind) {
    case 'nothing':
      // The driver is there for what is half done, and for the queues to be there.
      return ownsSomething(state) ? { ...(await change(enacting, async () => {})), isSame: true } : { isSame: true }
    case 'letGo':
      return letGo(enacting)
    case 'remove':
      return remove(enacting, deed.deadlineMs)
    case 'stand':
      return stand(enacting)
    case 'pin':
      return pin(enacting, deed.revision)
    case 'apply': {
      const verdict = parts.judge.plan(flow)
      return verdict.kind === 'fit' ? edit(enacting, (changes) => changes.apply(verdict.plan)) : { isSame: true }
    }
  }
}

async function remove(enacting: Enacting, deadlineMs: number): Promise<Outcome> {
  const { uid, namespace } = idOf(enacting.flow)
  const { isHeld = false } = await change(enacting, (changes) => changes.remove(uid, { deadlineMs }))
  // Where only a plan was left that may have gone meanwhile: it is looked at again.
  return { isHeld: isHeld || (await enacting.parts.states(namespace).flows.get(uid)) === undefined }
}

function stand(enacting: Enacting): Promise<Outcome> {
  const { uid } = idOf(enacting.flow)
  const { suspend, freeze } = wishOf(enacting.flow)
  return change(enacting, async (changes) => {
    await changes.suspend(uid, suspend)
    await changes.freeze(uid, freeze)
  })
}

function ownsSomething(state: FlowState | undefined): boolean {
  if (state === undefined) return false
  const { living, retiring, pending, deletion } = state
  return (
    living.length + retiring.length > 0 ||
    deletion !== undefined ||
    (pending !== undefined && pending.blocked === undefined)
  )
}

async function pin(enacting: Enacting, revision: number): Promise<Outcome> {
  const { parts, flow } = enacting
  const { uid, namespace } = idOf(flow)
  const { suspend, freeze } = wishOf(flow)
  const older = await parts.states(namespace).plans.get(uid, revision)
  if (older === undefined) return { isSame: true, hindrance: noSuchRevision(revision) }
  const plan = { ...older, flow: { ...older.flow, suspend, freeze } }
  return edit(enacting, (changes) => changes.apply(plan, { pinned: revision }))
}

function noSuchRevision(revision: number): Hindrance {
  const message = `spec.revision pins revision ${revision}, of which there is no plan: name one that "kubectl get flowrevisions" lists, or remove it`
  return { reason: 'RevisionNotFound', message }
}

async function edit(enacting: Enacting, apply: (changes: FlowChanges) => Promise<unknown>): Promise<Outcome> {
  try {
    return await change(enacting, async (changes) => {
      // What had to wait for a server may be wanted no more: of a flow that goes nothing new is made.
      if (isWanted(enacting)) await apply(changes)
    })
  } catch (error) {
    const hindrance = refusedEdit(error)
    if (hindrance === undefined) throw error
    return { hindrance, isHeld: true }
  }
}

function isWanted({ parts, flow }: Enacting): boolean {
  const now = parts.caches.flows.byIndex('uid', idOf(flow).uid)[0]
  return now !== undefined && !isDeleting(now)
}

/** Waits for as long as the servers are there: what they are needed for goes on when they are back. */
async function change(
  { parts, flow, tenant, signal }: Enacting,
  work: (changes: FlowChanges) => Promise<unknown>,
): Promise<Outcome> {
  const { uid } = idOf(flow)
  const isHeld = await parts.changing.run(uid, signal, async () => void (await work(await tenant.changes())))
  return { isHeld }
}

/** Not while something is still being made for it. */
async function letGo({ parts, flow, tenant, signal }: Enacting): Promise<Outcome> {
  const { client } = parts
  const isHeld = await parts.changing.run(idOf(flow).uid, signal, async () => {
    await farewell({ ...parts, tenant }, flow)
    const object = { metadata: flow.metadata }
    orThrow(await removeFinalizer({ client, resource: resources.flows, object, finalizer: flowFinalizer }))
  })
  return { isSame: true, isHeld }
}
