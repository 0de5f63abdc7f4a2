import { systemClock } from '../../runtime/clock.ts'
import type { Run, Store } from '../../runtime/store/store.ts'
import { age } from '../age.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { findFlow, flowNames } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { instantOf } from '../instant.ts'
import { tellMissing } from '../runs/tell-missing.ts'
import { printStructured } from '../structured.ts'
import { table } from '../table.ts'
import type { CommandContext } from './context.ts'

export interface RunsListOptions extends ConnectOptions {
  readonly flow?: string
  readonly since?: string
  readonly limit: number
  readonly output: 'table' | 'json' | 'yaml' | 'name'
}

/** Prints runs, newest first. */
export function runsListCommand(context: CommandContext, options: RunsListOptions): Promise<number> {
  return withStore(context, options, async (store) => {
    const nowMs = systemClock.now()
    const runs = await wanted(store, options, nowMs)
    const names = flowNames(store)
    const named = await Promise.all(runs.map(async (run) => ({ run, flow: await names(run.flow) })))
    await print(context, named, { form: options.output, nowMs })
    await tellMissing(context.terminal.err, store)
    return 0
  })
}

async function wanted(store: Store, { flow, since, limit }: RunsListOptions, nowMs: number): Promise<readonly Run[]> {
  return store.runs.list({
    limit,
    ...(flow !== undefined && { flow: (await findFlow(store, flow)).uid }),
    ...(since !== undefined && { startedFrom: instantOf('--since', since, nowMs) }),
  })
}

interface Named {
  readonly run: Run
  readonly flow: string
}

async function print(
  { terminal }: CommandContext,
  named: readonly Named[],
  { form, nowMs }: { readonly form: RunsListOptions['output']; readonly nowMs: number },
): Promise<void> {
  const { out, err } = terminal
  switch (form) {
    case 'name':
      return out.write(named.map(({ run }) => `${run.id}\n`).join(''))
    case 'json':
    case 'yaml':
      return printStructured(terminal, named.map(valueOf), form)
    case 'table': {
      if (named.length === 0) return err.write('no runs\n')
      const rows = named.map(({ run: { id, trigger, revision, startedAt }, flow }) => [
        id,
        flow,
        trigger,
        String(revision),
        age(nowMs - startedAt),
      ])
      return out.write(table(['RUN', 'FLOW', 'TRIGGER', 'REVISION', 'AGE'], rows))
    }
  }
}

function valueOf({ run, flow }: Named): unknown {
  const { id, trigger, revision, startedAt } = run
  return { id, flow, flowUid: run.flow, trigger, revision, startedAt: new Date(startedAt).toISOString() }
}
