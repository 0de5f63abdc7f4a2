import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { pino, type Logger } from 'pino'
import { vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import type { Flow } from '../../../crds/v1alpha1/flow.ts'
import type { FlowStatus } from '../../../crds/v1alpha1/flow-status.ts'
import { readFlowState } from '../../../flow/plan/flow-status.ts'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import { systemClock } from '../../../kube/clock.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { noMeters } from '../../../kube/metrics/meters.ts'
import type { KubeClient } from '../../../kube/transport/kube-client.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { openOperator, type Operator, type OperatorOptions } from '../../../operator/open-operator.ts'
import { databaseName } from '../../../operator/tenants/tenant-names.ts'
import { userName, vhostName, brokerRoles } from '../../../runtime/broker/management/decide/plan-vhost.ts'
import { freshNamespace, openAdministrator } from '../../env/kube-tests.ts'
import type { OperatorPlaces } from '../../env/operator-tests.ts'
import { callManagement } from '../../env/servers.ts'
import { applyCrds } from '../../env/weir-crds.ts'

/** A namespace of its own, and operators for it alone. */
export interface OperatorRig {
  readonly client: KubeClient
  readonly namespace: string
  readonly uid: string
  readonly vhost: string
  readonly database: string
  /** Starts one; it is ended with the rig. */
  readonly start: (how?: StartHow) => RunningOperator
  /** All that were started. */
  readonly running: () => readonly RunningOperator[]
  readonly apply: (resource: Resource, object: object) => Promise<KubeObject>
  readonly applyFlow: (name: string, spec: object) => Promise<KubeObject>
  readonly flow: (name: string) => Promise<ClusterFlow | undefined>
  /** When the condition is so, of the generation that is there. */
  readonly condition: (name: string, type: string, status: string, reason?: string) => Promise<ClusterFlow>
  readonly ready: (name: string, reason?: string) => Promise<ClusterFlow>
  readonly gone: (name: string) => Promise<void>
  readonly remove: (name: string) => Promise<void>
  /** Names of the queues of flows in the vhost. */
  readonly queues: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

export interface ClusterFlow extends KubeObject {
  readonly spec: Flow['spec']
  readonly status?: FlowStatus
}

export interface StartHow {
  readonly client?: (client: KubeClient) => KubeClient
  readonly options?: Partial<OperatorOptions>
  readonly log?: Logger
}

export interface RunningOperator {
  readonly operator: Operator
  /** As SIGTERM would. */
  readonly stop: () => Promise<void>
  /** As SIGKILL would, as far as the world can see: nothing is sent from now on, and nobody gives up the lease. */
  readonly kill: () => void
}

export interface OperatorRigOptions {
  /** By default a new one, of a short name. */
  readonly name?: string | undefined
  /** For whatever is waited for. */
  readonly patienceMs?: number
}

/** Fast, where a promise is about the order of things and not about their time. */
const quick = {
  tenants: { idleMs: 30_000, lookMs: 1_000 },
  flows: { countMs: 500, blinkMs: 200 },
  changes: { waits: { declaredMs: 50, retiredMs: 300, emptyMs: 300, unboundMs: 50 } },
}
const election = { leaseMs: 3_000, renewWithinMs: 2_000, retryMs: 200 }

export async function openOperatorRig(
  { kubeApi, rabbit, mongo }: OperatorPlaces,
  { name: wanted, patienceMs = 60_000 }: OperatorRigOptions = {},
): Promise<OperatorRig> {
  const waiting = { timeout: patienceMs, interval: 50 }
  const client = await openAdministrator(kubeApi)
  await applyCrds(client)
  const { namespace, close } = await freshNamespace(client, wanted)
  const { metadata } = orThrow(
    await client.request<KubeObject>({ method: 'GET', path: `/api/v1/namespaces/${namespace}` }),
  )
  const uid = metadata.uid ?? ''
  const [vhost, database] = [vhostName(namespace, uid), databaseName({ namespace, uid })]
  const running: RunningOperator[] = []
  const servers = {
    brokerUrl: new URL(rabbit.amqpUrl),
    managementUrl: rabbit.managementUrl,
    storeUrl: mongo.url,
    key: `key of ${namespace}`,
  }
  const flow = async (name: string): Promise<ClusterFlow | undefined> => {
    const answer = await client.request<ClusterFlow>({
      method: 'GET',
      path: pathOf(resources.flows, { namespace, name }),
    })
    return answer.kind === 'failed' && answer.failure.status === 404 ? undefined : orThrow(answer)
  }
  const condition: OperatorRig['condition'] = (name, type, status, reason) =>
    vi.waitFor(async () => {
      const found = await flow(name)
      if (found !== undefined && holds(found, { type, status, reason })) return found
      throw new Error(`${name}: no ${type}=${status}/${reason}: ${JSON.stringify(found?.status)}`)
    }, waiting)
  const apply: OperatorRig['apply'] = async (resource, object) => {
    const { metadata } = object as KubeObject
    const place = { ...(resource.isNamespaced && { namespace }), name: metadata.name }
    const apiVersion = `${resource.group}/${resource.version}`
    return orThrow(
      await client.request<KubeObject>({
        method: 'PATCH',
        path: pathOf(resource, place),
        query: { fieldManager: 'weir-tests', force: true, fieldValidation: 'Strict' },
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion, kind: resource.kind, ...object },
      }),
    )
  }
  return {
    client,
    namespace,
    uid,
    vhost,
    database,
    running: () => running,
    apply,
    flow,
    condition,
    applyFlow: (name, spec) => apply(resources.flows, { metadata: { name }, spec }),
    ready: (name, reason) => condition(name, 'Ready', 'True', reason),
    gone: async (name) => {
      await vi.waitFor(async () => {
        const found = await flow(name)
        const seen = JSON.stringify([found?.metadata, found?.status])
        if (found !== undefined) throw new Error(`${name} is still there: ${seen}`)
      }, waiting)
    },
    remove: async (name) =>
      void (await client.request({ method: 'DELETE', path: pathOf(resources.flows, { namespace, name }) })),
    queues: async () => {
      const path = `/api/queues/${encodeURIComponent(vhost)}`
      const found = (await callManagement(rabbit.managementUrl, 'GET', path)) as { readonly name: string }[] | undefined
      return (found ?? []).map(({ name }) => name).filter((name) => /\.[0-9a-f]{12}\.\d+$/.test(name))
    },
    start: ({ client: wrap = (same: KubeClient) => same, options = {}, log = silent() } = {}) => {
      const started = startOperator({
        client: wrap(client),
        servers,
        namespace,
        ownNamespace: namespace,
        lease: {
          namespace,
          name: 'weir-operator',
          identity: `test-${randomBytes(4).toString('hex')}`,
          timing: election,
        },
        clock: systemClock,
        log,
        meters: noMeters,
        timing: quick,
        ...options,
      })
      running.push(started)
      return started
    },
    close: async () => {
      for (const one of running) await one.stop()
      await callManagement(rabbit.managementUrl, 'DELETE', `/api/vhosts/${encodeURIComponent(vhost)}`)
      for (const role of brokerRoles)
        await callManagement(rabbit.managementUrl, 'DELETE', `/api/users/${encodeURIComponent(userName(vhost, role))}`)
      await dropDatabase(mongo.url, database)
      await close()
      await client.close()
    },
  }
}

async function dropDatabase(url: string, name: string): Promise<void> {
  const client = new MongoClient(url)
  try {
    await client.db(name).dropDatabase()
    // They outlive their database.
    await client.db(name).command({ dropAllUsersFromDatabase: 1 })
    await client.db(name).command({ dropAllRolesFromDatabase: 1 })
  } finally {
    await client.close()
  }
}

interface WantedCondition {
  readonly type: string
  readonly status: string
  readonly reason: string | undefined
}

/** Of the spec as it is now. */
function holds({ metadata, status: seen }: ClusterFlow, { type, status, reason }: WantedCondition): boolean {
  if (seen?.observedGeneration !== metadata.generation) return false
  const found = seen?.conditions?.find((condition) => condition.type === type)
  return found?.status === status && (reason === undefined || found.reason === reason)
}

function silent(): Logger {
  return pino({ level: process.env['WEIR_TEST_LOG'] ?? 'silent' })
}

function startOperator(options: OperatorOptions): RunningOperator {
  const stopping = new AbortController()
  let isKilled = false
  const refused = new Promise<never>(() => {})
  // What was killed asks for nothing more, and hears nothing more.
  const client: KubeClient = {
    ...options.client,
    request: (request) => (isKilled ? refused : options.client.request(request)),
    read: (request, parse) => (isKilled ? refused : options.client.read(request, parse)),
    stream: (request) => (isKilled ? refused : options.client.stream(request)),
  }
  const operator = openOperator({ ...options, client })
  const ended = operator.run(stopping.signal)
  ended.catch(() => {})
  return {
    operator,
    stop: async () => {
      stopping.abort()
      if (!isKilled) await ended
    },
    kill: () => {
      isKilled = true
      stopping.abort()
    },
  }
}

export function stateOf(flow: ClusterFlow | undefined): FlowState | undefined {
  const read = flow === undefined ? undefined : readFlowState(flow)
  return read?.kind === 'read' ? read.state : undefined
}

/** A flow of built-in steps, which has one queue. */
export function simpleFlow(step = 'data', more: object = {}): object {
  return { triggers: [{ name: 'by-hand', manual: {} }], steps: [{ name: 'say', log: step }], ...more }
}
