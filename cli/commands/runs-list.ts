import { systemClock } from '../../runtime/clock.ts'
import type { Run, Store } from '../../runtime/store/store.ts'
import { age } from '../age.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { findFlow, flowNames } from '../connect/find-flow.ts'
import { withStore } from '../connect/with-store.ts'
import { instantOf } from '../instant.ts'
import { failedRuns } from '../runs/failed-runs.ts'
import { lookAtRun } from '../runs/look-at-run.ts'
import type { RunSummary } from '../runs/run-summary.ts'
import { runValue } from '../runs/run-value.ts'
import { tellMissing } from '../runs/tell-missing.ts'
import { span } from '../runs/tree-lines.ts'
import { printStructured } from '../structured.ts'
import { table } from '../table.ts'
import type { CommandContext } from './context.ts'

export interface RunsListOptions extends ConnectOptions {
  readonly flow?: string
  readonly since?: string
  readonly failed?: boolean
  readonly limit: number
  readonly output: 'table' | 'json' | 'yaml' | 'name'
}

/** Prints runs, newest first, and how each stands. */
export function runsListCommand(context: CommandContext, options: RunsListOptions): Promise<number> {
  return withStore(context, options, async (store) => {
    const nowMs = systemClock.now()
    const runs = await wanted(store, options, nowMs)
    await print(context, { store, runs, form: options.output, nowMs })
    await tellMissing(context.terminal.err, store)
    return 0
  })
}

async function wanted(
  store: Store,
  { flow, since, limit, failed }: RunsListOptions,
  nowMs: number,
): Promise<readonly Run[]> {
  const filter = {
    limit,
    ...(flow !== undefined && { flow: (await findFlow(store, flow)).uid }),
    ...(since !== undefined && { startedFrom: instantOf('--since', since, nowMs) }),
  }
  return failed === true ? failedRuns(store, filter) : store.runs.list(filter)
}

interface Printing {
  readonly store: Store
  readonly runs: readonly Run[]
  readonly form: RunsListOptions['output']
  readonly nowMs: number
}

async function print({ terminal }: CommandContext, { store, runs, form, nowMs }: Printing): Promise<void> {
  const { out, err } = terminal
  switch (form) {
    case 'name':
      return out.write(runs.map(({ id }) => `${id}\n`).join(''))
    case 'json':
    case 'yaml': {
      const listed = await lookAtAll(store, runs)
      const values = listed.map(({ run, flow, summary }) => runValue(run, flow, summary))
      return printStructured(terminal, values, form)
    }
    case 'table': {
      if (runs.length === 0) return err.write('no runs\n')
      const listed = await lookAtAll(store, runs)
      const rows = listed.map((one) => rowOf(one, nowMs))
      return out.write(
        table(['RUN', 'FLOW', 'TRIGGER', 'REVISION', 'STATE', 'MESSAGES', 'DEAD', 'DURATION', 'AGE'], rows),
      )
    }
  }
}

interface Listed {
  readonly run: Run
  readonly flow: string
  readonly summary: RunSummary
}

/** A run may have a hundred thousand events: so few are held at a time. */
const atATime = 4

async function lookAtAll(store: Store, runs: readonly Run[]): Promise<Listed[]> {
  const names = flowNames(store)
  const listed: Listed[] = []
  for (let from = 0; from < runs.length; from += atATime) {
    const looks = runs.slice(from, from + atATime).map(async (run) => {
      const { summary } = await lookAtRun(store, run)
      return { run, flow: await names(run.flow), summary }
    })
    listed.push(...(await Promise.all(looks)))
  }
  return listed
}

function rowOf({ run, flow, summary }: Listed, nowMs: number): string[] {
  const { id, trigger, revision, startedAt } = run
  const { state, messages, dead, lastAt } = summary
  const duration = lastAt === undefined ? '-' : span(Math.max(0, lastAt - startedAt))
  return [id, flow, trigger, String(revision), state, String(messages), String(dead), duration, age(nowMs - startedAt)]
}
