import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { VersionedFlowState } from '../../runtime/store/store.ts'
import type { ChangeStep } from '../decide/decide-step.ts'
import { decideStep, withDeclared } from '../decide/decide-step.ts'
import type { ChangeCore } from './change-parts.ts'
import { sooner, type Due } from './due.ts'
import type { DeclaredQueues } from './declared-queues.ts'
import { declaredQueues } from './declared-queues.ts'
import { drainWatch } from './drain-watch.ts'
import type { KeptPlans } from './kept-plans.ts'
import { keptPlans } from './kept-plans.ts'
import { openRetirement } from './retire-queues.ts'
import { writeState } from './write-state.ts'

/** Brings a flow to where it wants to be. */
export interface FlowSettler {
  /** As far as it can go now. Resolves with when it can go on; undefined: after the next change. Safe to repeat. */
  readonly settle: (flow: string) => Promise<Due | undefined>
  readonly plans: KeptPlans
  readonly declared: DeclaredQueues
  readonly close: () => Promise<void>
}

const lookAgainMs = 1000

export function openFlowSettler(core: ChangeCore): FlowSettler {
  const declared = declaredQueues(core)
  const plans = keptPlans(core)
  const retirement = openRetirement(core)
  const drain = drainWatch(core)
  const own = { core, declared, plans }

  const settle = async (flow: string): Promise<Due | undefined> => {
    for (;;) {
      core.signal.throwIfAborted()
      const versioned = await core.store.flows.get(flow)
      await declared.follow(flow, versioned?.state)
      if (versioned === undefined) return undefined
      const { state } = versioned
      const step = decideStep(state, {
        now: core.clock.now(),
        waits: core.waits,
        isDrained: state.deletion !== undefined && (await drain.isDrained(state)),
        arePoolsReady:
          state.pending === undefined || core.arePoolsReady === undefined || (await core.arePoolsReady(state)),
      })
      const next = await enact(own, versioned, step)
      if (next.kind === 'goOn') continue
      await plans.prune(state)
      const retiring = await retirement.look(versioned)
      if (next.at === undefined) return retiring
      return retiring === undefined ? { at: next.at } : sooner({ at: next.at }, retiring)
    }
  }
  return { settle, plans, declared, close: retirement.close }
}

interface EnactParts {
  readonly core: ChangeCore
  readonly declared: DeclaredQueues
  readonly plans: KeptPlans
}

type Next = { readonly kind: 'goOn' } | { readonly kind: 'rest'; readonly at?: number }

const goOn: Next = { kind: 'goOn' }

async function enact(own: EnactParts, versioned: VersionedFlowState, step: ChangeStep): Promise<Next> {
  const { core, plans } = own
  const { state } = versioned
  switch (step.kind) {
    case 'write':
      await writeState(core, versioned, step.state)
      return goOn
    case 'declare':
      return declareStages(own, versioned, step.queues)
    case 'activate':
      if (!(await plans.isWritten(state.flow, step.revision))) return withoutPlan(core, state)
      if (await writeState(core, versioned, step.state)) {
        core.log.info({ flow: state.name, namespace: state.namespace, revision: step.revision }, 'revision active')
      }
      return goOn
    case 'forget':
      await plans.prune(state)
      // Its queues are gone, so nobody works with them any more. Its name, on another day, is another flow.
      await core.store.snapshots.remove(state.flow)
      await core.store.fires.remove(state.flow)
      if (!core.isUidReused) await core.store.flows.remove(state.flow, versioned.version)
      return core.isUidReused ? { kind: 'rest' } : goOn
    case 'wait':
      return { kind: 'rest', ...instantOf(step, core.clock.now()) }
  }
}

/** Declared first, then living: a runner that hears of a queue can consume it. */
async function declareStages(
  { core, declared, plans }: EnactParts,
  versioned: VersionedFlowState,
  queues: FlowState['living'] | Extract<ChangeStep, { kind: 'declare' }>['queues'],
): Promise<Next> {
  const { state } = versioned
  const revision = state.pending?.revision ?? 0
  if (!(await plans.isWritten(state.flow, revision))) return withoutPlan(core, state)
  await declared.declare(state.flow, queues)
  await writeState(core, versioned, withDeclared(state, core.clock.now()))
  return goOn
}

/** Who gave it its number has died, or is just about to write it; the next who applies the flow does. */
function withoutPlan({ log, clock }: ChangeCore, { name, namespace, pending }: FlowState): Next {
  log.warn(
    { flow: name, namespace, revision: pending?.revision },
    'the plan of the pending revision is not written yet',
  )
  return { kind: 'rest', at: clock.now() + lookAgainMs }
}

function instantOf({ until, for: fact }: Extract<ChangeStep, { kind: 'wait' }>, now: number): { readonly at?: number } {
  const at = earliest(until, fact === undefined ? undefined : now + lookAgainMs)
  return at === undefined ? {} : { at }
}

function earliest(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.min(left, right)
}
