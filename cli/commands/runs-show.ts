import { systemClock } from '../../runtime/clock.ts'
import type { Run, Store } from '../../runtime/store/store.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { flowNames } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { describeRun } from '../runs/describe-run.ts'
import { runTree } from '../runs/run-tree.ts'
import { tellMissing } from '../runs/tell-missing.ts'
import { printStructured } from '../structured.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface RunsShowOptions extends ConnectOptions {
  readonly output: 'text' | 'json' | 'yaml'
}

/** Prints a run with the tree of its steps. */
export function runsShowCommand(
  context: CommandContext,
  id: string,
  { output, ...options }: RunsShowOptions,
): Promise<number> {
  return withStore(context, options, async (store) => {
    const { terminal } = context
    const run = (await store.runs.get(id)) ?? (await runOfPrefix(store, id))
    const [events, plan, flow] = await Promise.all([
      store.runs.events(run.id),
      store.plans.get(run.flow, run.revision),
      flowNames(store)(run.flow),
    ])
    const tree = runTree(plan, run.trigger, events)
    const missing = await tellMissing(terminal.err, store)
    if (output === 'text') terminal.out.write(describeRun({ run, flow, tree, events }, systemClock.now()))
    else await printStructured(terminal, { ...run, flowName: flow, missing, steps: tree, events }, output)
    if (plan === undefined) terminal.err.write(`revision ${run.revision} is gone: steps are shown as they came\n`)
    return 0
  })
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
  throw new UsageError(
    `"${typed}" is the beginning of several: ${found
      .slice(0, 5)
      .map(({ id }) => id)
      .join(', ')}`,
  )
}
