import type { Logger } from 'pino'
import type { Flow } from '../crds/v1alpha1/flow.ts'
import type { Manifest } from '../flow/manifest/manifest.ts'
import { compile } from '../flow/plan/compile.ts'
import type { FlowState } from '../flow/plan/flow-state.ts'
import type { Plan } from '../flow/plan/plan.ts'
import type { Applied, FlowChanges } from '../operator/change/flow-changes.ts'
import { openFlowChanges } from '../operator/change/flow-changes.ts'
import type { ChangeWaits } from '../operator/decide/change-waits.ts'
import type { Broker } from '../runtime/broker/broker.ts'
import type { Unacknowledged } from '../runtime/broker/management/unacknowledged.ts'
import type { Clock } from '../runtime/clock.ts'
import type { PlanSource, WorkList } from '../runtime/plan-source.ts'
import type { NamespaceOf } from '../runtime/plans/flow-namespaces.ts'
import { flowNamespaces } from '../runtime/plans/flow-namespaces.ts'
import type { StorePlanSource } from '../runtime/plans/store-plan-source.ts'
import { openStorePlanSource } from '../runtime/plans/store-plan-source.ts'
import type { Store } from '../runtime/store/store.ts'
import { localFlowUid } from './flow-uid.ts'
import type { LocalComponents } from './local-components.ts'

/** The plans of the flows that were given to this run; what else the store knows is not its business. */
export interface LocalPlans extends PlanSource, WorkList {
  /** Of every flow as it was given last, in the order of the files: the active plan, or else what it will be. */
  readonly all: readonly Plan[]
  /** These are the flows from now on: what changed is edited, what is missing is deleted. Resolves with what came of each. */
  readonly change: (given: GivenFlows) => Promise<readonly FlowChange[]>
  /** All that the store knows: on a server that is more than this run's. */
  readonly known: PlanSource
  /** `default` where nobody knows it. */
  readonly namespaceOf: NamespaceOf
  readonly close: () => Promise<void>
}

export interface GivenFlows {
  readonly flows: readonly Manifest<Flow>[]
  readonly components: Pick<LocalComponents, 'contracts'>
}

export type FlowChange =
  | { readonly kind: 'same'; readonly plan: Plan }
  | { readonly kind: 'edited'; readonly plan: Plan; readonly applied: Applied }
  | { readonly kind: 'deleted'; readonly plan: Plan }

export interface LocalPlansOptions {
  readonly broker: Broker
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly waits?: Partial<ChangeWaits>
  /** How many messages of a queue are worked on, where the broker does not tell. */
  readonly unacknowledged?: Unacknowledged
  /** Flows are fired by hand alone: one that is suspended runs as well. */
  readonly isByHand?: boolean
}

/** Nothing is given yet: `change` gives the first flows. */
export async function openLocalPlans(options: LocalPlansOptions): Promise<LocalPlans> {
  const { store } = options
  const given = new Map<string, Plan>()
  const namespaces = new Map<string, string>()
  const source = await openStorePlanSource(options)
  const changes = await openFlowChanges({
    ...options,
    log: withoutNews(options.log),
    onChange: (flow) => void source.notify(flow),
    declares: ({ flow, frozen }: FlowState) => given.has(flow) && !frozen,
    isUidReused: true,
  })
  const namespaceOf = flowNamespaces({ plans: source, store })
  const isOwn = (flow: string): boolean => namespaces.has(flow)
  return {
    get all() {
      return [...given].map(([flow, plan]) => source.active(flow) ?? plan)
    },
    known: source,
    active: (flow) => (isOwn(flow) ? source.active(flow) : undefined),
    get: source.get,
    refresh: async (flow) => (isOwn(flow) ? source.refresh(flow) : undefined),
    flows: () => source.flows().filter(isOwn),
    living: () => source.living().filter(({ plan }) => isOwn(plan.flow.uid)),
    onChange: source.onChange,
    namespaceOf: async (flow) => namespaces.get(flow) ?? namespaceOf(flow),
    change: async ({ flows, components }) => {
      const wanted = flows.map((flow) => wantedOf(flow, components, options))
      const gone = [...given.values()].filter(({ flow }) => wanted.every(({ plan }) => plan.flow.uid !== flow.uid))
      given.clear()
      for (const { plan } of wanted) {
        given.set(plan.flow.uid, plan)
        namespaces.set(plan.flow.uid, plan.flow.namespace)
      }
      return Promise.all([
        ...wanted.map((one) => applyPlan({ changes, source }, one)),
        ...gone.map((plan) => removeFlow({ changes, source }, plan)),
      ])
    },
    close: async () => {
      await changes.close()
      await source.close()
    },
  }
}

/** The plan of a flow that has no error, as the first revision: what changes flows gives it its number and its queues. */
export function planOf({ object }: Manifest<Flow>, { contracts }: Pick<LocalComponents, 'contracts'>): Plan {
  const { namespace = 'default', name, uid } = object.metadata
  const metadata = { ...object.metadata, namespace, uid: uid ?? localFlowUid(namespace, name) }
  return compile({ ...object, metadata }, { contracts, revision: 1 })
}

interface ChangeParts {
  readonly changes: FlowChanges
  readonly source: StorePlanSource
}

interface Wanted {
  readonly plan: Plan
  /** The revision that the flow pins. */
  readonly pinned?: number
}

function wantedOf(
  flow: Manifest<Flow>,
  components: Pick<LocalComponents, 'contracts'>,
  { isByHand = false }: LocalPlansOptions,
): Wanted {
  const plan = planOf(flow, components)
  const { revision: pinned } = flow.object.spec
  return {
    plan: isByHand ? { ...plan, flow: { ...plan.flow, suspend: false } } : plan,
    ...(pinned !== undefined && { pinned }),
  }
}

async function applyPlan({ changes, source }: ChangeParts, { plan, pinned }: Wanted): Promise<FlowChange> {
  const { uid } = plan.flow
  const before = source.active(uid)
  const applied =
    pinned === undefined ? await changes.apply(plan) : await applyPinned({ changes, source }, plan, pinned)
  await source.notify(uid)
  const isSame = applied.kind === 'active' && applied.revision === before?.revision && hasSameMarks(before, plan)
  return isSame ? { kind: 'same', plan } : { kind: 'edited', plan, applied }
}

/** The older plan, under whatever the files say of the flow beside it. */
async function applyPinned({ changes, source }: ChangeParts, { flow }: Plan, pinned: number): Promise<Applied> {
  const older = await source.get(flow.uid, pinned)
  if (older === undefined) return { kind: 'notFound', revision: pinned }
  const { suspend, freeze } = flow
  return changes.apply({ ...older, flow: { ...older.flow, suspend, freeze } }, { pinned })
}

async function removeFlow({ changes, source }: ChangeParts, plan: Plan): Promise<FlowChange> {
  await changes.remove(plan.flow.uid)
  await source.notify(plan.flow.uid)
  return { kind: 'deleted', plan }
}

function hasSameMarks({ flow }: Plan, { flow: { suspend, freeze } }: Plan): boolean {
  return flow.suspend === suspend && flow.freeze === freeze
}

/** Which revision is active is what a run announces by itself. */
function withoutNews(log: Logger): Logger {
  return log.level === 'info' ? log.child({}, { level: 'warn' }) : log
}
