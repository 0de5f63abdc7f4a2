import { hash } from 'node:crypto'
import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { systemClock as kubeClock } from '../../kube/clock.ts'
import type { KubeObject } from '../../kube/kube-object.ts'
import { noMeters } from '../../kube/metrics/meters.ts'
import { openKubeClient, type KubeClient, type KubeRequest } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { deadQueue } from '../../runtime/broker/broker.ts'
import { openMemoryBroker, type MemoryBroker } from '../../runtime/broker/memory-broker.ts'
import { systemClock } from '../../runtime/clock.ts'
import { awkwardValues } from '../../runtime/store/conformance/store-promise.ts'
import { openMemoryStore } from '../../runtime/store/memory-store.ts'
import type { KubeApiPlace } from '../../test/env/kube-servers.ts'
import { describeOnKubeApi, limitedToken } from '../../test/env/kube-tests.ts'
import { inFreshNamespacesOfWeir } from '../../test/env/weir-crds.ts'
import { openClusterFlows, type ClusterFlows } from '../../test/rig/cluster-flows.ts'
import { changePlan, type ChangePlan } from '../../test/samples/change-plan.ts'
import { openFlowChanges, type FlowChanges } from '../change/flow-changes.ts'
import type { OperatorParts } from '../operator-parts.ts'
import { openRevisionLabels } from './revision-labels.ts'
import { stateRules } from './rules.ts'

const waiting = { timeout: 60_000, interval: 20 }
const log = pino({ enabled: false })
const waits = { declaredMs: 50, retiredMs: 50, emptyMs: 50, unboundMs: 10 }

describeOnKubeApi('changes of flows in a cluster, with just the rights that states need', (place) => {
  let administrator: KubeClient
  let flows: ClusterFlows
  let namespace: string
  let writes: string[]
  let broker: MemoryBroker
  let changes: FlowChanges
  let uid: string
  inFreshNamespacesOfWeir(place, async (fresh) => {
    ;({ client: administrator, namespace } = fresh)
    writes = []
    const token = await limitedToken(administrator, { namespace, rules: stateRules })
    const client = counted(await limitedClient(place, token))
    flows = await openClusterFlows({ client: administrator, operator: client, namespace })
    onTestFinished(client.close)
    onTestFinished(flows.close)
    broker = openMemoryBroker()
    await broker.declareQueues([{ name: deadQueue }])
    uid = String((await flows.create('orders')).metadata.uid)
    changes = await openChanges()
    await runLabels(client)
  })

  async function limitedClient({ kubeconfig }: KubeApiPlace, token: string): Promise<KubeClient> {
    const access = await kubeconfigAccess({ path: kubeconfig })
    const { ca } = (await access.credentials()).tls
    const credentials = async () => ({ authorization: `Bearer ${token}`, tls: { ca } })
    return openKubeClient({ access: { ...access, credentials }, userAgent: 'weir-tests' })
  }

  function counted(client: KubeClient): KubeClient {
    const request: KubeClient['request'] = (one: KubeRequest) => {
      if (one.method !== 'GET')
        writes.push(`${one.method} ${one.path.split('/').slice(6).join('/').replaceAll(uid, 'UID')}`)
      return client.request(one)
    }
    return { ...client, request }
  }

  async function openChanges(): Promise<FlowChanges> {
    const store = { ...openMemoryStore({ clock: systemClock }), ...flows.lead() }
    const opened = await openFlowChanges({ broker, store, clock: systemClock, log, waits, pollMs: 600_000 })
    onTestFinished(opened.close)
    return opened
  }

  async function runLabels(client: KubeClient): Promise<void> {
    const parts = { client, caches: flows.caches, clock: kubeClock, log, meters: noMeters }
    const stop = new AbortController()
    const running = openRevisionLabels(parts as unknown as OperatorParts).run(stop.signal) // what it uses of them
    onTestFinished(() => (stop.abort(), running))
  }

  function planOf(change: Omit<ChangePlan, 'flow'>, more: Partial<Plan> = {}): Plan {
    const plan = changePlan({ ...change, flow: uid })
    const named = { ...plan.flow, namespace, name: 'orders' }
    return { ...plan, flow: named, hash: hash('sha256', plan.hash, 'hex').slice(0, 32), ...more }
  }

  async function stateOf(name = 'orders') {
    return ((await flows.read(name))['status'] as { state?: Record<string, unknown> } | undefined)?.state
  }

  async function labels(): Promise<Record<string, string>> {
    const all = await flows.readAll(resources.flowRevisions)
    return Object.fromEntries(
      all.map(({ metadata }) => [metadata.name.replace(uid, 'UID'), metadata.labels?.['weir.dev/state'] ?? '']),
    )
  }

  async function activeAt(revision: number): Promise<void> {
    await vi.waitFor(async () => expect(await stateOf()).toMatchObject({ active: revision }), waiting)
  }

  it('take three writes for the first activation and four for another, labels included, and none when nothing changes', async () => {
    await changes.apply(planOf({ steps: { a: 'f' } }))
    await activeAt(1)
    await vi.waitFor(async () => expect(await labels()).toEqual({ 'UID-1': 'current' }), waiting)
    const put = 'PATCH flows/orders/status'
    expect(writes).toEqual(['POST flowrevisions', put, put])
    writes.splice(0)
    await changes.apply(planOf({ steps: { a: 'f' }, tuning: 'x' }))
    await activeAt(2)
    await vi.waitFor(async () => expect(await labels()).toEqual({ 'UID-1': 'old', 'UID-2': 'current' }), waiting)
    expect(writes).toEqual([put, 'POST flowrevisions', put, 'PATCH flowrevisions/UID-1'])
    writes.splice(0)
    await changes.apply(planOf({ steps: { a: 'f' }, tuning: 'x' }))
    await changes.reconcile()
    await flows.caughtUp()
    expect(writes).toEqual([])
  })

  it('keep a plan as an object of its Flow, whatever stands in it', async () => {
    const config = Object.fromEntries(awkwardValues.slice(1).map((value, at) => [`v${at}`, value]))
    const awkward = { ...config, v7: { '': 1, 'a.b': 2, $set: 3, 'mit ü': '✓ 👩‍👩‍👧 \u0000 \u2028' }, v10: 'x' }
    const steps = { a: { config: awkward, next: [], maybe: null } } as unknown as Plan['steps']
    const plan = planOf({ steps: { a: 'f' } }, { steps })
    await changes.apply(plan)
    const [revision] = await flows.readAll(resources.flowRevisions)
    const { metadata, spec } = revision as KubeObject & { spec: { plan: Plan } }
    expect(metadata).toMatchObject({
      name: `${uid}-1`,
      labels: {
        'weir.dev/flow': 'orders',
        'weir.dev/flow-uid': uid,
        'weir.dev/revision': '1',
        'app.kubernetes.io/managed-by': 'weir',
      },
      ownerReferences: [{ kind: 'Flow', name: 'orders', uid, controller: true, blockOwnerDeletion: false }],
    })
    expect(spec.plan).toEqual({ ...plan, revision: 1 })
    expect(await flows.lead().plans.get(uid, 1)).toEqual({ ...plan, revision: 1 })
  })

  it('refuse a plan that is too large, and say what to do', async () => {
    const steps = { a: { config: { text: 'x'.repeat(600_000) } } } as unknown as Plan['steps']
    const apply = changes.apply(planOf({ steps: { a: 'f' } }, { steps }))
    await expect(apply).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'PlanTooLarge',
      message: expect.stringContaining('split it'),
    })
    await changes.apply(planOf({ steps: { a: 'f' }, tuning: 'less' }))
    await activeAt(1)
  })

  it('label what somebody has labelled otherwise as it is', async () => {
    await changes.apply(planOf({ steps: { a: 'f' } }))
    await activeAt(1)
    await vi.waitFor(async () => expect(await labels()).toEqual({ 'UID-1': 'current' }), waiting)
    const path = `/apis/weir.dev/v1alpha1/namespaces/${namespace}/flowrevisions/${uid}-1`
    const body = { metadata: { labels: { 'weir.dev/state': 'old' } } }
    await administrator.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
    await vi.waitFor(async () => expect(await labels()).toEqual({ 'UID-1': 'current' }), waiting)
  })

  it('lose no number when another takes over in the middle', async () => {
    for (let round = 1; round <= 5; round += 1) {
      const next = await openChanges()
      const applied = changes.apply(planOf({ steps: { a: 'f' }, tuning: `${round}` })).catch(() => undefined)
      await changes.close()
      await applied
      changes = next
      await changes.apply(planOf({ steps: { a: 'f', b: `${round}` }, tuning: `${round}` }))
    }
    await vi.waitFor(async () => expect((await stateOf())?.['pending']).toBeUndefined(), waiting)
    const { lastRevision, active } = (await stateOf()) as { lastRevision: number; active: number }
    expect(active).toBe(lastRevision)
    const revisions = await flows.readAll(resources.flowRevisions)
    const numbers = revisions.map(({ metadata }) => Number(metadata.labels?.['weir.dev/revision']))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(Math.max(...numbers)).toBe(lastRevision)
  })

  it('let a Flow go when nothing of it is left', async () => {
    await changes.apply(planOf({ steps: { a: 'f', b: 'g' } }))
    await activeAt(1)
    const queues = (await flows.lead().flows.get(uid))?.state.living ?? []
    expect(queues.length).toBe(2)
    await flows.remove('orders')
    await flows.caughtUp()
    await changes.remove(uid, { deadlineMs: 100 })
    const lookAgain = async (): Promise<void> => {
      await changes.reconcile()
      expect(await flows.readAll(resources.flows)).toEqual([])
    }
    await vi.waitFor(lookAgain, waiting)
    expect(await flows.readAll(resources.flowRevisions)).toEqual([])
    for (const { queue } of queues) expect(await broker.depth(queue)).toBeUndefined()
  })
})
