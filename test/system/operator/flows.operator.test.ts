import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pino } from 'pino'
import { resources } from '../../../crds/resources.ts'
import { openObjectCache } from '../../../kube/cache/object-cache.ts'
import { slim } from '../../../kube/cache/projection.ts'
import { pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import type { ClusterFlow } from '../../../operator/flows/flow-parts.ts'
import { openAmqpBroker } from '../../../runtime/broker/amqp/open-amqp-broker.ts'
import type { Target } from '../../../runtime/broker/broker.ts'
import { openMongoStore } from '../../../runtime/store/mongo/open-mongo-store.ts'
import { systemClock } from '../../../runtime/clock.ts'
import type { WireMessage } from '../../../runtime/wire/message.ts'
import { describeOnAll } from '../../env/operator-tests.ts'
import { callManagement } from '../../env/servers.ts'
import { openOperatorRig, simpleFlow, stateOf, type OperatorRig } from '../../rig/operator/operator-rig.ts'
import { sampleMessage } from '../../samples/sample-message.ts'

const waiting = { timeout: 60_000, interval: 50 }
const log = pino({ level: 'silent' })

describeOnAll('Flows in a cluster', (places) => {
  let rig: OperatorRig
  beforeEach(async () => {
    rig = await openOperatorRig(places)
  })
  afterEach(() => rig?.close())

  it('makes a flow that was applied ready, with its revision active and its queues declared', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    const flow = await rig.ready('orders', 'RevisionActive')
    expect(stateOf(flow)).toMatchObject({ active: 1, lastRevision: 1 })
    expect(flow.status).toMatchObject({ activeRevision: 1, observedGeneration: 1 })
    expect(await rig.queues()).toEqual([expect.stringMatching(`^${flow.metadata.uid}._core\\.[0-9a-f]{12}\\.1$`)])
    expect(flow.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'Ready=True',
      'Active=True',
    ])
  })

  it('makes a revision of an edit that means something else, and none of one that does not', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    await rig.applyFlow('orders', simpleFlow('"other: " & data'))
    expect(stateOf(await rig.ready('orders'))?.active).toBe(2)
    await rig.applyFlow('orders', { ...simpleFlow('"other: " & data'), update: { pending: 'finish' } })
    expect(stateOf(await rig.ready('orders'))).toMatchObject({ active: 2, lastRevision: 2 })
    expect(await rig.queues()).toHaveLength(1)
  })

  it('is never called ready in an edit that does not run yet, however fast they come', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow('"edit 1"'))
    await rig.ready('orders')
    const { client, namespace } = rig
    const readyWith = new Map<number, number>()
    const watching = new AbortController()
    const seen = openObjectCache<KubeObject>({ client, namespace, resource: resources.flows, project: slim })
    seen.subscribe(({ object }) => {
      const { metadata, status } = object as unknown as ClusterFlow
      const { conditions = [], observedGeneration, activeRevision = 0 } = status ?? {}
      const isReady = conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True')
      if (isReady && observedGeneration === metadata.generation) readyWith.set(metadata.generation ?? 0, activeRevision)
    })
    const ended = seen.run(watching.signal)
    await seen.synced
    for (let edit = 2; edit <= 60; edit += 1) await rig.applyFlow('orders', simpleFlow(`"edit ${edit}"`))
    await rig.ready('orders')
    await vi.waitFor(() => expect(readyWith.get(60)).toBeDefined(), waiting)
    watching.abort()
    await ended
    const path = pathOf(resources.flowRevisions, { namespace })
    const revisions = orThrow(
      await client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
    ).items
    for (const [generation, active] of readyWith) {
      const running = revisions.find(({ spec }) => (spec as { readonly revision: number }).revision === active)
      expect(JSON.stringify(running?.['spec'])).toMatch(new RegExp(`edit ${generation}\\b`))
    }
  })

  it('refuses an edit with all that is wrong with it, while the revision before it runs', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    await rig.applyFlow('orders', {
      triggers: [{ name: 'by-hand', manual: {} }],
      steps: [
        { name: 'find', component: 'shop', function: 'find', credential: 'shop-login' },
        { name: 'say', log: 'data.(' },
      ],
    })
    const flow = await rig.condition('orders', 'Stalled', 'True')
    const conditions = Object.fromEntries(flow.status?.conditions?.map((one) => [one.type, one]) ?? [])
    expect(conditions['Ready']).toMatchObject({ status: 'False', reason: 'Findings', observedGeneration: 2 })
    expect(conditions['Active']).toMatchObject({ status: 'True', message: 'revision 1 is active' })
    expect(conditions['Reconciling']).toBeUndefined()
    expect(conditions['Ready']?.message.split('\n')).toEqual([
      'spec.steps[0].component: no Component is named "shop" in this namespace (UnknownComponent)',
      'spec.steps[0].credential: no Credential is named "shop-login" in this namespace (UnknownCredential)',
      expect.stringMatching(/^spec\.steps\[1\]\.log: .* \(ExpressionSyntax\)$/),
    ])
    await vi.waitFor(async () => expect(await reasonsOf('orders')).toContain('UnknownComponent'), waiting)
    await rig.applyFlow('orders', simpleFlow('"mended"'))
    expect(stateOf(await rig.ready('orders'))?.active).toBe(2)
  })

  it('says that a plan is too large for a revision, and takes a smaller one', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    const steps = Array.from({ length: 60 }, (_, at) => ({ name: `say-${at}`, log: `"${'long '.repeat(2_000)}"` }))
    await rig.applyFlow('orders', { triggers: [{ name: 'by-hand', manual: {} }], steps })
    const flow = await rig.condition('orders', 'Stalled', 'True', 'PlanTooLarge')
    expect(stateOf(flow)?.active).toBe(1)
    const ready = flow.status?.conditions?.find(({ type }) => type === 'Ready')
    expect(ready?.message).toMatch(/^the plan of flow orders takes 6\d{5} bytes, above 512 KiB: move large literals/)
    await vi.waitFor(async () => expect(await reasonsOf('orders')).toContain('PlanTooLarge'), waiting)
    await rig.applyFlow('orders', simpleFlow('"small"'))
    expect(stateOf(await rig.ready('orders'))?.active).toBeGreaterThan(1)
  })

  it('is ready while it is suspended as it should be, and owns no queue if it was never active', async () => {
    rig.start()
    await rig.applyFlow('late', simpleFlow('data', { suspend: true }))
    const flow = await rig.ready('late', 'Suspended')
    expect(stateOf(flow)?.active).toBeUndefined()
    expect(await rig.queues()).toEqual([])
    await rig.applyFlow('late', simpleFlow('data', { suspend: false }))
    expect(stateOf(await rig.ready('late', 'RevisionActive'))?.active).toBe(1)
    await rig.applyFlow('late', simpleFlow('data', { suspend: true, freeze: true }))
    expect(stateOf(await rig.ready('late', 'Frozen'))).toMatchObject({ suspended: true, frozen: true, active: 1 })
    expect(await rig.queues()).toHaveLength(1)
  })

  it('stands although what is written beside it is refused', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    await rig.ready('orders')
    await rig.applyFlow('orders', simpleFlow('data.(', { suspend: true }))
    const flow = await rig.condition('orders', 'Stalled', 'True')
    expect(stateOf(flow)).toMatchObject({ suspended: true, active: 1 })
    expect(flow.status?.conditions?.find(({ type }) => type === 'Active')?.status).toBe('False')
  })

  it('pins an older revision as a copy of it, and goes on where that is taken back', async () => {
    rig.start()
    for (const step of ['"one"', '"two"']) {
      await rig.applyFlow('orders', simpleFlow(step))
      await rig.ready('orders')
    }
    await rig.applyFlow('orders', simpleFlow('"two"', { revision: 1 }))
    const flow = await rig.ready('orders', 'Pinned')
    expect(stateOf(flow)).toMatchObject({ active: 3, pinned: 1 })
    expect(flow.status).toMatchObject({ activeRevision: 3, pinnedRevision: 1 })
    await rig.applyFlow('orders', simpleFlow('"two"', { revision: 9 }))
    const stalled = await rig.condition('orders', 'Stalled', 'True', 'RevisionNotFound')
    expect(stateOf(stalled)).toMatchObject({ active: 3 })
    await rig.applyFlow('orders', simpleFlow('"two"'))
    const back = await rig.ready('orders', 'RevisionActive')
    expect(stateOf(back)?.active).toBe(4)
    expect(back.status?.pinnedRevision).toBeUndefined()
  })

  it('lints a flow again when what it names comes, changes and goes', async () => {
    rig.start()
    await rig.applyFlow('orders', {
      triggers: [{ name: 'by-hand', manual: {} }],
      steps: [{ name: 'find', component: 'shop', function: 'find' }],
    })
    await rig.condition('orders', 'Stalled', 'True', 'UnknownComponent')
    const shop = (functions: readonly string[]) => ({
      metadata: { name: 'shop' },
      spec: { image: 'shop:1', functions: functions.map((name) => ({ name, kind: 'action' })) },
    })
    await rig.apply(resources.components, { metadata: { name: 'shop' }, spec: { image: 'shop:1' } })
    const unknown = await rig.condition('orders', 'Reconciling', 'True', 'ComponentNotReady')
    expect(unknown.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toContain('Component/shop')
    await rig.apply(resources.components, shop(['list']))
    await rig.condition('orders', 'Stalled', 'True', 'UnknownFunction')
    await rig.apply(resources.components, shop(['list', 'find']))
    expect(stateOf(await rig.ready('orders'))?.living[0]?.pool).toBe('Component/shop')
  })

  it('gives a webhook to the older of two flows, and to the other when that is gone', async () => {
    rig.start({ options: { publicUrl: 'https://hooks.example' } })
    const hook = (path: string) => ({
      triggers: [{ name: 'hook', webhook: { path, auth: { none: {} } } }],
      steps: [{ name: 'say', log: 'data' }],
    })
    await rig.applyFlow('first', hook('/orders/{id}'))
    const first = await rig.ready('first')
    expect(first.status?.webhooks).toEqual([
      { trigger: 'hook', url: `https://hooks.example/hooks/${rig.namespace}/orders/{id}` },
    ])
    // Made in the same second it would be a matter of names.
    await vi.waitFor(
      () => expect(Date.now()).toBeGreaterThan(Date.parse(first.metadata.creationTimestamp ?? '') + 1_000),
      waiting,
    )
    await rig.applyFlow('another', hook('/orders/{number}'))
    const refused = await rig.condition('another', 'Stalled', 'True', 'WebhookPathClash')
    expect(refused.status?.conditions?.[0]?.message).toBe(
      'spec.triggers[0].webhook.path: trigger "hook" of flow "first" answers to the same requests: change the path or the methods (WebhookPathClash)',
    )
    await rig.remove('first')
    await rig.gone('first')
    await rig.ready('another')
  })

  it('deletes a flow: its messages become dead letters, its queues and revisions go, and then it', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    const { metadata } = await rig.ready('orders')
    const [queue = ''] = await rig.queues()
    await publish({ kind: 'queue', queue }, metadata.uid, ['m0', 'm1', 'm2'])
    await rig.remove('orders')
    const going = await vi.waitFor(async () => {
      const found = await rig.flow('orders')
      expect(found?.status?.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'False', reason: 'Deleting' })
      return found
    }, waiting)
    expect(going?.status?.conditions?.[0]?.message).toContain('becomes dead letters at')
    // Nobody consumes: the deadline is what ends it. As a namespace that terminates would have it, sooner.
    await endNamespace()
    await rig.gone('orders')
    expect(await letters(metadata.uid)).toEqual(['m0', 'm1', 'm2'].map((id) => `${id} PlanMismatch`))
    expect(await namesOf('vhosts')).not.toContain(rig.vhost)
    expect(await revisions()).toEqual([])
  })

  it('keeps the vhost of a namespace without flows until that is deleted, and then what lay in it', async () => {
    rig.start()
    await rig.applyFlow('orders', simpleFlow())
    const { metadata } = await rig.ready('orders')
    const [queue = ''] = await rig.queues()
    await rig.remove('orders')
    await rig.gone('orders')
    // Of a runner that has not heard of it, and puts a message off.
    await publish({ kind: 'delay', queue, delayMs: 3_600_000 }, metadata.uid, ['late'])
    // Who leads now has never heard of it.
    for (const { stop } of rig.running()) await stop()
    rig.start()
    await endNamespace()
    await vi.waitFor(async () => expect(await namesOf('vhosts')).not.toContain(rig.vhost), waiting)
    expect((await namesOf('users')).filter((name) => name.startsWith(rig.vhost))).toEqual([])
    expect(await letters(metadata.uid)).toEqual(['late PlanMismatch'])
  })

  async function endNamespace(): Promise<void> {
    orThrow(await rig.client.request({ method: 'DELETE', path: `/api/v1/namespaces/${rig.namespace}` }))
  }

  async function publish(target: Target, flow: string | undefined, ids: readonly string[]): Promise<void> {
    const broker = await openAmqpBroker({ url: places.rabbit.amqpUrl, vhost: rig.vhost, connectionName: 'test', log })
    for (const id of ids) await broker.publish(target, messageTo(flow ?? '', id))
    await broker.close()
  }

  /** Of the flow, as `ID CODE`. */
  async function letters(flow = ''): Promise<readonly string[]> {
    const { url } = places.mongo
    const store = await openMongoStore({ url, database: rig.database, clock: systemClock, log, patience: 'fail' })
    const found = await store.deadLetters.list({ flow })
    await store.close()
    return found.map(({ id, code }) => `${id} ${code}`).toSorted()
  }

  async function reasonsOf(name: string): Promise<readonly string[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${rig.namespace}/events`
    const { items } = orThrow(
      await rig.client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
    )
    return items
      .filter(({ regarding }) => (regarding as { readonly name?: string }).name === name)
      .map(({ reason }) => String(reason))
  }

  async function revisions(): Promise<readonly string[]> {
    const path = pathOf(resources.flowRevisions, { namespace: rig.namespace })
    const { items } = orThrow(
      await rig.client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }),
    )
    return items.map(({ metadata }) => metadata.name)
  }

  async function namesOf(kind: 'vhosts' | 'users'): Promise<readonly string[]> {
    const found = await callManagement(places.rabbit.managementUrl, 'GET', `/api/${kind}`)
    return (found as readonly { readonly name: string }[]).map(({ name }) => name)
  }
})

function messageTo(flow: string, id: string): WireMessage {
  return sampleMessage(id, { flow, trigger: 'by-hand', at: 'say', copy: id }, '{"data":1}')
}
