import { expect, it, onTestFinished, vi } from 'vitest'
import { describeOnKubeApi, inFreshNamespaces } from '../../test/env/kube-tests.ts'
import { openObjectCache, type ObjectCache } from '../cache/object-cache.ts'
import { slim } from '../cache/projection.ts'
import { pathOf, type KubeObject, type ObjectMeta, type Resource } from '../kube-object.ts'
import type { Meters } from '../metrics/meters.ts'
import { KubeError, orThrow } from '../transport/kube-error.ts'
import type { KubeClient } from '../transport/kube-client.ts'
import { openController, type ControllerOptions, type Reconciled, type ReconcileFailure } from './controller.ts'
import { byLabel, byOwner, byReference, isPeerChange, isSpecChange, mappedSource, primarySource } from './sources.ts'

const maps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const secrets: Resource = { ...maps, kind: 'Secret', plural: 'secrets' }
const waiting = { timeout: 60_000, interval: 20 }
const isDone: Reconciled = { kind: 'done' }

function counting(): {
  readonly meters: Meters
  readonly counts: Map<string, number>
  readonly gauges: Map<string, () => number>
} {
  const counts = new Map<string, number>()
  const gauges = new Map<string, () => number>()
  const count: Meters['count'] = (name, { result = '' }) => {
    const key = `${name} ${result}`.trim()
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return { counts, gauges, meters: { count, observe: () => {}, gauge: (name, _, read) => gauges.set(name, read) } }
}

describeOnKubeApi('a controller', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, (fresh) => ({ client, namespace } = fresh))

  async function create(resource: Resource, metadata: ObjectMeta, rest: object = {}): Promise<KubeObject> {
    return orThrow(
      await client.request<KubeObject>({
        method: 'POST',
        path: pathOf(resource, { namespace }),
        body: { metadata, ...rest },
      }),
    )
  }

  async function replace(resource: Resource, metadata: ObjectMeta, rest: object = {}): Promise<void> {
    const path = pathOf(resource, { namespace, name: metadata.name })
    orThrow(await client.request({ method: 'PUT', path, body: { metadata, ...rest } }))
  }

  function cacheOf(resource: Resource, labelSelector?: string): ObjectCache<KubeObject> {
    const refersTo = (object: KubeObject): readonly string[] => {
      const { secret = '' } = (object['data'] ?? {}) as { readonly secret?: string }
      return secret === '' ? [] : [`${namespace}/${secret}`]
    }
    const cache = openObjectCache({ client, resource, namespace, labelSelector, project: slim, indexes: { refersTo } })
    run(cache.run)
    return cache
  }

  function run(work: (signal: AbortSignal) => Promise<void>): AbortController {
    const stop = new AbortController()
    const running = work(stop.signal)
    onTestFinished(() => {
      stop.abort()
      return running
    })
    return stop
  }

  /** Keys in the order in which they were looked at, without the namespace. */
  function started(options: Omit<ControllerOptions, 'name' | 'reconcile'> & Partial<ControllerOptions>) {
    const seen: string[] = []
    const reconcile = async (key: string): Promise<Reconciled> => {
      seen.push(key.slice(namespace.length + 1))
      return isDone
    }
    const controller = openController({ name: 'test', reconcile, ...options })
    return { seen, controller, stop: run(controller.run) }
  }

  it('looks at what is there, and at each change of it, of what it owns, of what names it and of what it names', async () => {
    const root = await create(maps, { name: 'root', labels: { app: 'a' } }, { data: { secret: 'key' } })
    const roots = cacheOf(maps, 'app=a')
    const children = cacheOf(maps, 'app!=a')
    const { seen } = started({
      sources: [
        primarySource(roots),
        mappedSource(children, byOwner('ConfigMap', '')),
        mappedSource(children, byLabel('root')),
        mappedSource(cacheOf(secrets), byReference(roots, 'refersTo')),
      ],
    })
    const looked = async (count: number): Promise<void> => {
      await vi.waitFor(() => expect(seen.filter((key) => key === 'root').length).toBeGreaterThanOrEqual(count), waiting)
      seen.length = 0
    }
    await looked(1)
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'root', uid: root.metadata.uid ?? '', controller: true }
    await create(maps, { name: 'child', ownerReferences: [owner] })
    await looked(1)
    await create(maps, { name: 'labelled', labels: { root: 'root' } })
    await looked(1)
    // Who has lost a child must know.
    await replace(maps, { name: 'child' })
    await looked(1)
    await create(secrets, { name: 'key' })
    await looked(1)
    await create(secrets, { name: 'other' })
    await create(maps, { name: 'stranger', ownerReferences: [{ ...owner, kind: 'Secret' }] })
    await create(maps, { name: 'last', labels: { app: 'a' } })
    await vi.waitFor(() => expect(seen).toContain('last'), waiting)
    expect(seen).toEqual(['last'])
  })

  it('takes an edit before what was there at the start', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `map-${at}`)
    for (const name of names) await create(maps, { name, labels: { app: 'a' } })
    const cache = cacheOf(maps, 'app=a')
    await cache.synced
    const gate = Promise.withResolvers<void>()
    const seen: string[] = []
    const reconcile = async (key: string): Promise<Reconciled> => {
      seen.push(key)
      await gate.promise
      return isDone
    }
    const { controller } = started({ sources: [primarySource(cache)], workers: 1, reconcile })
    await vi.waitFor(() => expect(seen.length).toBe(1), waiting)
    await create(maps, { name: 'edited', labels: { app: 'a' } })
    await vi.waitFor(() => expect(cache.get(`${namespace}/edited`)).toBeDefined(), waiting)
    controller.enqueue(`${namespace}/wanted`, 'resync')
    gate.resolve()
    await vi.waitFor(() => expect(seen.length).toBe(22), waiting)
    expect(seen.slice(1, 3)).toEqual([`${namespace}/edited`, `${namespace}/wanted`])
  })

  it('goes on after whatever is thrown, counts it, and tries again', async () => {
    const cache = cacheOf(maps, 'app=a')
    const { meters, counts, gauges } = counting()
    const failures: ReconcileFailure[] = []
    const thrown: unknown[] = [
      new Error('the world'),
      new TypeError('a mistake'),
      'not even an error',
      new KubeError('later', { kind: 'refused', status: 429, reason: 'TooManyRequests', retryAfterMs: 300 }),
    ]
    const reconcile = async (): Promise<Reconciled> => {
      if (thrown.length > 0) throw thrown.shift()
      return isDone
    }
    started({ sources: [primarySource(cache)], reconcile, meters, onFailure: (failure) => failures.push(failure) })
    await create(maps, { name: 'a', labels: { app: 'a' } })
    await vi.waitFor(() => expect(counts.get('controller_runtime_reconcile_total success')).toBe(1), waiting)
    expect(failures.map(({ isPanic, retryAfterMs }) => [isPanic, retryAfterMs])).toEqual([
      [false, 5],
      [true, 10],
      [true, 20],
      [false, 300],
    ])
    expect(counts.get('controller_runtime_reconcile_errors_total')).toBe(4)
    expect(counts.get('controller_runtime_reconcile_panics_total')).toBe(2)
    expect(gauges.get('controller_runtime_max_concurrent_reconciles')?.()).toBe(10)
    await vi.waitFor(() => expect(gauges.get('controller_runtime_active_workers')?.()).toBe(0), waiting)
  })

  it('looks again when it was asked to, and at everything now and then', async () => {
    const cache = cacheOf(maps, 'app=a')
    await create(maps, { name: 'a', labels: { app: 'a' } })
    let calls = 0
    const reconcile = async (): Promise<Reconciled> => {
      calls += 1
      return calls === 1 ? { kind: 'again', afterMs: 50 } : isDone
    }
    started({ sources: [primarySource(cache)], reconcile, resyncMs: 200 })
    await vi.waitFor(() => expect(calls).toBeGreaterThan(3), waiting)
  })

  it('tells a reconcile that its time is over', async () => {
    const cache = cacheOf(maps, 'app=a')
    await create(maps, { name: 'slow', labels: { app: 'a' } })
    const { meters, counts } = counting()
    const reconcile = async (_: string, signal: AbortSignal): Promise<Reconciled> => {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      return isDone
    }
    started({ sources: [primarySource(cache)], reconcile, meters, timeoutMs: 50 })
    await vi.waitFor(
      () => expect(counts.get('controller_runtime_reconcile_timeouts_total')).toBeGreaterThan(1),
      waiting,
    )
  })

  it('lets what is under way finish when it is stopped, takes nothing new, and ends what does not finish', async () => {
    const cache = cacheOf(maps, 'app=a')
    for (const name of ['a', 'b', 'c']) await create(maps, { name, labels: { app: 'a' } })
    await vi.waitFor(() => expect(cache.size()).toBe(3), waiting)
    const gate = Promise.withResolvers<void>()
    const log: string[] = []
    const reconcile = async (key: string, signal: AbortSignal): Promise<Reconciled> => {
      log.push(`begin ${key.slice(-1)}`)
      if (key.endsWith('a')) await gate.promise
      else await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      log.push(`end ${key.slice(-1)}`)
      return isDone
    }
    const controller = openController({
      name: 't',
      sources: [primarySource(cache)],
      reconcile,
      workers: 2,
      graceMs: 300,
    })
    const stop = new AbortController()
    const running = controller.run(stop.signal)
    await vi.waitFor(() => expect(log).toEqual(['begin a', 'begin b']), waiting)
    stop.abort()
    gate.resolve()
    await running
    expect(log).toEqual(['begin a', 'begin b', 'end a', 'end b'])
  })
})

it('tells a change of the spec from one of the status', () => {
  const object = (metadata: Partial<ObjectMeta>) => ({ metadata: { name: 'a', uid: '1', generation: 1, ...metadata } })
  const isRelevant = (before: Partial<ObjectMeta>, after: Partial<ObjectMeta>): boolean =>
    isSpecChange({ kind: 'changed', before: object(before), object: object(after) })
  expect(isRelevant({ resourceVersion: '1' }, { resourceVersion: '2' })).toBe(false)
  expect(isRelevant({}, { generation: 2 })).toBe(true)
  expect(isRelevant({}, { deletionTimestamp: 'now' })).toBe(true)
  expect(isRelevant({}, { annotations: { a: 'b' } })).toBe(true)
  expect(isRelevant({}, { uid: '2' })).toBe(true)
  expect(isSpecChange({ kind: 'removed', object: object({}) })).toBe(true)
})

it('tells what concerns the peers of an object from what they hear of anyway', () => {
  const object = { metadata: { name: 'a', uid: '1', generation: 1 } }
  const edited = { metadata: { ...object.metadata, generation: 2 } }
  expect(isPeerChange({ kind: 'added', object, isInitial: true })).toBe(false)
  expect(isPeerChange({ kind: 'added', object, isInitial: false })).toBe(true)
  expect(isPeerChange({ kind: 'changed', before: object, object })).toBe(false)
  expect(isPeerChange({ kind: 'changed', before: object, object: edited })).toBe(true)
  expect(isPeerChange({ kind: 'removed', object })).toBe(true)
})
