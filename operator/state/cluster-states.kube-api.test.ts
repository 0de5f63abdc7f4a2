import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { readFlowState } from '../../flow/plan/flow-status.ts'
import { slim } from '../../kube/cache/projection.ts'
import { systemClock } from '../../kube/clock.ts'
import { fencedClient } from '../../kube/election/fenced-client.ts'
import { pathOf } from '../../kube/kube-object.ts'
import type { KubeClient, KubeRequest } from '../../kube/transport/kube-client.ts'
import { done, failed, KubeError, orThrow } from '../../kube/transport/kube-error.ts'
import { openStatusWriter } from '../../kube/write/status-writer.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inFreshNamespacesOfWeir } from '../../test/env/weir-crds.ts'
import { openClusterFlows, type ClusterFlows } from '../../test/rig/cluster-flows.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { openCurrentness } from './currentness.ts'

const waiting = { timeout: 60_000, interval: 10 }

/** What becomes of a request, by its number among the writes. */
type Fault = (request: KubeRequest, at: number) => 'refused' | 'lost' | 'put off' | undefined

describeOnKubeApi('states in Flows', (place) => {
  let administrator: KubeClient
  let namespace: string
  let flows: ClusterFlows
  let writes: KubeRequest[]
  let fault: Fault
  inFreshNamespacesOfWeir(place, async (fresh) => {
    ;({ client: administrator, namespace } = fresh)
    writes = []
    fault = () => undefined
    flows = await openClusterFlows({ client: administrator, operator: harmed(administrator), namespace })
    onTestFinished(flows.close)
  })

  /** Sends what it is given, and does to the answer what the test says. */
  function harmed(client: KubeClient): KubeClient {
    return {
      ...client,
      request: async (request) => {
        if (request.method === 'GET') return client.request(request)
        writes.push(request)
        const way = fault(request, writes.length)
        const what = `${request.method} ${request.path}`
        if (way === 'refused')
          return failed(new KubeError(what, { kind: 'refused', status: 500, reason: 'InternalError' }))
        if (way === 'put off') return failed(new KubeError(what, { kind: 'refused', status: 409, reason: 'Conflict' }))
        const answer = await client.request(request)
        if (way !== 'lost') return answer as never // of the same type
        return failed(new KubeError(what, { kind: 'unreachable', reason: 'Unreachable' }))
      },
    }
  }

  async function created(name = 'orders'): Promise<string> {
    return String((await flows.create(name)).metadata.uid)
  }

  function stateOf(uid: string, change: Partial<FlowState> = {}): FlowState {
    return {
      flow: uid,
      namespace,
      name: 'orders',
      lastRevision: 1,
      kept: [{ revision: 1, hash: 'h' }],
      living: [],
      retiring: [],
      suspended: false,
      frozen: false,
      ...change,
    }
  }

  it('are known to who wrote them at once, whatever the cache has heard', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    for (let version = 0; version < 30; version += 1) {
      expect(await store.put(stateOf(uid, { lastRevision: version }), version)).toBe('written')
      expect(await store.get(uid)).toMatchObject({ state: { lastRevision: version }, version: version + 1 })
    }
    expect(writes.length).toBe(30)
  })

  it('are known to the next who leads, whatever its cache has heard', async () => {
    const uid = await created()
    const late = await openClusterFlows({ client: administrator, operator: deaf(administrator), namespace })
    onTestFinished(late.close)
    await flows.lead().flows.put(stateOf(uid), 0)
    const gone = await created('gone')
    expect(late.caches.flows.get(`${namespace}/orders`)?.status).toEqual({ observedGeneration: -1 })
    const { flows: store } = late.lead()
    expect(await store.get(uid)).toMatchObject({ version: 1 })
    expect(await store.get(gone)).toBeUndefined()
    expect(await store.list()).toMatchObject([{ state: { flow: uid } }])
  })

  /** A watch that never tells of anything. */
  function deaf(client: KubeClient): KubeClient {
    return {
      ...client,
      stream: async ({ signal, path, method }) => {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
        return failed(new KubeError(`${method} ${path}`, { kind: 'aborted', reason: 'Aborted' }))
      },
    }
  }

  it('are known to the next who leads by one write, as soon as its cache has heard of it', async () => {
    const uid = await created()
    const other = await created('other')
    const first = flows.lead()
    await first.flows.put(stateOf(uid), 0)
    await first.flows.put(stateOf(other, { name: 'other' }), 0)
    const asked: KubeRequest[] = []
    const release = Promise.withResolvers<void>()
    const late = await openClusterFlows({
      client: administrator,
      operator: slow(administrator, release.promise),
      namespace,
    })
    onTestFinished(late.close)
    await first.flows.put(stateOf(other, { name: 'other', lastRevision: 2 }), 1)
    const client: KubeClient = {
      ...administrator,
      request: (request) => (asked.push(request), administrator.request(request)),
      read: (request, parse) => (asked.push(request), administrator.read(request, parse)),
    }
    const isCurrent = openCurrentness({ client, caches: late.caches, clock: systemClock })
    const { flows: store } = late.lead({ client, isCurrent })
    const known = Promise.all([store.get(uid), store.get(other), store.list()])
    await vi.waitFor(() => expect(asked.length).toBe(1), waiting)
    release.resolve()
    expect(await known).toMatchObject([
      { version: 2, state: { lastRevision: 1 } },
      { version: 2, state: { lastRevision: 2 } },
      [{ version: 2 }, { version: 2 }],
    ])
    expect(asked.map(({ method }) => method)).toEqual(['PATCH'])
    expect(await first.flows.put(stateOf(uid, { lastRevision: 9 }), 1)).toBe('conflict')
  })

  it.each<{ name: string; client: (administrator: KubeClient) => KubeClient }>([
    { name: 'there is none', client: (administrator) => administrator },
    { name: 'no state can be written', client: refusing },
  ])('are compared one by one where $name', async ({ client }) => {
    const isCurrent = openCurrentness({ client: client(administrator), caches: flows.caches, clock: systemClock })
    expect(await isCurrent()).toBe(false)
    const uid = await created()
    await flows.lead().flows.put(stateOf(uid), 0)
    const { flows: store } = flows.lead({ client: client(administrator), isCurrent })
    expect(await store.get(uid)).toMatchObject({ version: 1 })
    const again = openCurrentness({ client: client(administrator), caches: flows.caches, clock: systemClock })
    expect(await again()).toBe(client !== refusing)
  })

  it('are not said to be known by who leads no more', async () => {
    await flows.lead().flows.put(stateOf(await created()), 0)
    let isLeader = false
    const client = fencedClient(administrator, () => isLeader)
    const isCurrent = openCurrentness({ client, caches: flows.caches, clock: systemClock })
    await expect(isCurrent()).rejects.toMatchObject({ name: 'TransientError', code: 'NotLeading' })
    isLeader = true
    expect(await isCurrent()).toBe(true)
  })

  /** A server that takes no write. */
  function refusing(client: KubeClient): KubeClient {
    return {
      ...client,
      request: async (request) =>
        request.method === 'GET'
          ? client.request(request)
          : failed(new KubeError('refused', { kind: 'refused', status: 422, reason: 'Invalid' })),
    }
  }

  /** A watch that tells of nothing until it is released. */
  function slow(client: KubeClient, released: Promise<void>): KubeClient {
    const held = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      await released
      yield* chunks
    }
    return {
      ...client,
      stream: async (request) => {
        const opened = await client.stream(request)
        return opened.kind === 'failed' ? opened : done(held(opened.value))
      },
    }
  }

  it('are written while a user edits the Flow and another writes its status, without a conflict', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    const writer = openStatusWriter({
      client: administrator,
      resource: resources.flows,
      fieldManager: 'weir',
      everyMs: 1,
    })
    onTestFinished(writer.close)
    const stop = new AbortController()
    const editing = (async () => {
      for (let at = 0; !stop.signal.aborted; at += 1) {
        await flows.edit('orders', { spec: { update: { pending: at % 2 === 0 ? 'follow' : 'finish' } } })
        writer.write(slim(await flows.read('orders')), { backlog: at, conditions: [] })
      }
    })()
    for (let version = 0; version < 60; version += 1) {
      expect(await store.put(stateOf(uid, { lastRevision: version }), version)).toBe('written')
    }
    stop.abort()
    await editing
    await writer.settled()
    expect(writes.length).toBeLessThan(65)
    const { status, metadata } = await flows.read('orders')
    expect(status).toMatchObject({ state: { version: 60, lastRevision: 59 } })
    expect(Number((status as { backlog?: number }).backlog)).toBeGreaterThan(0)
    const managers = metadata['managedFields'] as readonly { manager: string; fieldsV1: object }[]
    const fields = new Map(managers.map(({ manager, fieldsV1 }) => [manager, JSON.stringify(fieldsV1)]))
    expect(fields.get('weir-state')).toContain('f:state')
    expect(fields.get('weir')).not.toContain('f:state')
  })

  it('of two processes that write at once lose nothing', async () => {
    const uid = await created()
    const other = await openClusterFlows({ client: administrator, namespace })
    onTestFinished(other.close)
    const counts = await Promise.all(
      [flows.lead().flows, other.lead().flows].map(async (store) => {
        let written = 0
        while (written < 25) {
          const before = await store.get(uid)
          const next = stateOf(uid, { lastRevision: (before?.state.lastRevision ?? 0) + 1 })
          if ((await store.put(next, before?.version ?? 0)) === 'written') written += 1
          else await sleep(Math.random() * 5)
        }
        return written
      }),
    )
    expect(counts).toEqual([25, 25])
    expect((await flows.read('orders'))['status']).toMatchObject({ state: { version: 50, lastRevision: 50 } })
  })

  it.each<{ name: string; fault: Fault; sent: number }>([
    { name: 'a refusal', fault: (_, at) => (at < 3 ? 'refused' : undefined), sent: 3 },
    {
      name: 'a conflict that the server could not resolve',
      fault: (_, at) => (at < 4 ? 'put off' : undefined),
      sent: 4,
    },
    { name: 'an answer that was lost', fault: (_, at) => (at === 1 ? 'lost' : undefined), sent: 1 },
  ])('are written once through $name', async ({ fault: given, sent }) => {
    const uid = await created()
    const { flows: store } = flows.lead()
    fault = given
    expect(await store.put(stateOf(uid), 0)).toBe('written')
    expect(writes.length).toBe(sent)
    expect(await store.get(uid)).toMatchObject({ version: 1 })
  })

  it('are asked for past the cache after a write whose end nobody knows', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    let reads = 0
    fault = () => {
      reads += 1
      return 'refused'
    }
    await expect(store.put(stateOf(uid), 0)).rejects.toMatchObject({ name: 'TransientError', code: 'ClusterRefused' })
    expect(reads).toBeGreaterThan(3)
    // By somebody else, in the meantime.
    await administrator.request({ ...(writes[0] as KubeRequest) })
    expect(await store.get(uid)).toMatchObject({ version: 1 })
  })

  it('go with their Flow, in one write', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    await store.put(stateOf(uid), 0)
    await flows.remove('orders')
    await flows.caughtUp()
    expect(await store.get(uid)).toMatchObject({ version: 1 })
    expect(await store.remove(uid, 2)).toBe('conflict')
    writes.splice(0)
    expect(await store.remove(uid, 1)).toBe('removed')
    expect(writes.length).toBe(1)
    expect(await store.get(uid)).toBeUndefined()
    expect(await store.remove(uid, 1)).toBe('removed')
    expect(await store.put(stateOf(uid), 1)).toBe('conflict')
    await expect(store.put(stateOf(uid), 0)).rejects.toMatchObject({ code: 'FlowNotFound' })
    expect(await flows.readAll(resources.flows)).toEqual([])
  })

  it('are gone with their Flow, whatever the cache has heard of it', async () => {
    const uid = await created()
    await flows.lead().flows.put(stateOf(uid), 0)
    await flows.remove('orders')
    const late = await openClusterFlows({ client: administrator, operator: deaf(administrator), namespace })
    onTestFinished(late.close)
    const { flows: store } = late.lead()
    expect(await store.get(uid)).toMatchObject({ version: 1 })
    expect(await store.remove(uid, 1)).toBe('removed')
    expect([await store.get(uid), await store.list()]).toEqual([undefined, []])
  })

  it('are gone when we have let go of a Flow that others still hold', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    await store.put(stateOf(uid), 0)
    await flows.edit('orders', { metadata: { finalizers: ['weir.dev/flow', 'example.com/hold'] } })
    await flows.remove('orders')
    await flows.caughtUp()
    expect(await store.remove(uid, 1)).toBe('removed')
    expect(await store.get(uid)).toBeUndefined()
    expect(await store.list()).toEqual([])
    await flows.edit('orders', { metadata: { finalizers: [] } })
  })

  it('never reach another Flow of the same name', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    await store.put(stateOf(uid), 0)
    await flows.edit('orders', { metadata: { finalizers: [] } })
    const stale = await openClusterFlows({ client: administrator, operator: deaf(administrator), namespace })
    onTestFinished(stale.close)
    const late = stale.lead().flows
    expect(await late.get(uid)).toMatchObject({ version: 1 })
    await flows.remove('orders')
    await vi.waitFor(async () => expect(await flows.readAll(resources.flows)).toEqual([]), waiting)
    const second = await created()
    expect(await late.put(stateOf(uid, { lastRevision: 9 }), 1)).toBe('conflict')
    expect(await late.get(uid)).toBeUndefined()
    expect(readFlowState((await flows.read('orders')) as never)).toEqual({ kind: 'none' })
    expect(await store.get(second)).toBeUndefined()
  })

  it('that cannot be read are an error, and keep no other from being read', async () => {
    const uid = await created()
    const other = await created('other')
    const { flows: store } = flows.lead()
    await store.put(stateOf(uid), 0)
    await store.put(stateOf(other, { name: 'other' }), 0)
    await flows.edit('orders', { status: { state: { flow: 'another-uid' } } }, 'status')
    await flows.caughtUp()
    await expect(store.get(uid)).rejects.toMatchObject({
      code: 'FlowStateMalformed',
      message: expect.stringContaining('orders'),
    })
    await expect(store.put(stateOf(uid), 0)).rejects.toMatchObject({ code: 'FlowStateMalformed' })
    expect(await store.list()).toMatchObject([{ state: { flow: other } }])
    await flows.edit('orders', { status: { state: { flow: uid } } }, 'status')
    await flows.caughtUp()
    expect(await store.get(uid)).toMatchObject({ version: 1 })
  })

  it('that the schema does not allow are refused for good', async () => {
    const uid = await created()
    const put = flows.lead().flows.put(stateOf(uid, { retirer: { by: 'x'.repeat(500), until: 1 } }), 0)
    await expect(put).rejects.toMatchObject({ name: 'PermanentError', code: 'FlowStateRefused' })
  })

  it('have no room for another edit of everything before queues of earlier ones are gone', async () => {
    const uid = await created()
    const { flows: store } = flows.lead()
    const queues = (revision: number, length: number) =>
      Array.from({ length }, () => {
        const step = randomBytes(26).toString('hex')
        return { step, queue: `${uid}.${step}.${step.slice(0, 12)}.${revision}`, since: 1 }
      })
    const many = stateOf(uid, { retiring: [...queues(1, 500), ...queues(2, 500)] })
    const small = stateOf(uid)
    await store.put(small, 0)
    await expect(store.put({ ...many, lastRevision: 2 }, 1)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'FlowStateTooLarge',
    })
    expect(await store.get(uid)).toEqual({ state: small, version: 1 })
  })

  it('take with them what follows from them, in the same write', async () => {
    const uid = await created()
    const { flows: store } = flows.lead({
      beside: (_, { lastRevision }) => ({ activeRevision: lastRevision, backlog: 0 }),
    })
    await store.put(stateOf(uid), 0)
    await store.put(stateOf(uid, { lastRevision: 2 }), 1)
    expect(writes.length).toBe(2)
    expect((await flows.read('orders'))['status']).toMatchObject({
      activeRevision: 2,
      backlog: 0,
      state: { lastRevision: 2 },
    })
  })

  it('take away what is given as undefined, and lose no condition that was written meanwhile', async () => {
    const uid = await created()
    const { flows: store } = flows.lead({
      beside: ({ status }, { lastRevision }) => ({
        conditions: [...(status?.conditions ?? []).filter(({ type }) => type !== 'Ready'), condition('Ready')],
        activeRevision: lastRevision === 1 ? 1 : undefined,
      }),
    })
    await store.put(stateOf(uid, { lastRevision: 1 }), 0)
    expect((await flows.read('orders'))['status']).toMatchObject({ activeRevision: 1 })
    orThrow(
      await administrator.request({
        method: 'PATCH',
        path: pathOf(resources.flows, { namespace, name: 'orders', subresource: 'status' }),
        contentType: 'application/merge-patch+json',
        body: { status: { conditions: [condition('Ready'), condition('example.com/Checked')] } },
      }),
    )
    expect(await store.put(stateOf(uid, { lastRevision: 2 }), 1)).toBe('written')
    const { status } = await flows.read('orders')
    expect(status).not.toHaveProperty('activeRevision')
    const { conditions } = status as { readonly conditions: readonly { readonly type: string }[] }
    expect(conditions.map(({ type }) => type).toSorted()).toEqual(['Ready', 'example.com/Checked'])
  })

  it('are not written by who leads no more', async () => {
    const uid = await created()
    const fenced: KubeClient = {
      ...administrator,
      request: async (request) =>
        request.method === 'GET'
          ? administrator.request(request)
          : failed(new KubeError('not sent', { kind: 'fenced', reason: 'Fenced' })),
    }
    const { flows: store, plans } = flows.lead({ client: fenced })
    await expect(store.put(stateOf(uid), 0)).rejects.toMatchObject({ name: 'TransientError', code: 'NotLeading' })
    const plan = { ...changePlan({ steps: { a: 'f' }, flow: uid }), hash: 'h' }
    await expect(plans.put(plan)).rejects.toMatchObject({ code: 'NotLeading' })
  })

  it('do not take a kind that nobody serves for Flows that are gone', async () => {
    const uid = await created()
    const unserved: KubeClient = {
      ...administrator,
      request: (request) =>
        administrator.request({ ...request, path: request.path.replace('/v1alpha1/', '/v1alpha9/') }),
    }
    const { flows: store, plans } = flows.lead()
    await store.put(stateOf(uid), 0)
    const lost = flows.lead({ client: unserved })
    await expect(lost.flows.put(stateOf(uid), 1)).rejects.toMatchObject({ name: 'TransientError' })
    await expect(lost.plans.get(uid, 1)).rejects.toMatchObject({ name: 'TransientError' })
    expect(await plans.get(uid, 1)).toBeUndefined()
    expect(pathOf(resources.flows, { namespace })).toContain('/v1alpha1/')
  })
})

function condition(type: string): object {
  return { type, status: 'True', reason: 'Test', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }
}
