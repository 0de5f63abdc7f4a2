import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resources } from '../../crds/resources.ts'
import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { contractIndex } from '../../flow/component/contract-index.ts'
import { compile } from '../../flow/plan/compile.ts'
import { flowStateInStatus } from '../../flow/plan/flow-status.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { apiVersionOf, pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { openAmqpBroker } from '../../runtime/broker/amqp/open-amqp-broker.ts'
import { eventsQueue, type Broker } from '../../runtime/broker/broker.ts'
import { payloadOf } from '../../runtime/wire/body.ts'
import type { WireMessage } from '../../runtime/wire/message.ts'
import { openMongoStore } from '../../runtime/store/mongo/open-mongo-store.ts'
import type { Store } from '../../runtime/store/store.ts'
import { freshNamespace, openAdministrator } from '../../test/env/kube-tests.ts'
import { describeOnAll } from '../../test/env/operator-tests.ts'
import { freshDatabase, freshVhost, type FreshDatabase, type FreshVhost } from '../../test/env/servers.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { weir, type Ended } from '../../test/system/cli/weir-process.ts'

const log = pino({ level: 'silent' })
const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
const spec = {
  triggers: [
    { name: 'by-hand', manual: {} },
    { name: 'hook', webhook: { path: '/orders', auth: { none: {} } } },
  ],
  steps: [{ name: 'say', log: 'data.id' }],
}

describeOnAll('weir on the servers of a namespace', (places) => {
  let client: KubeClient
  let namespace: string
  let vhost: FreshVhost
  let database: FreshDatabase
  let broker: Broker
  let store: Store
  let plan: Plan

  beforeAll(async () => {
    client = await openAdministrator(places.kubeApi)
    await applyCrds(client)
    namespace = (await freshNamespace(client)).namespace
    vhost = await freshVhost(places.rabbit)
    database = freshDatabase(places.mongo)
    broker = await openAmqpBroker({ url: vhost.amqpUrl, connectionName: 'test', log })
    store = await openMongoStore({ url: database.url, log })
    plan = await createFlow()
    await broker.declareQueues(plan.stages.map(({ queue: name }) => ({ name })))
  })
  afterAll(async () => {
    await broker.close()
    await store.close()
    await Promise.all([vhost.close(), database.close()])
    await client.close()
  })

  async function create(resource: Resource, name: string, rest: object, metadata: object = {}): Promise<KubeObject> {
    const body = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name, namespace, ...metadata },
      ...rest,
    }
    return orThrow(await client.request<KubeObject>({ method: 'POST', path: pathOf(resource, { namespace }), body }))
  }

  /** As the operator leaves it. */
  async function createFlow(): Promise<Plan> {
    const flow = await create(resources.flows, 'orders', { spec })
    const { uid = '', name } = flow.metadata
    const compiled = compile({ ...flow, spec } as unknown as Flow, { contracts: contractIndex([]), revision: 1 })
    const { hash, stages } = compiled
    await create(
      resources.flowRevisions,
      `${uid}-1`,
      { spec: { flow: name, revision: 1, hash, plan: compiled } },
      { labels: { 'weir.dev/flow-uid': uid, 'weir.dev/state': 'current' } },
    )
    const living = stages.map(({ queue, name: step, pool, singleActiveConsumer }) => ({
      queue,
      step,
      pool,
      singleActiveConsumer,
      revision: 1,
    }))
    const marks = { flow: uid, namespace, name, lastRevision: 1, active: 1, suspended: false, frozen: false }
    const state = { ...marks, kept: [{ revision: 1, hash }], living, retiring: [] }
    const status = { activeRevision: 1, state: flowStateInStatus({ state, version: 1 }) }
    const path = pathOf(resources.flows, { namespace, name, subresource: 'status' })
    const contentType = 'application/merge-patch+json'
    orThrow(await client.request({ method: 'PATCH', path, contentType, body: { status } }))
    return compiled
  }

  function cli(...words: string[]): Promise<Ended> {
    const env = { WEIR_BROKER: '', WEIR_STORE: '' }
    return weir([...words, '--kubeconfig', places.kubeApi.kubeconfig, '-n', namespace], { env })
  }

  async function nextMessage(): Promise<WireMessage> {
    const queue = plan.stages[0]?.queue ?? ''
    return new Promise((resolve, reject) => {
      const taken = broker.consume(queue, { prefetch: 1 }, (delivery) => {
        delivery.ack()
        void taken.then((subscription) => subscription.close()).then(() => resolve(delivery.message), reject)
      })
    })
  }

  async function createSecret(): Promise<void> {
    const stringData = { WEIR_BROKER_URL: vhost.amqpUrl, WEIR_STORE_URL: database.url }
    for (const name of ['weir-runner', 'weir-recorder']) await create(secrets, name, { stringData })
  }

  it('starts a run at the broker that is named, and at that of the namespace', async () => {
    const named = await cli('trigger', 'orders', '--data', '{"id": 7}', '--broker', vhost.amqpUrl)
    expect(named.stdout).toMatch(/^run \S+ of orders\/by-hand started\n$/)
    const first = await nextMessage()
    expect(first.headers).toMatchObject({ flow: plan.flow.uid, revision: 1, trigger: 'by-hand', at: 'say', attempt: 1 })
    expect(JSON.parse(payloadOf(first.body).toString())).toMatchObject({ data: { id: 7 } })

    await createSecret()
    const own = await cli('trigger', 'orders', '--trigger', 'hook', '--data', '{"id": 8}', '-o', 'name')
    expect(own).toMatchObject({ code: 0, stderr: '' })
    const second = await nextMessage()
    expect(second.headers).toMatchObject({ run: own.stdout.trim(), trigger: 'hook' })
    // A batch of observations each, for the recorder.
    expect(await broker.depth(eventsQueue)).toMatchObject({ ready: 2 })
  })

  it('says where the addresses are those of pods', async () => {
    const path = pathOf(secrets, { namespace, name: 'weir-runner' })
    const contentType = 'application/merge-patch+json'
    const set = async (stringData: object): Promise<void> => {
      orThrow(await client.request({ method: 'PATCH', path, contentType, body: { stringData } }))
    }
    await set({ WEIR_BROKER_URL: 'amqp://u:s3cret@127.0.0.1:1/v' })
    const { stderr, code } = await cli('trigger', 'orders')
    expect(code).toBe(2)
    expect(stderr).toContain('kubectl port-forward')
    expect(stderr).not.toContain('s3cret')
    await set({ WEIR_BROKER_URL: vhost.amqpUrl })
  })

  it('lists runs and dead letters of the namespace, by the names that its flows have', async () => {
    const { uid } = plan.flow
    await store.runs.addRuns([
      { namespace, flow: uid, id: 'run-1', trigger: 'hook', revision: 1, startedAt: Date.now() },
    ])
    const runs = await cli('runs', '--flow', 'orders')
    expect(runs.stdout).toMatch(new RegExp(`^run-1 +${namespace}/orders +hook +1 `, 'm'))
    const unknown = await cli('dead-letters', 'list', '--flow', 'ordres')
    expect(unknown.stderr).toContain('did you mean "orders"?')
    expect(await cli('dead-letters', 'list', '--flow', 'orders')).toMatchObject({ code: 0, stdout: '' })
  })
})
