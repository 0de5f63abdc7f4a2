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
import type { StepMeters } from '../../runtime/metrics/step-meters.ts'
import { stepMeters } from '../../runtime/metrics/step-meters.ts'
import type { FinishedMessage, RunnerObserver, Tracer } from '../../runtime/runner/runner-parts.ts'
import type { CommandContext, Interrupts } from '../commands/context.ts'
import { openLog } from '../log.ts'
import type { Output } from '../terminal.ts'
import type { LiveView } from './live-view.ts'
import { openLiveView } from './live-view.ts'
import type { RunServers } from './open-run-servers.ts'
import type { RunObserver, RunObserverParts } from './run-observer.ts'
import { runObserver } from './run-observer.ts'
import type { ServerUrls } from './server-urls.ts'
import { openServerWatch } from './server-watch.ts'
import { openSurroundings, tellResumed } from './surroundings.ts'

/** A running set of flows, as the two ways of running it see it. */
export interface Session {
  readonly interrupts: Interrupts
  readonly runtime: LocalRuntime
  readonly counts: LiveCounts
  readonly view: LiveView
  readonly log: Logger
  /** Where queues and state are, when that is not here. */
  readonly servers: Pick<RunServers, 'brokerName' | 'storeName'> | undefined
  /** Where health and metrics are shown. */
  readonly probesUrl: string | undefined
  /** Where traces go. */
  readonly tracer: Tracer | undefined
  readonly meters: StepMeters
  /** Runs the flows of this project from now on, which is closed with the session. */
  readonly change: (project: RunnableProject) => Promise<readonly FlowChange[]>
  /** What stays on standard error: above the live view, with secrets made unreadable. */
  readonly say: (text: string) => void
  /** Who wants to hear of settled entries: the scheduler, once it is open. */
  readonly onEntrySettled: (listener: RunnerObserver['onEntrySettled']) => void
  /** Closes the runtime, as that does, and all that is around it. */
  readonly close: (deadlineMs: number) => Promise<number | undefined>
}

export interface SessionOptions {
  readonly state?: string
  readonly servers?: ServerUrls
  /** Where health and metrics are shown; 0 takes a free one. */
  readonly httpPort?: number
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
  const serverWatch = openServerWatch(systemClock)
  const log = openLog(context.logLevel, err, serverWatch.isTold)
  const heard = hearing(project, { err, log, onFinished: (finished) => options.onFinished(finished, view) })
  const { counts, meters, onEntrySettled, observer, onDeadLetter } = heard
  const { servers, tracing, probes, opened } = await openSurroundings(context, options, { log, serverWatch })
  const runtime = await openLocalRuntime({
    ...project,
    observer,
    onDeadLetter,
    credentials,
    log,
    environment: context.environment,
    stopped: interrupts.stopped,
    host: options.host,
    isByHand: options.isByHand,
    ...(options.state !== undefined && { state: options.state }),
    ...(servers !== undefined && { servers }),
    ...(tracing !== undefined && { tracer: tracing.tracer }),
  }).catch((error: unknown) => opened.disposeAsync().then(() => Promise.reject(error)))
  probes?.serve(runtime, meters)
  tellResumed(err, runtime, servers)
  const change = async (next: RunnableProject): Promise<readonly FlowChange[]> => {
    const given = credentialsOf(next)
    hide(given.secrets)
    heard.know(next.plans)
    return runtime.change({ ...next, credentials: given })
  }
  const close = async (deadlineMs: number): Promise<number | undefined> => {
    // That they are closed is nothing to be told of.
    serverWatch.close()
    const left = await runtime.close(deadlineMs)
    await opened.disposeAsync()
    return left
  }
  const shown = { servers, probesUrl: probes?.url, tracer: tracing?.tracer, meters }
  return { interrupts, runtime, counts, view, log, ...shown, change, say: err.write, onEntrySettled, close }
}

/** What listens to a run, and may come to know more plans. */
interface Hearing extends RunObserver {
  readonly counts: LiveCounts
  readonly meters: StepMeters
  readonly know: (plans: readonly Plan[]) => void
}

function hearing(project: RunnableProject, parts: Pick<RunObserverParts, 'err' | 'log' | 'onFinished'>): Hearing {
  const counts = liveCounts(project.plans)
  const meters = stepMeters()
  const plans = [...project.plans]
  return {
    ...runObserver({ ...parts, plans, counts, meters, clock: systemClock }),
    counts,
    meters,
    know: (more) => {
      counts.know(more)
      plans.push(...more)
    },
  }
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
