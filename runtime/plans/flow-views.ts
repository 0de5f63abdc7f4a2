import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import type { PlanSource, WorkList } from '../plan-source.ts'
import type { FlowView } from './flow-view.ts'
import { flowView, revisionsOf } from './flow-view.ts'

/** Where states and plans are kept. A version changes when the state does. */
export interface PlanShelf {
  readonly state: (flow: string) => Promise<Versioned | undefined>
  readonly states: () => Promise<readonly Versioned[]>
  /** @throws {TransientError} when it cannot be known now */
  readonly plan: (flow: string, revision: number) => Promise<Plan | undefined>
}

export interface Versioned {
  readonly state: FlowState
  readonly version: string | number
}

/** The views of all flows, kept up to date by whoever is told of changes. */
export interface FlowViews extends PlanSource, WorkList {
  /**
   * Reads every flow; those that changed are viewed anew.
   *
   * @throws {TransientError} for some of them that was not possible now, they stay as they were
   */
  readonly readAll: () => Promise<void>
  /** Reads one flow. */
  readonly read: (flow: string) => Promise<void>
}

export function flowViews(shelf: PlanShelf): FlowViews {
  const table = viewTable(shelf)
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const read = async (flow: string): Promise<void> => {
    const begun = table.begin()
    if (await table.see(flow, await shelf.state(flow), begun)) tell()
  }
  return {
    read,
    readAll: async () => {
      const begun = table.begin()
      const all = new Map((await shelf.states()).map((versioned) => [versioned.state.flow, versioned]))
      const flows = new Set([...table.known.keys(), ...all.keys()])
      const seen = await Promise.allSettled([...flows].map((flow) => table.see(flow, all.get(flow), begun)))
      if (seen.some((one) => one.status === 'fulfilled' && one.value)) tell()
      // One flow whose plans cannot be read is no reason to leave the others as they were.
      const failed = seen.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
    flows: () => [...table.known].filter(([, { view }]) => view.active !== undefined).map(([flow]) => flow),
    active: (flow) => table.known.get(flow)?.view.active,
    get: async (flow, revision) => table.known.get(flow)?.plans.get(revision) ?? shelf.plan(flow, revision),
    refresh: async (flow) => {
      await read(flow)
      return table.known.get(flow)?.view.active
    },
    living: () => [...table.known.values()].flatMap(({ view }) => view.work),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

interface Known {
  readonly version: string | number
  readonly plans: ReadonlyMap<number, Plan>
  readonly view: FlowView
}

interface ViewTable {
  readonly known: ReadonlyMap<string, Known>
  /** Before a read: of two reads of one flow the one that began later counts, whichever ends first. */
  readonly begin: () => number
  /** True when the flow is seen in another way than before. */
  readonly see: (flow: string, versioned: Versioned | undefined, begun: number) => Promise<boolean>
}

function viewTable(shelf: PlanShelf): ViewTable {
  const known = new Map<string, Known>()
  const seen = new Map<string, number>()
  let reads = 0
  const isOvertaken = (flow: string, begun: number): boolean => {
    if ((seen.get(flow) ?? 0) > begun) return true
    seen.set(flow, begun)
    return false
  }
  return {
    known,
    begin: () => {
      reads += 1
      return reads
    },
    see: async (flow, versioned, begun) => {
      if (versioned === undefined) return !isOvertaken(flow, begun) && known.delete(flow)
      const { state, version } = versioned
      const isSeen = (): boolean => known.get(flow)?.version === version && known.get(flow)?.view.isComplete === true
      if (isSeen()) return false
      const plans = await plansOf(shelf, state, known.get(flow)?.plans)
      // Another read may have seen the same meanwhile: what is the same object for some stays so, and is told of once.
      if (isOvertaken(flow, begun) || isSeen()) return false
      known.set(flow, { version, plans, view: flowView(state, plans, known.get(flow)?.view) })
      return true
    },
  }
}

/** A revision never changes, so what is known is not read again. */
async function plansOf(
  shelf: PlanShelf,
  state: FlowState,
  known: ReadonlyMap<number, Plan> = new Map(),
): Promise<ReadonlyMap<number, Plan>> {
  const plans = await Promise.all(
    revisionsOf(state).map(async (revision) => known.get(revision) ?? shelf.plan(state.flow, revision)),
  )
  return new Map(plans.flatMap((plan) => (plan === undefined ? [] : [[plan.revision, plan] as const])))
}
