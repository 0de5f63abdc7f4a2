import type { Logger } from 'pino'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { LocalRuntime, LocalRuntimeOptions } from '../../local/local-runtime.ts'
import { openLocalRuntime } from '../../local/local-runtime.ts'
import { localCredentials } from '../../local/local-credentials.ts'
import type { Project } from '../../local/load-project.ts'
import { hasErrors, loadProject } from '../../local/load-project.ts'
import { liveCounts } from '../../local/live-counts.ts'
import type { LiveCounts } from '../../local/live-counts.ts'
import type { FinishedMessage, RunnerObserver } from '../../runtime/runner/runner-parts.ts'
import type { CredentialSource } from '../../runtime/plan-source.ts'
import type { DeadLetter } from '../../runtime/store/store.ts'
import { count, printFindings, summaryOf } from '../format-findings.ts'
import type { LiveView } from '../live-view.ts'
import { openLiveView } from '../live-view.ts'
import { openLog } from '../log.ts'
import { readObjectOption } from '../read-value.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'
import { runOnce } from './run-once.ts'
import { runTriggers } from './run-triggers.ts'

export interface RunOptions {
  readonly component: ReadonlyMap<string, string>
  readonly credential: ReadonlyMap<string, string>
  readonly port: number
  readonly state?: string
  readonly once: boolean
  readonly trigger?: string
  readonly data?: string
  readonly header: ReadonlyMap<string, string>
  readonly maxProcesses?: number
  readonly idleSeconds?: number
}

/** A running set of flows, as the two ways of running it see it. */
export interface Session {
  readonly context: CommandContext
  readonly options: RunOptions
  readonly runtime: LocalRuntime
  readonly counts: LiveCounts
  readonly view: LiveView
  readonly log: Logger
  readonly credentials: CredentialSource
  readonly deadLetters: () => number
  /** Who wants to hear of settled entries: the scheduler, once it is open. */
  readonly onEntrySettled: (listener: RunnerObserver['onEntrySettled']) => void
}

/** Exit code 0; 1 when something was dead-lettered (`--once`); 2 when lint fails or an option is wrong. */
export async function runCommand(
  context: CommandContext,
  paths: readonly string[],
  options: RunOptions,
): Promise<number> {
  const { terminal, catalogue } = context
  checkOnceOptions(options)
  const given = await readCredentials(options.credential)
  const project = await loadProject(paths, {
    strict: true,
    directories: options.component,
    catalogue,
    stdin: terminal.stdin,
    credentials: given.keys(),
  })
  printFindings({ ...terminal, out: terminal.err }, project.findings, 'text')
  if (hasErrors(project.findings)) {
    await project.components.close()
    terminal.err(`${summaryOf(project.findings)}: nothing runs until the errors are mended\n`)
    return 2
  }
  if (project.parsed.manifests.flows.length === 0) {
    await project.components.close()
    throw new UsageError('no flow in the given files; `weir init my-flow` writes a first one')
  }
  return runProject(context, project, { options, given })
}

interface Given {
  readonly options: RunOptions
  readonly given: ReadonlyMap<string, Readonly<Record<string, string>>>
}

async function runProject(context: CommandContext, project: Project, { options, given }: Given): Promise<number> {
  const { terminal } = context
  const view = openLiveView(options.once ? { ...terminal, isLive: false } : terminal)
  const log = openLog(context.logLevel, terminal, view.print)
  const counts = liveCounts(stepsOf(project))
  const credentials = localCredentials(project.parsed.manifests, given)
  let deadLetters = 0
  let entrySettled: RunnerObserver['onEntrySettled'] | undefined
  const runtime = await openLocalRuntime({
    ...limitsOf(options),
    ...project,
    environment: context.environment,
    credentials,
    log,
    observer: {
      ...counts.observe,
      onEntrySettled: (headers, emitted) => entrySettled?.(headers, emitted),
      onFinished: (finished) => {
        counts.observe.onFinished(finished)
        if (options.once) terminal.out(`${outputLine(finished)}\n`)
      },
    },
    onDeadLetter: (letter) => {
      deadLetters += 1
      view.print(`${terminal.style('red', 'dead letter')} ${describeDeadLetter(letter, project)}\n`)
    },
  })
  const onEntrySettled: Session['onEntrySettled'] = (listener) => {
    entrySettled = listener
  }
  const base = { context, options, runtime, counts, view, log, credentials, onEntrySettled }
  const session: Session = { ...base, deadLetters: () => deadLetters }
  return options.once ? runOnce(session) : runTriggers(session)
}

function limitsOf({ state, maxProcesses, idleSeconds }: RunOptions): Pick<LocalRuntimeOptions, 'state' | 'host'> {
  const host = {
    ...(maxProcesses !== undefined && { maxProcesses }),
    ...(idleSeconds !== undefined && { idleMs: idleSeconds * 1000 }),
  }
  return { host, ...(state !== undefined && { state }) }
}

function checkOnceOptions({ once, trigger, data, header }: RunOptions): void {
  if (once) return
  if (trigger !== undefined || data !== undefined || header.size > 0) {
    throw new UsageError('--trigger, --data and --header go with --once: they fire one trigger by hand')
  }
}

async function readCredentials(
  options: ReadonlyMap<string, string>,
): Promise<Map<string, Readonly<Record<string, string>>>> {
  const read = new Map<string, Readonly<Record<string, string>>>()
  for (const [name, text] of options)
    read.set(name, asStrings(name, await readObjectOption(`--credential ${name}`, text)))
  return read
}

function asStrings(name: string, fields: JsonObject): Readonly<Record<string, string>> {
  const entries = Object.entries(fields).map(([key, value]) => {
    if (typeof value === 'object') throw new UsageError(`--credential ${name}: "${key}" must be a string`)
    return [key, String(value)] as const
  })
  return Object.fromEntries(entries)
}

function stepsOf(project: Project): { flow: string; uid: string; step: string }[] {
  return project.plans.flatMap(({ flow, steps }) =>
    Object.keys(steps).map((step) => ({ flow: flow.name, uid: flow.uid, step })),
  )
}

function outputLine(finished: FinishedMessage): string {
  const { flow, step, run } = finished
  const message = finished.message()
  return JSON.stringify({ flow, step, run, data: message['data'], metadata: message['metadata'] })
}

function describeDeadLetter(letter: DeadLetter, { plans }: Project): string {
  const flow = plans.find((plan) => plan.flow.uid === letter.flow)?.flow.name ?? letter.flow
  const { step, code, message, run } = letter
  return `${flow}/${step} ${code}: ${message} (${count(letter.attempts, 'attempt')}, run ${run})`
}
