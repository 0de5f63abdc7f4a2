import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import type { Plan } from '../../../flow/plan/plan.ts'
import { openKubeClient, type KubeClient } from '../../../kube/transport/kube-client.ts'
import { failed, KubeError } from '../../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../../kube/transport/kubeconfig-access.ts'
import { describeOnKubeApi, limitedToken } from '../../../test/env/kube-tests.ts'
import { inFreshNamespacesOfWeir } from '../../../test/env/weir-crds.ts'
import { openClusterFlows, type ClusterFlows } from '../../../test/rig/cluster-flows.ts'
import { changePlan } from '../../../test/samples/change-plan.ts'
import { systemClock } from '../../clock.ts'
import type { FlowStateStore, PlanStore } from '../../store/store.ts'
import {
  openKubernetesPlanSource,
  type KubernetesPlanOptions,
  type KubernetesPlanSource,
} from './kubernetes-plan-source.ts'
import { planSourceRules } from './rules.ts'

const waiting = { timeout: 60_000, interval: 10 }

describeOnKubeApi('plans of a cluster', (place) => {
  let flows: ClusterFlows
  let client: KubeClient
  let namespace: string
  let store: { readonly flows: FlowStateStore; readonly plans: PlanStore }
  let requests: string[]
  let lines: string[]
  let uid: string
  let first: Plan
  let second: Plan
  inFreshNamespacesOfWeir(place, async ({ client: administrator, namespace: fresh }) => {
    namespace = fresh
    requests = []
    lines = []
    const token = await limitedToken(administrator, { namespace, rules: planSourceRules })
    const access = await kubeconfigAccess({ path: place.kubeconfig })
    const { ca } = (await access.credentials()).tls
    const credentials = async () => ({ authorization: `Bearer ${token}`, tls: { ca } })
    client = told(openKubeClient({ access: { ...access, credentials }, userAgent: 'weir-tests', connections: 4 }))
    flows = await openClusterFlows({ client: administrator, namespace })
    onTestFinished(flows.close)
    onTestFinished(client.close)
    store = flows.lead()
    uid = String((await flows.create('orders')).metadata.uid)
    first = planOf(1, { a: 'f' })
    second = planOf(2, { a: 'f', b: 'f' })
    await store.plans.put(first)
    await store.plans.put(second)
  })

  function told(one: KubeClient): KubeClient {
    const request: KubeClient['request'] = (what) => {
      requests.push(what.path.split('/').slice(6).join('/').replaceAll(uid, 'UID'))
      return one.request(what)
    }
    const read: KubeClient['read'] = (what, parse) => {
      requests.push(`list ${what.path.split('/').slice(6).join('/')}`)
      return one.read(what, parse)
    }
    return { ...one, request, read }
  }

  function planOf(revision: number, steps: Record<string, string>, flow = uid): Plan {
    const plan = changePlan({ steps, flow })
    return { ...plan, revision, hash: `hash-${revision}`, flow: { ...plan.flow, namespace, name: 'orders' } }
  }

  function stateOf(part: Partial<FlowState> = {}, plan = second): FlowState {
    return {
      flow: plan.flow.uid,
      namespace,
      name: 'orders',
      lastRevision: 2,
      active: plan.revision,
      kept: [{ revision: 2, hash: second.hash }],
      living: plan.stages.map(({ queue, name, pool, singleActiveConsumer }) => ({
        queue,
        step: name,
        pool,
        singleActiveConsumer,
        revision: plan.revision,
      })),
      retiring: [],
      suspended: false,
      frozen: false,
      ...part,
    }
  }

  async function write(state: FlowState): Promise<void> {
    expect(await store.flows.put(state, (await store.flows.get(state.flow))?.version ?? 0)).toBe('written')
  }

  async function open(options: Partial<KubernetesPlanOptions> = {}): Promise<KubernetesPlanSource> {
    const log = pino(
      { level: 'info' },
      { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
    )
    const source = await openKubernetesPlanSource({
      client,
      namespace,
      clock: systemClock,
      log,
      pollMs: 50,
      ...options,
    })
    onTestFinished(source.close)
    return source
  }

  const queues = (source: KubernetesPlanSource): string[] => source.living().map(({ stage }) => stage.queue)

  it('are known by flow and number, to an account that may do no more than read them', async () => {
    await write(stateOf())
    const source = await open()
    expect([source.flows(), source.active(uid), source.active('other')]).toEqual([[uid], second, undefined])
    expect(source.living()).toEqual(second.stages.map((stage) => ({ stage, plan: second })))
    expect(await source.get(uid, 1)).toEqual(first)
    expect(await source.get(uid, 3)).toBeUndefined()
    for (const hostile of ['../../secrets/x', 'other', '', 'UPPER', 'a/b']) {
      expect(await source.get(hostile, 1)).toBeUndefined()
      expect(await source.refresh(hostile)).toBeUndefined()
    }
    expect(requests.filter((one) => /\.\.|UPPER/.test(one))).toEqual([])
  })

  it('follow what becomes of the flow, without being asked', async () => {
    const source = await open()
    expect(queues(source)).toEqual([])
    let tellings = 0
    source.onChange(() => (tellings += 1))
    await write(stateOf({}, first))
    await vi.waitFor(() => expect([source.active(uid), queues(source).length]).toEqual([first, 1]), waiting)
    await write(stateOf())
    await vi.waitFor(() => expect([source.active(uid), queues(source).length]).toEqual([second, 2]), waiting)
    await write(stateOf({ frozen: true }))
    await vi.waitFor(() => expect(queues(source)).toEqual([]), waiting)
    await write(stateOf({ deletion: { askedAt: 1, deadlineMs: 1 } }))
    await vi.waitFor(() => expect([source.active(uid), queues(source).length]).toEqual([undefined, 2]), waiting)
    await flows.edit('orders', { metadata: { finalizers: [] } })
    await flows.remove('orders')
    await vi.waitFor(() => expect(queues(source)).toEqual([]), waiting)
    expect(tellings).toBeGreaterThanOrEqual(5)
  })

  it('are read once each, and not again for what changes in the status alone', async () => {
    await write(stateOf())
    const source = await open()
    const before = source.active(uid)
    for (let backlog = 0; backlog < 5; backlog += 1) await flows.edit('orders', { status: { backlog } }, 'status')
    await write(stateOf({ suspended: true, stoodSince: 5 }))
    await vi.waitFor(() => expect(source.active(uid)?.flow.suspend).toBe(true), waiting)
    expect(source.living()[0]?.plan).toBe(before)
    expect(requests.filter((one) => one.startsWith('flowrevisions'))).toEqual(['flowrevisions/UID-2'])
  })

  it('are read past the cache when somebody asks for it, also those of which the watch has not told', async () => {
    await write(stateOf({}, first))
    const deaf: KubeClient = {
      ...client,
      stream: async ({ signal, path, method }) => {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
        return failed(new KubeError(`${method} ${path}`, { kind: 'aborted', reason: 'Aborted' }))
      },
    }
    const source = await open({ client: deaf })
    await write(stateOf())
    expect(source.active(uid)).toEqual(first)
    expect(await source.refresh(uid)).toEqual(second)
    const later = String((await flows.create('later')).metadata.uid)
    const plan = planOf(2, { z: 'f' }, later)
    await store.plans.put(plan)
    await write(stateOf({ name: 'later' }, plan))
    expect(await source.refresh(later)).toEqual(plan)
    await flows.edit('orders', { metadata: { finalizers: [] } })
    await flows.remove('orders')
    expect([await source.refresh(uid), source.active(uid)]).toEqual([undefined, undefined])
    requests.splice(0)
    await Promise.all(Array.from({ length: 50 }, () => source.refresh('0b6f5c1e-0000-4a5e-8a53-1f0a7f3a9a10')))
    await source.refresh('0b6f5c1e-0000-4a5e-8a53-1f0a7f3a9a10')
    expect(requests.length).toBeLessThanOrEqual(2)
  })

  it('of flows that nobody consumes here are read when a message names them, and not before', async () => {
    await write(stateOf())
    const source = await open({ pools: ['core'] })
    expect([source.flows(), queues(source)]).toEqual([[], []])
    expect(requests.filter((one) => one.startsWith('flowrevisions'))).toEqual([])
    expect(await source.get(uid, 2)).toEqual(second)
    const served = await open({ pools: ['core', 'Component/shop'] })
    expect(queues(served).length).toBe(2)
  })

  it('stay as they were while a state cannot be read, and while the server does not answer', async () => {
    await write(stateOf())
    let isDown = false
    const failing: KubeClient = {
      ...client,
      request: async (request) => {
        if (!isDown) return client.request(request)
        return failed(new KubeError('down', { kind: 'unreachable', reason: 'Unreachable' }))
      },
    }
    const source = await open({ client: failing })
    await flows.edit('orders', { status: { state: { lastRevision: -1, flow: 'another' } } }, 'status').catch(() => {})
    await flows.edit('orders', { status: { state: { flow: 'another' } } }, 'status')
    await vi.waitFor(() => expect(lines).toEqual(['state of a flow not usable, the last good one stays']), waiting)
    expect(source.active(uid)).toEqual(second)
    await flows.edit('orders', { status: { state: { flow: uid } } }, 'status')
    isDown = true
    await flows.caughtUp()
    await write(stateOf({}, first))
    await vi.waitFor(() => expect(lines).toContain('plans not read, the last ones stay'), waiting)
    expect(source.active(uid)).toEqual(second)
    await expect(source.refresh(uid)).rejects.toMatchObject({ name: 'TransientError' })
    await expect(source.get(uid, 1)).rejects.toMatchObject({ name: 'TransientError' })
    isDown = false
    await vi.waitFor(() => expect(source.active(uid)).toEqual(first), waiting)
    await vi.waitFor(() => expect(lines).toContain('plans can be read again'), waiting)
  })

  it('cannot be had where the account may not list Flows: that is not the same as no flows', async () => {
    const opening = open({ namespace: 'kube-system' })
    await expect(opening).rejects.toMatchObject({ name: 'TransientError', code: 'ClusterRefused' })
  })
})
