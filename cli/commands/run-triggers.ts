import type { Gateway } from '../../runtime/gateway/open-gateway.ts'
import { openGateway } from '../../runtime/gateway/open-gateway.ts'
import type { Scheduler } from '../../runtime/scheduler/open-scheduler.ts'
import { openScheduler } from '../../runtime/scheduler/open-scheduler.ts'
import { depthGate } from '../../runtime/trigger/gate.ts'
import { sleep } from '../../runtime/clock.ts'
import { count } from '../format-findings.ts'
import type { StepSample } from '../live-view.ts'
import type { Session } from './run.ts'

const drainMs = 30_000
const drawEveryMs = 500
const queuedAtTriggers = 1000

/** Opens all triggers and runs until Ctrl-C, which lets everything finish that has started. */
export async function runTriggers(session: Session): Promise<number> {
  const { runtime, context, view } = session
  try {
    const gate = depthGate(runtime.broker, runtime.clock, queuedAtTriggers)
    const gateway = await openWebhooks(session, gate)
    const scheduler = await openScheduler({ ...runtime, gate, logger: session.log })
    session.onEntrySettled(scheduler.entrySettled)
    announce(session, gateway)
    await drawUntilInterrupted(session)
    view.close()
    context.terminal.err('finishing what has started; a second Ctrl-C stops at once\n')
    await closeTriggers(scheduler, gateway)
    await drain(session)
    return 0
  } finally {
    await runtime.close(drainMs)
  }
}

async function openWebhooks(session: Session, gate: ReturnType<typeof depthGate>): Promise<Gateway | undefined> {
  const { runtime, options } = session
  const hasWebhook = runtime.plans.all.some(({ triggers }) => triggers.some(({ kind }) => kind === 'webhook'))
  if (!hasWebhook) return undefined
  return openGateway({
    ...runtime,
    gate,
    credentials: session.credentials,
    logger: session.log,
    host: '127.0.0.1',
    port: options.port,
  })
}

async function closeTriggers(scheduler: Scheduler, gateway: Gateway | undefined): Promise<void> {
  await scheduler.close()
  await gateway?.close(drainMs)
}

function announce({ runtime, context }: Session, gateway: Gateway | undefined): void {
  const { terminal } = context
  for (const { flow, triggers, revision } of runtime.plans.all) {
    const state = flow.suspend ? ' (suspended)' : ''
    terminal.err(
      `flow ${flow.name}, revision ${revision}${state}: ${triggers.map(({ name, kind }) => `${name} (${kind})`).join(', ')}\n`,
    )
    for (const { kind, spec } of triggers) {
      if (kind !== 'webhook' || gateway === undefined) continue
      const methods = spec.webhook?.methods ?? ['POST']
      terminal.err(
        `  ${methods.join(', ')} http://127.0.0.1:${gateway.port}/hooks/${flow.namespace}${spec.webhook?.path ?? ''}\n`,
      )
    }
  }
  terminal.err('running; Ctrl-C stops\n')
}

async function drawUntilInterrupted(session: Session): Promise<void> {
  const { runtime, view, context } = session
  const isInterrupted = (): boolean => context.interrupted.aborted
  while (!isInterrupted()) {
    view.draw(await sample(session), runtime.clock.now())
    await sleep(runtime.clock, drawEveryMs, context.interrupted).catch(() => {})
  }
}

async function sample({ runtime, counts }: Session): Promise<StepSample[]> {
  const queues = new Map(
    runtime.plans.all.flatMap(({ flow, stages }) => stages.map(({ name, queue }) => [`${flow.name} ${name}`, queue])),
  )
  return Promise.all(
    counts.steps().map(async (step) => {
      const queue = queues.get(`${step.flow} ${step.step}`)
      const depth = queue === undefined ? undefined : await runtime.broker.depth(queue)
      return { ...step, queued: (depth?.ready ?? 0) + (depth?.parked ?? 0), inFlight: depth?.unacknowledged ?? 0 }
    }),
  )
}

/** Until nothing is queued or running; what waits for a retry does not hold it up. */
async function drain({ runtime, context }: Session): Promise<void> {
  const until = runtime.clock.now() + drainMs
  const isBusy = (): boolean => {
    const { ready, unacknowledged } = runtime.broker.pending()
    return ready + unacknowledged > 0
  }
  while (isBusy() && runtime.clock.now() < until) await sleep(runtime.clock, 50)
  const { ready, unacknowledged, parked } = runtime.broker.pending()
  const left = ready + unacknowledged + parked
  if (left > 0)
    context.terminal.err(
      `${count(left, 'message')} had not finished and ${left === 1 ? 'is' : 'are'} gone: the queues of a local run are in memory\n`,
    )
}
