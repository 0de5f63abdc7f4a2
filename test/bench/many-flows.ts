import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { resources } from '../../crds/resources.ts'
import { systemClock } from '../../kube/clock.ts'
import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { noMeters } from '../../kube/metrics/meters.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { conditionsOf } from '../../kube/write/conditions.ts'
import { openOperator, type OperatorOptions } from '../../operator/open-operator.ts'
import { openKubeApi } from '../env/kube-api.ts'
import { openServers, type MongoUrls, type RabbitUrls } from '../env/shared-servers.ts'
import { applyDefinitions, untilSo } from './bench-cluster.ts'
import { applyFlow, createNeighbours, everydayFlow } from './bench-flow.ts'

/** A cluster of its own, in which namespaces can be filled. */
export interface BenchGround {
  readonly client: KubeClient
  readonly kubeconfig: string
  readonly rabbit: RabbitUrls
  readonly mongo: MongoUrls
  /** Makes a namespace with so many suspended Flows, each as `kubectl apply` and the operator have left it. */
  readonly fill: (namespace: string, count: number) => Promise<void>
  readonly close: () => Promise<void>
}

const templates = 10
const log = pino({ level: 'silent' })

/** @throws when a server is missing */
export async function openBenchGround(): Promise<BenchGround> {
  const { rabbit, mongo, close } = await openServers()
  if (rabbit.kind === 'missing') throw new Error(rabbit.reason)
  if (mongo.kind === 'missing') throw new Error(mongo.reason)
  const server = await openKubeApi()
  const { kubeconfig, etcdUrl } = server
  const client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-bench' })
  await applyDefinitions(client)
  return {
    client,
    kubeconfig,
    rabbit,
    mongo,
    fill: (namespace, count) => fill({ client, etcdUrl, rabbit, mongo }, namespace, count),
    close: async () => {
      await client.close()
      await server.close()
      await close()
    },
  }
}

interface Filling {
  readonly client: KubeClient
  readonly etcdUrl: string
  readonly rabbit: RabbitUrls
  readonly mongo: MongoUrls
}

/** The first ones are made as everybody makes them; of their records the others are copies, since an API server would take an hour for so many writes. */
async function fill(filling: Filling, namespace: string, count: number): Promise<void> {
  const { client, etcdUrl } = filling
  orThrow(await client.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }))
  await createNeighbours(client, namespace)
  const first = Math.min(templates, count)
  for (let at = 0; at < first; at += 1) await applyFlow(client, namespace, everydayFlow(at))
  await settle(filling, namespace, first)
  const found = await listFlows(client, namespace)
  const records: (readonly [flow: KubeObject, texts: readonly Stored[]])[] = []
  for (const flow of found) records.push([flow, await recordsOf(etcdUrl, namespace, flow)])
  for (let at = first; at < count;) {
    const batch: Stored[] = []
    for (; at < count && batch.length < 40; at += 1) {
      const [flow, texts] = records[at % first] ?? []
      if (flow !== undefined) batch.push(...(texts ?? []).map((text) => copied(text, flow, at)))
    }
    await putAll(etcdUrl, batch)
  }
}

/** Runs the operator until it has said of each how it is. */
async function settle({ client, rabbit, mongo }: Filling, namespace: string, count: number): Promise<void> {
  const stopping = new AbortController()
  const operator = openOperator({ ...operatorOptions({ client, rabbit, mongo }, namespace), log })
  const running = operator.run(stopping.signal)
  await untilSo(async () => (await listFlows(client, namespace)).filter(isSettled).length === count, 300_000)
  stopping.abort()
  await running
}

/** An operator for that namespace alone. */
export function operatorOptions(
  { client, rabbit, mongo }: Pick<Filling, 'client' | 'rabbit' | 'mongo'>,
  namespace: string,
): OperatorOptions {
  return {
    client,
    servers: {
      brokerUrl: new URL(rabbit.amqpUrl),
      managementUrl: rabbit.managementUrl,
      storeUrl: mongo.url,
      key: `key of ${namespace}`,
    },
    namespace,
    ownNamespace: namespace,
    lease: { namespace, name: `operator-${randomUUID()}`, identity: 'bench' },
    clock: systemClock,
    log,
    meters: noMeters,
  }
}

function isSettled(flow: KubeObject): boolean {
  return conditionsOf(flow).some(({ type, status }) => type === 'Ready' && status === 'True')
}

async function listFlows(client: KubeClient, namespace: string): Promise<readonly KubeObject[]> {
  const path = pathOf(resources.flows, { namespace })
  return orThrow(await client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path })).items
}

interface Stored {
  readonly key: string
  readonly value: string
}

/** What etcd has of a Flow: itself and its revision. */
async function recordsOf(etcdUrl: string, namespace: string, { metadata }: KubeObject): Promise<readonly Stored[]> {
  const prefixes = [`flows/${namespace}/${metadata.name}`, `flowrevisions/${namespace}/`]
  const all: Stored[] = []
  for (const prefix of prefixes) all.push(...(await rangeOf(etcdUrl, `/registry/weir.dev/${prefix}`)))
  const own = all.filter(({ value }) => value.includes(metadata.uid ?? '') && value.includes(`"${metadata.name}"`))
  if (own.length !== 2) throw new Error(`etcd has ${own.length} records of ${metadata.name}`)
  return own
}

/** Under another name, with ids of its own. */
function copied({ key, value }: Stored, { metadata: { uid = '', name } }: KubeObject, at: number): Stored {
  const suffix = at.toString(16).padStart(12, '0')
  const rename = (text: string): string =>
    text.replaceAll(uid, `${uid.slice(0, 24)}${suffix}`).replaceAll(name, `${name}-${at}`)
  const { metadata } = JSON.parse(value) as KubeObject
  const other = metadata.uid === uid ? value : value.replaceAll(metadata.uid ?? '', randomUUID())
  return { key: rename(key), value: rename(other) }
}

const encode = (text: string): string => Buffer.from(text).toString('base64')
const decode = (text: string): string => Buffer.from(text, 'base64').toString()

async function rangeOf(etcdUrl: string, prefix: string): Promise<readonly Stored[]> {
  const body = { key: encode(prefix), range_end: encode(`${prefix}\u007f`) }
  const { kvs = [] } = (await callEtcd(etcdUrl, 'range', body)) as { readonly kvs?: readonly Stored[] }
  return kvs.map(({ key, value }) => ({ key: decode(key), value: decode(value) }))
}

async function putAll(etcdUrl: string, records: readonly Stored[]): Promise<void> {
  const success = records.map(({ key, value }) => ({ request_put: { key: encode(key), value: encode(value) } }))
  await callEtcd(etcdUrl, 'txn', { success })
}

/** Each call may be repeated, and is when its connection breaks. */
async function callEtcd(etcdUrl: string, call: string, body: object, tries = 5): Promise<unknown> {
  const sent = fetch(`${etcdUrl}/v3/kv/${call}`, { method: 'POST', body: JSON.stringify(body) })
  const answer = await sent.catch((error: unknown) => {
    if (tries === 1) throw error
  })
  if (answer === undefined) return callEtcd(etcdUrl, call, body, tries - 1)
  if (!answer.ok) throw new Error(`etcd refuses ${call}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}
