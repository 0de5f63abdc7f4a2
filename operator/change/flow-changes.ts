import type { FlowState, PendingBlock } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { TransientError } from '../../runtime/error.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { defaultWaits, deletionDeadlineMs } from '../decide/change-waits.ts'
import type { Wanted } from '../decide/decide-edit.ts'
import { decideEdit, decideRollback } from '../decide/decide-edit.ts'
import { decideStanding } from '../decide/decide-standing.ts'
import { withDeletion } from '../decide/decide-step.ts'
import type { ChangeCore, ChangeParts } from './change-parts.ts'
import type { GoneQueue } from './queue-watch.ts'
import { adoptPlan, beginFlow } from './first-revision.ts'
import { openQueueWatch } from './queue-watch.ts'
import type { FlowSettler } from './settle-flow.ts'
import { openFlowSettler } from './settle-flow.ts'
import { openStatePoll } from './state-poll.ts'
import type { Wakes } from './wakes.ts'
import { openWakes } from './wakes.ts'
import { changeState } from './write-state.ts'

/**
 * Changes flows without a loss: edits, rollbacks, suspensions, deletions. Each call resolves when what it asks for is written down;
 * the rest follows by itself, in this process or another one, however often they die on the way.
 */
export interface FlowChanges {
  /**
   * The flow is to run under this plan, whose own number does not count; `pinned` names the revision that it is a copy of.
   *
   * @throws {TransientError} it is not known whether it was written: apply it again
   */
  readonly apply: (plan: Plan, options?: { readonly pinned?: number }) => Promise<Applied>
  /** The flow is to run under a copy of an older plan, until it is applied again. */
  readonly rollback: (flow: string, revision: number) => Promise<Applied>
  /** No new runs, or again; what has started is finished. */
  readonly suspend: (flow: string, isSuspended: boolean) => Promise<void>
  /** Nothing is consumed, or again. */
  readonly freeze: (flow: string, isFrozen: boolean) => Promise<void>
  /** Nothing starts any more; what has not finished at the deadline, by default after 10 minutes, becomes dead letters. */
  readonly remove: (flow: string, options?: { readonly deadlineMs?: number }) => Promise<void>
  /** Looks at every flow at once instead of when it is due; resolves when each has come as far as it can. */
  readonly reconcile: () => Promise<void>
  /** Nothing is changed any more; what is half done another process goes on with. Safe to repeat. */
  readonly close: () => Promise<void>
}

export type Applied =
  | { readonly kind: 'active'; readonly revision: number }
  /** It becomes active by itself; `blocked` says what has to change first. */
  | { readonly kind: 'pending'; readonly revision: number; readonly blocked?: PendingBlock }
  /** Of a rollback: there is no such plan any more. The flow stays as it is. */
  | { readonly kind: 'notFound'; readonly revision: number }

/** Takes over what other processes have left unfinished. */
export async function openFlowChanges(parts: ChangeParts): Promise<FlowChanges> {
  const closing = new AbortController()
  const core: ChangeCore = {
    ...parts,
    waits: { ...defaultWaits, ...parts.waits },
    by: freshId(),
    signal: closing.signal,
    onChange: parts.onChange ?? (() => {}),
    isUidReused: parts.isUidReused ?? false,
  }
  const settler = openFlowSettler(core)
  const wakes = openWakes(core, settler.settle)
  const poll = openStatePoll(core, wakes.now)
  await poll.all()
  const watch = openQueueWatch({
    ...core,
    states: poll.states,
    onGone: (gone) => restore(core, { settler, wakes }, gone),
  })
  return {
    ...changesOf(core, settler, wakes),
    reconcile: poll.all,
    close: async () => {
      closing.abort()
      await watch.close()
      await poll.close()
      await wakes.close()
      await settler.close()
    },
  }
}

interface Driving {
  readonly settler: FlowSettler
  readonly wakes: Wakes
}

/** What it held is lost; who publishes to it has waited, or has left it to `unrouted`. */
async function restore(
  { store, log }: ChangeCore,
  { settler, wakes }: Driving,
  { flow, queue }: GoneQueue,
): Promise<void> {
  const { living = [] } = (await store.flows.get(flow))?.state ?? {}
  if (!living.some((one) => one.queue === queue)) return
  log.error({ flow, queue }, 'living queue is gone, it is declared again')
  settler.declared.lose(flow, queue)
  await wakes.now(flow).catch(() => {}) // told of in the log, and tried again
}

function changesOf(
  core: ChangeCore,
  { plans, declared }: FlowSettler,
  wakes: Wakes,
): Omit<FlowChanges, 'reconcile' | 'close'> {
  const { store, clock, signal } = core
  // It is written down by now: what goes wrong from here on is told of in the log, and tried again.
  const settle = (flow: string): Promise<void> => wakes.now(flow).catch(() => {})
  const change = async (flow: string, decide: (state: FlowState, now: number) => FlowState): Promise<void> => {
    signal.throwIfAborted()
    await changeState(core, flow, (state) => state && decide(state, clock.now()))
    await settle(flow)
  }
  const apply = async (wanted: Wanted): Promise<Applied> => {
    signal.throwIfAborted()
    const { uid } = wanted.plan.flow
    const begin = (): Promise<boolean> => beginFlow({ core, plans, declared }, wanted)
    const isNew = (await store.flows.get(uid)) === undefined
    // While it is not looked at: what is declared of a flow without a state would be taken for stray.
    const isWritten = isNew && (await wakes.between(uid, begin))
    if (!isWritten) await writeEdit(core, plans.write, wanted)
    await settle(uid)
    return appliedOf((await store.flows.get(uid))?.state)
  }
  return {
    apply: (plan, { pinned } = {}) => apply({ plan, ...(pinned !== undefined && { pinned }) }),
    rollback: async (flow, revision) => {
      const state = (await store.flows.get(flow))?.state
      const plan = await store.plans.get(flow, revision)
      const wanted = decideRollback(state, plan)
      return wanted === undefined ? { kind: 'notFound', revision } : apply(wanted)
    },
    suspend: (flow, suspended) => change(flow, (state, now) => decideStanding(state, { ...state, suspended }, now)),
    freeze: (flow, frozen) => change(flow, (state, now) => decideStanding(state, { ...state, frozen }, now)),
    remove: async (flow, { deadlineMs = deletionDeadlineMs } = {}) => {
      // Behind an edit that is under way, whose state is to be marked.
      if ((await store.flows.get(flow)) === undefined) await wakes.between(flow, () => adoptPlan(core, flow))
      await change(flow, (state, now) => withDeletion(state, deadlineMs, now))
    },
  }
}

/** The number first, then the plan: whoever has written the number owns it. */
async function writeEdit(core: ChangeCore, writePlan: (plan: Plan) => Promise<void>, wanted: Wanted): Promise<void> {
  const { uid, name, namespace } = wanted.plan.flow
  let plan: Plan | undefined
  await changeState(core, uid, (state) => {
    if (state === undefined) throw new TransientError('FlowGone', `flow ${name} has lost its state meanwhile`)
    const edit = decideEdit(state, wanted, { now: core.clock.now() })
    plan = edit.plan
    return edit.state
  })
  if (plan === undefined) return
  await writePlan(plan)
  core.log.debug({ flow: name, namespace, revision: plan.revision }, 'revision pending')
}

function appliedOf(state: FlowState | undefined): Applied {
  const { pending, active } = state ?? {}
  if (pending !== undefined) {
    const { revision, blocked } = pending
    return { kind: 'pending', revision, ...(blocked !== undefined && { blocked }) }
  }
  return { kind: 'active', revision: active ?? 0 }
}
