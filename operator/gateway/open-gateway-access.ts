import type { Credential } from '../../crds/v1alpha1/credential.ts'
import { resources } from '../../crds/resources.ts'
import { secretsOfCredential } from '../../flow/credential/token-secret.ts'
import { openObjectCache, type ObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import { openController, type Reconciled } from '../../kube/controller/controller.ts'
import { mappedSource } from '../../kube/controller/sources.ts'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { openApplier, type Applier } from '../../kube/write/applier.ts'
import type { InCluster, OperatorPart, OperatorParts } from '../operator-parts.ts'
import { poolAccess } from '../pools/decide/pool-access.ts'
import type { WantedObject } from '../pools/decide/pool-wish.ts'
import { poolResources } from '../pools/pool-resources.ts'
import { openSecretAccess, type SecretAccess } from '../pools/secret-access.ts'
import type { PlanStore } from '../../runtime/store/store.ts'
import {
  gatewayLabels,
  gatewayRole,
  gatewayRoleBinding,
  gatewayRoleName,
  grantedCredentials,
  type GatewayAccount,
} from './decide/gateway-role.ts'
import { openHookCredentials, type HookCredentials } from './hook-credentials.ts'
import { openHookUsers, type HookUsers } from './hook-users.ts'

export interface GatewayAccessOptions {
  /** The only one that is looked after; all of them without it. */
  readonly namespace?: string | undefined
  /** Of the installation: the gateway's account is there. */
  readonly ownNamespace: string
  /** Without one it is asked in each namespace where Secrets may be read. */
  readonly pools?: { readonly secretAccess: SecretAccess } | undefined
  readonly states: (namespace: string) => { readonly plans: Pick<PlanStore, 'get'> }
}

const timeoutMs = 120_000
const askAgainMs = 30_000
const readAgainMs = 5_000
const done: Reconciled = { kind: 'done' }

/**
 * Lets the gateway of the cluster read what it tells callers apart by: in each namespace the Credentials and Secrets that webhooks of its flows name, by
 * name, and nothing where none does.
 */
export function openGatewayAccess(parts: OperatorParts, options: GatewayAccessOptions): OperatorPart {
  const { caches, clock, meters, log, client } = parts
  const live = openLive(parts, options.namespace)
  const credentials = openHookCredentials(
    ({ namespace, flow, revision }) => options.states(namespace).plans.get(flow, revision),
    log,
  )
  const users = openHookUsers(caches.flows, credentials.isNothing)
  const used = new Map<string, ReadonlySet<string>>()
  const granting: Granting = {
    ...parts,
    live,
    users,
    credentials,
    account: { name: gatewayRoleName, namespace: options.ownNamespace },
    applier: openApplier({ client, fieldManager: 'weir-gateway-access', hashAnnotation: 'weir.dev/applied' }),
    mayReadSecrets: openSecretAccess(options.pools?.secretAccess ?? 'tenants', parts),
    uses: (namespace, names) =>
      void (names.length === 0 ? used.delete(namespace) : used.set(namespace, new Set(names))),
  }
  const controller = openController({
    name: 'gateway-access',
    clock,
    meters,
    timeoutMs,
    sources: [
      users,
      ...Object.values(live).map((cache) => mappedSource(cache, ({ metadata }) => [metadata.namespace ?? ''])),
      mappedSource(caches.credentials, ({ metadata: { namespace = '', name } }) =>
        used.get(namespace)?.has(name) === true ? [namespace] : [],
      ),
    ],
    reconcile: (namespace, signal) => grant(granting, namespace, signal),
    onFailure: ({ key: namespace, error: err, retryAfterMs }) =>
      log.warn(
        { namespace, err, retryAfterMs },
        'Secrets of webhooks not shown to the gateway, it will be tried again',
      ),
  })
  return {
    run: async (signal) => {
      const end = users.follow()
      await Promise.all([...Object.values(live).map((cache) => cache.run(signal)), controller.run(signal)])
      end()
    },
  }
}

const kinds = ['Role', 'RoleBinding'] as const
type Live = Readonly<Record<(typeof kinds)[number], ObjectCache<KubeObject>>>

interface Granting extends OperatorParts {
  readonly live: Live
  readonly users: HookUsers
  readonly credentials: HookCredentials
  readonly account: GatewayAccount
  readonly applier: Applier
  readonly mayReadSecrets: (namespace: string) => Promise<boolean>
  /** Told which Credentials lead to the namespace. */
  readonly uses: (namespace: string, credentials: readonly string[]) => void
}

function openLive({ client, clock }: OperatorParts, namespace: string | undefined): Live {
  const labelSelector = Object.entries(gatewayLabels)
    .map(([label, value]) => `${label}=${value}`)
    .join()
  const shared = { client, clock, namespace, labelSelector, project: slim }
  return {
    Role: openObjectCache({ ...shared, resource: poolResources.Role }),
    RoleBinding: openObjectCache({ ...shared, resource: poolResources.RoleBinding }),
  }
}

async function grant(granting: Granting, namespace: string, signal: AbortSignal): Promise<Reconciled> {
  const { users, credentials, live, mayReadSecrets, uses, caches } = granting
  const needed = await credentials.of(namespace, users.of(namespace))
  const before = live.Role.get(`${namespace}/${gatewayRoleName}`)
  // What cannot be told now was told before.
  const names = needed.isComplete ? needed.names : [...needed.names, ...grantedCredentials(before)]
  uses(namespace, names)
  const isOpen = names.length === 0 || (await mayReadSecrets(namespace))
  if (!isOpen) tellDenied(granting, namespace)
  const access = poolAccess(names, (name) => {
    const credential: InCluster<Credential> | undefined = caches.credentials.get(`${namespace}/${name}`)
    return credential === undefined || !isOpen ? [] : secretsOfCredential(credential)
  })
  const role = gatewayRole(namespace, access)
  if (role === undefined) await removeAll(granting, namespace, signal)
  else if (!(await applyAll(granting, { Role: role, namespace }, signal))) return done
  if (!needed.isComplete) return { kind: 'again', afterMs: readAgainMs }
  return isOpen ? done : { kind: 'again', afterMs: askAgainMs }
}

interface Wanted {
  readonly namespace: string
  readonly Role: WantedObject
}

/** False when the namespace goes: nothing can be made there any more. */
async function applyAll(
  { live, applier, account }: Granting,
  { namespace, Role }: Wanted,
  signal: AbortSignal,
): Promise<boolean> {
  const wanted = { Role, RoleBinding: gatewayRoleBinding(namespace, account) }
  for (const kind of kinds) {
    const cache = live[kind]
    const before = cache.get(`${namespace}/${gatewayRoleName}`)
    const desired = wanted[kind]
    const answer = await applier.apply({ resource: poolResources[kind], desired, live: before, signal })
    if (answer.kind === 'failed') {
      if (answer.failure.causes.some(({ reason }) => reason === 'NamespaceTerminating')) return false
      throw answer.failure
    }
    if (answer.value.kind === 'applied') cache.note(answer.value.object)
  }
  return true
}

/** The RoleBinding first: what it names is there as long as it is. */
async function removeAll({ client, live }: Granting, namespace: string, signal: AbortSignal): Promise<void> {
  for (const kind of kinds.toReversed()) {
    const found = live[kind].get(`${namespace}/${gatewayRoleName}`)
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) continue
    const { name, uid } = found.metadata
    const path = pathOf(poolResources[kind], { namespace, name })
    const answer = await client.request({ method: 'DELETE', path, body: { preconditions: { uid } }, signal })
    // Gone, or another has its name by now.
    if (answer.kind === 'failed' && ![404, 409].includes(answer.failure.status)) throw answer.failure
  }
}

function tellDenied({ users, caches, events, log }: Granting, namespace: string): void {
  const note = `the operator may not read Secrets in ${namespace}: webhooks with a credential are answered with 503 until a RoleBinding there lets it`
  log.warn({ namespace }, note)
  for (const { flow } of users.of(namespace)) {
    for (const { metadata } of caches.flows.byIndex('uid', flow)) {
      const { name, uid } = metadata
      const regarding = {
        apiVersion: apiVersionOf(resources.flows),
        kind: 'Flow',
        name,
        namespace,
        ...(uid !== undefined && { uid }),
      }
      events.record({ regarding, type: 'Warning', reason: 'SecretAccessDenied', action: 'Reconciling', note })
    }
  }
}
