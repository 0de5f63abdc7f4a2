import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Finding } from '../../flow/finding/finding.ts'
import type { Project } from '../../local/load-project.ts'
import { hasErrors, loadProject } from '../../local/load-project.ts'
import { runnableFindings } from '../../local/runnable-findings.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { HostLimits } from '../../runtime/runner/host/host-options.ts'
import type { FinishedMessage } from '../../runtime/runner/runner-parts.ts'
import { summaryOf } from '../format-findings.ts'
import { readObjectOption } from '../read-value.ts'
import { chooseTrigger } from '../run/choose-trigger.ts'
import type { EditedFiles, JudgedProject } from '../run/follow-edits.ts'
import { printJudged, runnable } from '../run/follow-edits.ts'
import { firstMessage } from '../run/first-message.ts'
import { runOnce } from '../run/run-once.ts'
import { runTriggers } from '../run/run-triggers.ts'
import type { RunnableProject, Session, SessionOptions } from '../run/session.ts'
import { serverUrls } from '../run/server-urls.ts'
import { openSession } from '../run/session.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'
import { hintsOf } from './hints.ts'

export interface RunOptions {
  readonly component: ReadonlyMap<string, string>
  readonly credential: ReadonlyMap<string, string>
  readonly port: number
  readonly state?: string
  readonly broker?: string
  readonly store?: string
  readonly brokerManagement?: string
  readonly httpPort?: number
  readonly once: boolean
  readonly watch: boolean
  readonly trigger?: string
  readonly data?: string
  readonly header: ReadonlyMap<string, string>
  readonly maxProcesses?: number
  readonly idleSeconds?: number
}

/** Exit code 0; 1 when something was dead-lettered (`--once`); 2 when lint fails or it cannot be started. */
export async function runCommand(
  context: CommandContext,
  paths: readonly string[],
  options: RunOptions,
): Promise<number> {
  checkOptions(options, paths)
  serverUrls(options, context.environment) // a mistake in what was typed is told at once
  const credentials = await readCredentials(options.credential, context)
  const load = (): Promise<Project> =>
    loadProject(paths, {
      strict: true,
      directories: options.component,
      catalogue: context.catalogue,
      stdin: context.terminal.stdin,
      credentials: credentials.keys(),
    })
  const judged = judge(await load(), { options, credentials })
  printJudged(context.terminal.err, judged)
  if (hasErrors(judged.findings)) return refuse(context, judged.findings)
  if (judged.project.parsed.manifests.flows.length === 0) {
    throw new UsageError('no flow in the given files; `weir init my-flow` writes a first one')
  }
  const edits: EditedFiles = { paths, load: async () => judge(await load(), { options, credentials }) }
  return runProject(context, runnable(judged.project), { options, credentials, edits })
}

interface Given {
  readonly options: RunOptions
  readonly credentials: Credentials
}

function judge(project: Project, { options, credentials }: Given): JudgedProject {
  const findings = [...project.findings, ...runnableFindings(project)]
  return { project, findings, hints: hintsOf({ ...project, findings }, options.component, credentials.keys()) }
}

function refuse({ terminal }: CommandContext, findings: readonly Finding[]): number {
  terminal.err.write(`${summaryOf(findings)}: nothing runs until the errors are mended\n`)
  return 2
}

type Credentials = ReadonlyMap<string, Readonly<Record<string, string>>>

async function runProject(
  context: CommandContext,
  project: RunnableProject,
  { options, credentials, edits }: Given & { readonly edits: EditedFiles },
): Promise<number> {
  const servers = serverUrls(options, context.environment)
  const open = (onFinished: SessionOptions['onFinished']): Promise<Session> =>
    openSession(context, project, {
      host: hostLimits(options),
      credentials,
      onFinished,
      isByHand: options.once,
      ...(options.state !== undefined && { state: options.state }),
      ...(servers !== undefined && { servers }),
      ...(options.httpPort !== undefined && { httpPort: options.httpPort }),
    })
  if (!options.once) {
    return runTriggers(await open(() => {}), { port: options.port, ...(options.watch && { edits }) })
  }
  const { out, isOutShown } = context.terminal
  // Before anything is opened: a mistake in what was typed leaves no trace.
  const chosen = chooseTrigger(project.plans, options.trigger)
  const first = await firstMessage(chosen, options, { terminal: context.terminal, nowMs: systemClock.now() })
  const session = await open((finished, view) => {
    const line = `${outputLine(finished)}\n`
    if (isOutShown) view.print(out, line)
    else out.write(line)
  })
  return runOnce(session, { chosen, first })
}

function hostLimits({ maxProcesses, idleSeconds }: RunOptions): Partial<HostLimits> {
  return {
    ...(maxProcesses !== undefined && { maxProcesses }),
    ...(idleSeconds !== undefined && { idleMs: idleSeconds * 1000 }),
  }
}

function checkOptions({ once, watch, trigger, data, header }: RunOptions, paths: readonly string[]): void {
  if (watch && once)
    throw new UsageError('--watch follows edits for as long as all triggers run; with --once nothing does')
  if (watch && paths.includes('-')) throw new UsageError('standard input cannot be watched: give files or directories')
  if (once) return
  if (trigger !== undefined || data !== undefined || header.size > 0) {
    throw new UsageError('--trigger, --data and --header go with --once: they fire one trigger by hand')
  }
}

async function readCredentials(
  options: ReadonlyMap<string, string>,
  { terminal }: CommandContext,
): Promise<Credentials> {
  const read = new Map<string, Readonly<Record<string, string>>>()
  for (const [name, text] of options) {
    const option = { option: `--credential ${name}`, text, fileForm: `${name}=@FILE` }
    read.set(name, asStrings(name, await readObjectOption(option, terminal)))
  }
  return read
}

function asStrings(name: string, fields: JsonObject): Readonly<Record<string, string>> {
  const entries = Object.entries(fields).map(([key, value]) => {
    if (typeof value === 'object') throw new UsageError(`--credential ${name}: "${key}" must be a text`)
    return [key, String(value)] as const
  })
  return Object.fromEntries(entries)
}

function outputLine(finished: FinishedMessage): string {
  const { flow, step, run } = finished
  const message = finished.message()
  return JSON.stringify({ flow, step, run, data: message['data'], metadata: message['metadata'] })
}
