import type { Plan } from '../../flow/plan/plan.ts'
import type { Clock } from '../clock.ts'
import type { PlanSource } from '../plan-source.ts'
import { openEventPublisher } from '../recorder/event-publisher.ts'
import { oneByOne } from '../scheduler/one-by-one.ts'
import { openScheduler, type Scheduler } from '../scheduler/open-scheduler.ts'
import type { Run } from '../store/store.ts'
import { depthGate } from '../trigger/gate.ts'
import type { Ground } from './open-ground.ts'
import type { OpenTenant } from './open-tenants.ts'
import type { ServedTenant } from './serve-tenants.ts'
import { watchSettlements } from './watch-settlements.ts'

/** What is queued is bounded at the sources. */
const queuedAtTriggers = 1000

export interface SchedulerPart extends ServedTenant, Pick<Scheduler, 'nextFires' | 'stats'> {}

/** Fires the schedules, polls and endless triggers of a namespace. */
export async function openSchedulerPart(ground: Ground, tenant: OpenTenant, clock: Clock): Promise<SchedulerPart> {
  const opened = new AsyncDisposableStack()
  try {
    return await openOn(opened, await ground.openTenant(tenant, opened), { tenant, clock })
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

async function openOn(
  opened: AsyncDisposableStack,
  { broker, store, plans }: Awaited<ReturnType<Ground['openTenant']>>,
  { tenant: { log }, clock }: { readonly tenant: OpenTenant; readonly clock: Clock },
): Promise<SchedulerPart> {
  const events = openEventPublisher({ broker, clock, log })
  opened.defer(events.close)
  const settlements = watchSettlements({ runs: store.runs, clock, log })
  opened.defer(async () => settlements.close())
  const onRun = (run: Run): void => {
    events.observe({ kind: 'run', run })
    if (isInterval(plans, run)) settlements.watch(run)
  }
  const gate = depthGate(broker, clock, queuedAtTriggers)
  const scheduler = await openScheduler({ broker, store, plans, clock, log, gate, onRun })
  opened.defer(scheduler.close)
  settlements.tell(({ flow, trigger, id }, emitted) => scheduler.entrySettled({ flow, trigger, run: id }, emitted))
  const inTurn = oneByOne()
  const refresh = (): Promise<void> =>
    inTurn('refresh', scheduler.refresh).catch((err: unknown) => log.error({ err }, 'triggers do not follow an edit'))
  opened.defer(async () => refresh())
  const forget = plans.onChange(() => void refresh())
  opened.defer(async () => forget())
  // What has changed while it was opened.
  await refresh()
  const { nextFires, stats } = scheduler
  return { broker, store, dropped: events.dropped, nextFires, stats, close: () => opened.disposeAsync() }
}

/** Only these wait for the end of what they have started. */
function isInterval(plans: Pick<PlanSource, 'active'>, { flow, trigger }: Run): boolean {
  const plan: Plan | undefined = plans.active(flow)
  const kind = plan?.triggers.find(({ name }) => name === trigger)?.kind
  return kind === 'poll' || kind === 'listen'
}
