import type { Broker } from '../broker/broker.ts'
import { sleep, type Clock } from '../clock.ts'
import type { Load } from '../gateway/load.ts'
import { openLoad } from '../gateway/load.ts'
import { openDesk, type Desk } from '../gateway/open-desk.ts'
import type { GatewayLimits } from '../gateway/gateway-parts.ts'
import type { RecentRuns } from '../gateway/recent-runs.ts'
import type { CredentialSource, PlanSource } from '../plan-source.ts'
import type { EventBatcher } from '../recorder/event-batcher.ts'
import { openEventPublisher } from '../recorder/event-publisher.ts'
import { depthGate } from '../trigger/gate.ts'
import type { Servers } from '../process/open-servers.ts'
import type { Ground } from './open-ground.ts'
import { openLine, type Line } from './open-line.ts'
import type { OpenTenant } from './open-tenants.ts'
import type { ServedTenant } from './serve-tenants.ts'

/** What all namespaces of a gateway share. */
export interface GatewayShared {
  readonly clock: Clock
  /** Of all namespaces. */
  readonly whole: Load
  /** Of one of them: it leaves room for the others. */
  readonly limits: GatewayLimits
  readonly credentials: CredentialSource
  /** Of all namespaces. */
  readonly recent: RecentRuns
}

/** The webhooks of one namespace. */
export interface GatewayPart extends ServedTenant {
  readonly namespace: string
  readonly desk: Desk
  /** Its broker was reached, or is not needed. */
  readonly isReady: () => boolean
}

/** What is queued is bounded at the sources. */
const queuedAtTriggers = 1000
/** For who is being served, when the namespace goes or has another login. */
const lastWordMs = 5_000
const lookMs = 50

/** Answers the webhooks of a namespace. Its broker is connected as long as there is one; MongoDB may be down. */
export async function openGatewayPart(ground: Ground, tenant: OpenTenant, shared: GatewayShared): Promise<GatewayPart> {
  const { namespace, log } = tenant
  const { clock } = shared
  const plans = await ground.openPlans(tenant)
  const load = openLoad(shared.limits, shared.whole)
  const line: Line<Connected> = openLine({
    clock,
    log,
    isBusy: () => !load.isIdle(),
    onClosing: () => desk.rest(),
    open: async (opened, signal) => {
      const servers = await ground.openServers({ ...tenant, signal }, opened, { isStoreLate: true, isEager: false })
      const events = openEventPublisher({ ...servers, clock, log })
      opened.defer(events.close)
      return { ...servers, events }
    },
  })
  const desk = openTenantDesk(line, { ...shared, plans, namespace, log, load })
  const follow = (): void => {
    desk.refresh()
    line.need(hasWebhook(plans))
  }
  const forget = plans.onChange(follow)
  follow()
  return {
    namespace,
    desk,
    ...served(line, clock.now()),
    close: async () => {
      forget()
      load.close()
      await untilIdle(load, clock)
      desk.releaseAll()
      await line.close()
      await plans.close()
    },
  }
}

interface Connected extends Servers {
  readonly events: EventBatcher
}

interface TenantDeskParts extends GatewayShared {
  readonly plans: PlanSource
  readonly namespace: string
  readonly log: OpenTenant['log']
  readonly load: Load
}

function openTenantDesk(line: Line<Connected>, parts: TenantDeskParts): Desk {
  const { clock, log, namespace, plans, credentials, load, recent } = parts
  const broker = brokerBy(() => line.get().broker)
  return openDesk({
    plans,
    broker,
    clock,
    log,
    load,
    recent,
    gate: depthGate(broker, clock, queuedAtTriggers),
    onRun: (run) => line.held()?.events.observe({ kind: 'run', run }),
    // Whatever a plan says of where it is.
    credentials: { get: async (_, name, wish) => credentials.get(namespace, name, wish) },
    store: {
      runs: {
        get: async (id) => line.get().store.runs.get(id),
        events: async (id, limit) => line.get().store.runs.events(id, limit),
      },
    },
  })
}

type UsedBroker = Pick<Broker, 'publish' | 'consume' | 'declareQueues' | 'deleteQueue' | 'depth'>

/** Whichever is open when it is asked. */
function brokerBy(now: () => Broker): UsedBroker {
  return {
    publish: async (target, message) => now().publish(target, message),
    consume: async (queue, options, handler) => now().consume(queue, options, handler),
    declareQueues: async (queues) => now().declareQueues(queues),
    deleteQueue: async (queue) => now().deleteQueue(queue),
    depth: async (queue) => now().depth(queue),
  }
}

function hasWebhook(plans: Pick<PlanSource, 'flows' | 'active'>): boolean {
  return plans.flows().some((flow) => plans.active(flow)?.triggers.some(({ kind }) => kind === 'webhook') === true)
}

async function untilIdle(load: Load, clock: Clock): Promise<void> {
  for (let waitedMs = 0; !load.isIdle() && waitedMs < lastWordMs; waitedMs += lookMs) await sleep(clock, lookMs)
}

function served(line: Line<Connected>, since: number): Pick<GatewayPart, 'broker' | 'store' | 'dropped' | 'isReady'> {
  const unreached = { kind: 'connecting', since, reason: 'the namespace’s broker has not been reached yet' } as const
  const idle = { kind: 'ready' } as const
  return {
    isReady: line.isReady,
    dropped: () => line.held()?.events.dropped() ?? 0,
    store: { health: () => line.held()?.store.health() ?? idle },
    broker: {
      health: () => line.held()?.broker.health() ?? (line.isReady() ? idle : unreached),
      depth: async (queue) => line.held()?.broker.depth(queue),
    },
  }
}
