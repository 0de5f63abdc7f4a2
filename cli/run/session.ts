import type { Logger } from 'pino'
import type { Plan } from '../../flow/plan/plan.ts'
import type { Project } from '../../local/load-project.ts'
import type { LiveCounts } from '../../local/live-counts.ts'
import { liveCounts } from '../../local/live-counts.ts'
import type { LocalCredentials } from '../../local/local-credentials.ts'
import { localCredentials } from '../../local/local-credentials.ts'
import type { LocalRuntime } from '../../local/local-runtime.ts'
import type { FlowChange } from '../../local/local-plans.ts'
import { openLocalRuntime } from '../../local/local-runtime.ts'
import { maskSecrets } from '../../runtime/runner/host/mask-secrets.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { HostLimits } from '../../runtime/runner/host/host-options.ts'
import type { FinishedMessage, RunnerObserver } from '../../runtime/runner/runner-parts.ts'
import type { CommandContext, Interrupts } from '../commands/context.ts'
import { count } from '../format-findings.ts'
import { openLog } from '../log.ts'
import type { Output } from '../terminal.ts'
import type { LiveView } from './live-view.ts'
import { openLiveView } from './live-view.ts'
import { runObserver } from './run-observer.ts'

/** A running set of flows, as the two ways of running it see it. */
export interface Session {
  readonly interrupts: Interrupts
  readonly runtime: LocalRuntime
  readonly counts: LiveCounts
  readonly view: LiveView
  readonly log: Logger
  /** Runs the flows of this project from now on, which is closed with the session. */
  readonly change: (project: RunnableProject) => Promise<readonly FlowChange[]>
  /** What stays on standard error: above the live view, with secrets made unreadable. */
  readonly say: (text: string) => void
  /** Who wants to hear of settled entries: the scheduler, once it is open. */
  readonly onEntrySettled: (listener: RunnerObserver['onEntrySettled']) => void
}

export interface SessionOptions {
  readonly state?: string
  /** One trigger is fired by hand: a suspended flow runs as well. */
  readonly isByHand: boolean
  readonly host: Partial<HostLimits>
  readonly credentials: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Called for each message that left a last step. */
  readonly onFinished: (finished: FinishedMessage, view: LiveView) => void
}

/** A project without errors, and its plans. */
export interface RunnableProject extends Project {
  readonly plans: readonly Plan[]
}

/** Opens everything but the triggers. */
export async function openSession(
  context: CommandContext,
  project: RunnableProject,
  options: SessionOptions,
): Promise<Session> {
  const { terminal } = context
  const interrupts = context.takeInterrupts()
  const credentialsOf = ({ parsed }: Project): LocalCredentials =>
    localCredentials(parsed.manifests, options.credentials)
  const credentials = credentialsOf(project)
  const view = openLiveView({ err: terminal.err, screen: terminal.screen, clock: systemClock })
  const { err, hide } = maskedOutput(terminal.err, view)
  hide(credentials.secrets)
  const log = openLog(context.logLevel, err)
  const counts = liveCounts(project.plans)
  const plans = [...project.plans]
  const { onEntrySettled, ...hears } = runObserver({
    plans,
    counts,
    clock: systemClock,
    err,
    log,
    onFinished: (finished) => options.onFinished(finished, view),
  })
  const runtime = await openLocalRuntime({
    ...project,
    ...hears,
    credentials,
    log,
    environment: context.environment,
    stopped: interrupts.stopped,
    host: options.host,
    isByHand: options.isByHand,
    ...(options.state !== undefined && { state: options.state }),
  })
  if (runtime.resumed > 0) err.write(`going on with ${count(runtime.resumed, 'message')} of the last run\n`)
  const change = async (next: RunnableProject): Promise<readonly FlowChange[]> => {
    const given = credentialsOf(next)
    hide(given.secrets)
    counts.know(next.plans)
    plans.push(...next.plans)
    return runtime.change({ ...next, credentials: given })
  }
  return { interrupts, runtime, counts, view, log, change, say: err.write, onEntrySettled }
}

/** What a component or a server says may hold what it was told in confidence. */
function maskedOutput(
  err: Output,
  view: LiveView,
): { readonly err: Output; readonly hide: (secrets: readonly string[]) => void } {
  const hidden = new Set<string>()
  let mask = maskSecrets([])
  return {
    err: { style: err.style, write: (text) => view.print(err, mask(text)) },
    hide: (secrets) => {
      for (const secret of secrets) hidden.add(secret)
      mask = maskSecrets([...hidden])
    },
  }
}
