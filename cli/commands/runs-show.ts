import { systemClock } from '../../runtime/clock.ts'
import type { Run, Store } from '../../runtime/store/store.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { flowNames } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { describeRun } from '../runs/describe-run.ts'
import { lookAtRun, mostEvents } from '../runs/look-at-run.ts'
import { runTree } from '../runs/run-tree.ts'
import { runValue } from '../runs/run-value.ts'
import { tellMissing } from '../runs/tell-missing.ts'
import { printStructured } from '../structured.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface RunsShowOptions extends ConnectOptions {
  readonly output: 'text' | 'json' | 'yaml'
}

/** Prints a run with the tree of its messages. */
export function runsShowCommand(
  context: CommandContext,
  id: string,
  { output, ...options }: RunsShowOptions,
): Promise<number> {
  return withStore(context, options, async (store) => {
    const { out, err } = context.terminal
    const run = (await store.runs.get(id)) ?? (await runOfEvents(store, id)) ?? (await runOfPrefix(store, id))
    const [{ events, messages, summary, isCut }, plan, flow] = await Promise.all([
      lookAtRun(store, run),
      store.plans.get(run.flow, run.revision),
      flowNames(store)(run.flow),
    ])
    const tree = runTree(run, plan, messages)
    const missing = await tellMissing(err, store)
    if (isCut) err.write(`the run has more events than these ${mostEvents}: its end is not shown\n`)
    if (plan === undefined) err.write(`revision ${run.revision} is gone: steps are shown as they came\n`)
    if (output === 'text') out.write(describeRun({ run, flow, summary, tree, missing }, systemClock.now()))
    else {
      const value = { ...runValue(run, flow, summary), missing, tree: tree.nodes, orphans: tree.orphans, events }
      await printStructured(context.terminal, value, output)
    }
    return 0
  })
}

/** Its beginning was not observed, or is forgotten: what came after tells enough. */
async function runOfEvents({ runs, plans }: Pick<Store, 'runs' | 'plans'>, id: string): Promise<Run | undefined> {
  const [first] = await runs.events(id, 1)
  if (first === undefined) return undefined
  const { namespace, flow, at, durationMs } = first
  const plan = await plans.latest(flow)
  return { namespace, flow, id, trigger: '?', revision: plan?.revision ?? 0, startedAt: at - durationMs }
}

const mostLookedAt = 20_000

async function runOfPrefix({ runs }: Pick<Store, 'runs'>, typed: string): Promise<Run> {
  const found = (await runs.list({ limit: mostLookedAt })).filter(({ id }) => id.startsWith(typed))
  const [run, ...others] = found
  if (run !== undefined && others.length === 0) return run
  if (run === undefined) {
    throw new UsageError(
      `there is no run "${typed}": it is forgotten by now, or was never observed; "weir runs list" shows what is there`,
    )
  }
  const first = found.slice(0, 5).map(({ id }) => id)
  throw new UsageError(`"${typed}" is the beginning of several: ${first.join(', ')}`)
}
