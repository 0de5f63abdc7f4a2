import type { Logger } from 'pino'
import { resources } from '../../crds/resources.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { Clock } from '../clock.ts'
import { flowLooks } from '../plans/kubernetes/flow-looks.ts'
import { openKubernetesPlanSource, type KubernetesPlanSource } from '../plans/kubernetes/kubernetes-plan-source.ts'
import { seenFlow } from '../plans/kubernetes/seen-flow.ts'
import { openServers, type Servers, type ServersParts } from '../process/open-servers.ts'
import { shareMongo, type SharedMongo } from '../store/mongo/connect-mongo.ts'
import { brokerUrlWith } from './decide/read-login.ts'
import type { OpenTenant } from './open-tenants.ts'
import { storeOfLogin } from './store-of-login.ts'
import { openTenantLogins, type TenantRole } from './tenant-logins.ts'

export interface GroundParts {
  readonly client: KubeClient
  readonly role: TenantRole
  /** Those of the installation: who logs in, to which vhost and database, is each namespace's own. */
  readonly servers: { readonly brokerUrl: URL; readonly storeUrl: string }
  /** The only one that is looked after; all of them without it. */
  readonly namespace?: string | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** What those who work for many namespaces share: one watch of each kind, and one client of the store for those without users of their own there. */
export interface Ground {
  readonly logins: ReturnType<typeof openTenantLogins>
  /** Opens what a namespace's part stands on; it is closed with the stack. */
  readonly openTenant: (tenant: OpenTenant, opened: AsyncDisposableStack) => Promise<TenantGround>
  /** The servers alone, closed with the stack; `openTenant` has both at once. */
  readonly openServers: (
    tenant: OpenTenant,
    opened: AsyncDisposableStack,
    how?: Pick<ServersParts, 'isStoreLate' | 'isEager'>,
  ) => Promise<Servers>
  /** The plans alone. */
  readonly openPlans: (tenant: Pick<OpenTenant, 'namespace' | 'log'>) => Promise<KubernetesPlanSource>
  /** Whether a namespace has flows, as far as is known now. */
  readonly hasFlows: (namespace: string) => boolean
  /** What keeps it from being right, each in a sentence. */
  readonly troubles: () => readonly string[]
  /** After all that stands on it. */
  readonly close: () => Promise<void>
}

export interface TenantGround extends Servers {
  readonly plans: KubernetesPlanSource
}

const pageSize = 100

export function openGround(parts: GroundParts): Ground {
  const { client, role, namespace, clock, servers } = parts
  const closing = new AbortController()
  const logins = openTenantLogins(parts)
  const flows = openObjectCache({
    client,
    namespace,
    resource: resources.flows,
    project: seenFlow(undefined),
    indexes: {
      uid: ({ metadata }) => [metadata.uid ?? ''],
      namespace: ({ metadata }) => [metadata.namespace ?? ''],
    },
    timing: { pageSize },
  })
  const running = [logins, flows].map((cache) => cache.run(closing.signal))
  const looks = flowLooks(flows)
  const mongo = shareMongo({ url: servers.storeUrl, applicationName: `weir-${role}` })
  const caches = { Secrets: logins, Flows: flows }
  const openPlans: Ground['openPlans'] = ({ namespace: name, log }) =>
    openKubernetesPlanSource({ client, namespace: name, flows: looks(name), clock, log })
  const openServersOf: Ground['openServers'] = (tenant, opened, how) =>
    openServersOn({ ...parts, ...how, mongo, opened }, tenant)
  return {
    logins,
    openPlans,
    openServers: openServersOf,
    hasFlows: (name) => flows.byIndex('namespace', name).length > 0,
    openTenant: async (tenant, opened) => {
      const ground = await openServersOf(tenant, opened)
      const plans = await openPlans(tenant)
      opened.defer(plans.close)
      return { ...ground, plans }
    },
    troubles: () =>
      Object.entries(caches).flatMap(([kind, cache]) => {
        const problem = cache.problem()
        if (problem !== undefined) return [`${kind} cannot be followed: ${problem.message}`]
        return cache.isSynced() ? [] : [`${kind} have not been listed yet`]
      }),
    close: async () => {
      closing.abort()
      await Promise.all(running)
      await mongo.close()
    },
  }
}

interface ServersOn extends GroundParts, Pick<ServersParts, 'isStoreLate' | 'isEager' | 'opened'> {
  readonly mongo: SharedMongo
}

function openServersOn(
  { role, servers, clock, mongo, opened, isStoreLate = false, isEager = true }: ServersOn,
  { login, log, signal }: OpenTenant,
): Promise<Servers> {
  const name = `weir-${role}`
  const store = storeOfLogin({ url: servers.storeUrl, mongo, applicationName: name }, login, opened)
  return openServers({
    settings: { brokerUrl: brokerUrlWith(servers.brokerUrl, login), storeUrl: store.url },
    database: { name: login.database, mongo: store.mongo },
    name,
    clock,
    log,
    opened,
    signal,
    waiting: () => {},
    isStoreLate,
    isEager,
    // What waits for it is told each time.
    onRefused: (err) => log.warn({ err }, 'namespace’s database cannot be opened'),
  })
}
