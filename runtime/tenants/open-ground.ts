import type { Logger } from 'pino'
import { resources } from '../../crds/resources.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import type { Clock } from '../clock.ts'
import { flowLooks, type FlowLook } from '../plans/kubernetes/flow-looks.ts'
import { openKubernetesPlanSource, type KubernetesPlanSource } from '../plans/kubernetes/kubernetes-plan-source.ts'
import { seenFlow } from '../plans/kubernetes/seen-flow.ts'
import { openServers, type Servers } from '../process/open-servers.ts'
import { shareMongo, type SharedMongo } from '../store/mongo/connect-mongo.ts'
import { brokerUrlWith } from './decide/read-login.ts'
import type { OpenTenant } from './open-tenants.ts'
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

/** What those who work for many namespaces share: one watch of each kind, and one client of the store. */
export interface Ground {
  readonly logins: ReturnType<typeof openTenantLogins>
  /** Opens what a namespace's part stands on; it is closed with the stack. */
  readonly openTenant: (tenant: OpenTenant, opened: AsyncDisposableStack) => Promise<TenantGround>
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
  return {
    logins,
    openTenant: (tenant, opened) => openTenantOn({ ...parts, clock, looks, mongo }, tenant, opened),
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

interface Shared extends GroundParts {
  readonly looks: (namespace: string) => FlowLook
  readonly mongo: SharedMongo
}

async function openTenantOn(
  { client, role, servers, clock, looks, mongo }: Shared,
  { namespace, login, log, signal }: OpenTenant,
  opened: AsyncDisposableStack,
): Promise<TenantGround> {
  const ground = await openServers({
    settings: { brokerUrl: brokerUrlWith(servers.brokerUrl, login), storeUrl: servers.storeUrl },
    database: { name: login.database, mongo },
    name: `weir-${role}`,
    clock,
    log,
    opened,
    signal,
    waiting: () => {},
  })
  const plans = await openKubernetesPlanSource({ client, namespace, flows: looks(namespace), clock, log })
  opened.defer(plans.close)
  return { ...ground, plans }
}
