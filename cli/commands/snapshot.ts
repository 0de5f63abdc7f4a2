import { suggestion } from '../../flow/finding/suggest.ts'
import type { Plan, PlanStage } from '../../flow/plan/plan.ts'
import { parseQueueName } from '../../flow/plan/queue-name.ts'
import { storePlans } from '../../runtime/replay/store-plans.ts'
import type { SnapshotOwner, SnapshotState, Store } from '../../runtime/store/store.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { findFlow, nameOf } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { readJsonOption } from '../read-value.ts'
import { printStructured } from '../structured.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface SnapshotPlace {
  readonly flow: string
  readonly step: string
}

/** Prints a snapshot; exit code 1 when there is none. */
export function snapshotGetCommand(
  context: CommandContext,
  place: SnapshotPlace,
  { output, ...options }: ConnectOptions & { readonly output: 'json' | 'yaml' },
): Promise<number> {
  return withStore(context, options, async (store) => {
    const { queue, name } = await findSnapshot(store, place)
    const state = queue === undefined ? undefined : await store.snapshots.read(queue)
    if (state?.value === undefined) {
      context.terminal.err.write(`${name} has no snapshot\n`)
      return 1
    }
    await printStructured(context.terminal, state.value, output)
    return 0
  })
}

/** Puts the value in the place of a snapshot; without one it is taken away. */
export function snapshotSetCommand(
  context: CommandContext,
  place: SnapshotPlace & { readonly value?: string },
  options: ConnectOptions,
): Promise<number> {
  return withStore(context, options, async (store) => {
    const { terminal } = context
    const { queue, name, owner } = await findSnapshot(store, place)
    const value =
      place.value === undefined
        ? undefined
        : await readJsonOption({ option: 'the snapshot', text: place.value }, terminal)
    if (queue === undefined) throw new UsageError(`${name} has no queue yet: activate the flow first`)
    const { epoch } = await replace(store, { queue, value, ...(owner && { owner }) })
    terminal.err.write(`snapshot of ${name} ${place.value === undefined ? 'reset' : 'set'} (epoch ${epoch})\n`)
    return 0
  })
}

const attempts = 5

interface Replacement {
  readonly queue: string
  readonly owner?: SnapshotOwner
  readonly value: unknown
}

/** Takes it over, so that whoever works with the old one is refused. Which messages were settled is true all the same. */
async function replace({ snapshots }: Store, { queue, owner, value }: Replacement): Promise<SnapshotState> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const state = await snapshots.open(queue, owner)
    if ((await snapshots.write(queue, state, { value, settled: state.settled })) === 'written') return state
  }
  throw new UsageError('somebody else takes the snapshot over again and again: try again')
}

interface FoundSnapshot {
  /** `namespace/flow/step`. */
  readonly name: string
  readonly queue: string | undefined
  readonly owner: SnapshotOwner | undefined
}

/** Of the step's queues the active plan's; else the one that came last. */
async function findSnapshot(store: Store, { flow: typed, step }: SnapshotPlace): Promise<FoundSnapshot> {
  const flow = await findFlow(store, typed)
  const plan = await storePlans(store).refresh(flow.uid)
  const stage = plan?.stages.find((one) => one.name === step)
  const queue = stage?.queue ?? latestQueue(await store.snapshots.queues(flow.uid), step)
  if (plan !== undefined && stage?.snapshot === 'none') throw keepsNone(plan, step)
  if (queue === undefined) throw keepsNone(plan, step)
  return { name: `${nameOf(flow)}/${step}`, queue, owner: stage && ownerOf(plan, stage) }
}

function latestQueue(queues: readonly string[], step: string): string | undefined {
  const own = queues.filter((queue) => parseQueueName(queue)?.step === step)
  return own.toSorted((left, right) => revisionOf(right) - revisionOf(left))[0]
}

function revisionOf(queue: string): number {
  return parseQueueName(queue)?.revision ?? 0
}

function ownerOf(plan: Plan | undefined, { name }: PlanStage): SnapshotOwner | undefined {
  const step = plan?.steps[name]
  if (plan === undefined || step?.kind !== 'component') return undefined
  const { component, function: called } = step
  return { flow: plan.flow.uid, step: name, component: `${component.kind}/${component.name}`, function: called.name }
}

function keepsNone(plan: Plan | undefined, step: string): UsageError {
  const keeping = plan?.stages.flatMap(({ name, snapshot }) => (snapshot === 'none' ? [] : [name])) ?? []
  if (keeping.length === 0) return new UsageError(`no step of the flow keeps a snapshot`)
  return new UsageError(`the step "${step}" keeps no snapshot${suggestion(step, keeping)}`)
}
