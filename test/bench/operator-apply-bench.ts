import { pino } from 'pino'
import { resources } from '../../crds/resources.ts'
import { systemClock } from '../../kube/clock.ts'
import { keyOf, type KubeObject } from '../../kube/kube-object.ts'
import { openObjectCache } from '../../kube/cache/object-cache.ts'
import { slim } from '../../kube/cache/projection.ts'
import { noMeters } from '../../kube/metrics/meters.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { conditionsOf } from '../../kube/write/conditions.ts'
import { openOperator } from '../../operator/open-operator.ts'
import { databaseName } from '../../operator/tenants/tenant-names.ts'
import { brokerRoles, userName, vhostName } from '../../runtime/broker/management/decide/plan-vhost.ts'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import { callManagement, freshVhost } from '../env/servers.ts'
import { openServers, type MongoUrls, type RabbitUrls } from '../env/shared-servers.ts'
import { countingClient } from '../rig/operator/faulty-client.ts'
import {
  atOnce,
  benchSpec,
  createFlow,
  flowNames,
  openBenchCluster,
  untilSo,
  type BenchCluster,
} from './bench-cluster.ts'
import type { BenchResult } from './bench-result.ts'

const flows = 1_000
const appliers = 16
const patienceMs = 600_000
const log = pino({ level: 'silent' })

/** 1,000 Flows applied at once until all are ready, against the declaration of as many queues alone; and what they take of the API server. */
export async function bench(): Promise<BenchResult[]> {
  const { rabbit, mongo, close } = await openServers()
  if (rabbit.kind === 'missing') throw new Error(rabbit.reason)
  if (mongo.kind === 'missing') throw new Error(mongo.reason)
  const cluster = await openBenchCluster()
  try {
    const declaredMs = await declareAlone(rabbit)
    const { tookMs, perFlow, note } = await applyAll(cluster, rabbit, mongo)
    const times = `${(tookMs / 1000).toFixed(1)} s, the queues alone ${(declaredMs / 1000).toFixed(1)} s; a queue is taken for safe after 3 s`
    return [
      { name: 'operator-apply', value: tookMs / declaredMs, goal: 2, unit: '×', note: times },
      { name: 'operator-apply-writes', value: perFlow, goal: 6, unit: '', note },
    ]
  } finally {
    await cluster.close()
    await close()
  }
}

/** As the operator declares them: one after another in each flow, of several flows at a time. */
async function declareAlone(rabbit: RabbitUrls): Promise<number> {
  const vhost = await freshVhost(rabbit)
  const broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 'bench', log })
  const since = performance.now()
  await atOnce(appliers, flowNames(flows), (name) => broker.declareQueues([{ name: `${name}._core.0123456789ab.1` }]))
  const tookMs = performance.now() - since
  await broker.close()
  await vhost.close()
  return tookMs
}

async function applyAll(cluster: BenchCluster, rabbit: RabbitUrls, mongo: MongoUrls) {
  const { client, namespace } = cluster
  const { metadata } = orThrow(
    await client.request<KubeObject>({ method: 'GET', path: `/api/v1/namespaces/${namespace}` }),
  )
  const id = { namespace, uid: metadata.uid ?? '' }
  const counted = countingClient(client)
  const stopping = new AbortController()
  const operator = openOperator({
    client: counted.client,
    servers: {
      brokerUrl: new URL(rabbit.amqpUrl),
      managementUrl: rabbit.managementUrl,
      storeUrl: mongo.url,
      key: `key of ${namespace}`,
    },
    namespace,
    ownNamespace: namespace,
    lease: { namespace, name: 'weir-operator', identity: 'bench' },
    clock: systemClock,
    log,
    meters: noMeters,
    // No counters while it is measured: they are written when there is something to count.
    timing: { flows: { countMs: patienceMs } },
  })
  const running = operator.run(stopping.signal)
  await untilSo(operator.isLeader, 60_000)
  const since = performance.now()
  const ready = followReady(cluster)
  await atOnce(appliers, flowNames(flows), (name) => createFlow(cluster, name, benchSpec()))
  await untilSo(() => ready.count() === flows, patienceMs)
  const tookMs = performance.now() - since
  ready.end()
  const failed = counted.failures().length
  // Four Secrets are the namespace's.
  const perFlow = (counted.writes().length - failed - 4) / flows
  stopping.abort()
  await running
  await removePlaces(id, rabbit)
  const note = `${failed} more were refused or not answered; Events and leases are not counted; database ${databaseName(id)}`
  return { tookMs, perFlow, note }
}

/** By a watch: whoever lists them again and again has the server do more than the operator does. */
function followReady({ client, namespace }: BenchCluster): { readonly count: () => number; readonly end: () => void } {
  const ending = new AbortController()
  const ready = new Set<string>()
  const cache = openObjectCache<KubeObject>({ client, namespace, resource: resources.flows, project: slim })
  cache.subscribe(({ object }) => {
    if (conditionsOf(object).some(({ type, status }) => type === 'Ready' && status === 'True')) ready.add(keyOf(object))
  })
  void cache.run(ending.signal)
  return { count: () => ready.size, end: () => ending.abort() }
}

async function removePlaces(id: { readonly namespace: string; readonly uid: string }, { managementUrl }: RabbitUrls) {
  const vhost = vhostName(id.namespace, id.uid)
  await callManagement(managementUrl, 'DELETE', `/api/vhosts/${encodeURIComponent(vhost)}`)
  for (const role of brokerRoles)
    await callManagement(managementUrl, 'DELETE', `/api/users/${encodeURIComponent(userName(vhost, role))}`)
}
