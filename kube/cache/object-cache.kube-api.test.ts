import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { openCutter } from '../../test/env/cutter.ts'
import { openKubeApi, type KubeApiServer } from '../../test/env/kube-api.ts'
import {
  accessTo,
  describeOnKubeApi,
  describeOnOwnKubeApi,
  freshNamespace,
  inFreshNamespaces,
} from '../../test/env/kube-tests.ts'
import { systemClock } from '../clock.ts'
import { keyOf, pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import { openKubeClient, type KubeClient, type KubeRequest } from '../transport/kube-client.ts'
import { orThrow } from '../transport/kube-error.ts'
import { openObjectCache, type ObjectCacheOptions } from './object-cache.ts'
import type { Change } from './object-table.ts'
import { identityOnly, slim, type Kept } from './projection.ts'

const maps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const waiting = { timeout: 90_000, interval: 50 }

/** A client that keeps what it was asked. */
function listening(client: KubeClient): { readonly client: KubeClient; readonly asked: KubeRequest[] } {
  const asked: KubeRequest[] = []
  const read: KubeClient['read'] = (request, parse) => {
    asked.push(request)
    return client.read(request, parse)
  }
  const stream: KubeClient['stream'] = (request) => {
    asked.push(request)
    return client.stream(request)
  }
  return { client: { ...client, read, stream }, asked }
}

function lists(asked: readonly KubeRequest[]): number {
  return asked.filter(({ query }) => query?.['watch'] === undefined && query?.['continue'] === undefined).length
}

/** Runs until the test is over; keeps what was told. */
function started<T extends Kept>(options: ObjectCacheOptions<T>) {
  const cache = openObjectCache<T>(options)
  const changes: Change<T>[] = []
  cache.subscribe((change) => changes.push(change))
  const stop = new AbortController()
  const running = cache.run(stop.signal)
  onTestFinished(() => {
    stop.abort()
    return running
  })
  return { cache, changes }
}

function mapsOf(client: KubeClient, namespace: string) {
  const call = async (method: KubeRequest['method'], name: string | undefined, body?: unknown): Promise<KubeObject> => {
    const path = pathOf(maps, { namespace, name })
    return orThrow(
      await client.request<KubeObject>({ method, path, timeoutMs: 60_000, ...(body === undefined ? {} : { body }) }),
    )
  }
  return {
    create: (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
      call('POST', undefined, { metadata: { name, labels }, data }),
    replace: (name: string, data: Record<string, string>) => call('PUT', name, { metadata: { name }, data }),
    remove: (name: string) => call('DELETE', name),
  }
}

function names(cache: { readonly values: () => Iterable<Kept> }): string[] {
  return [...cache.values()].map(({ metadata }) => metadata.name).toSorted()
}

async function namesOnServer(client: KubeClient, namespace: string): Promise<string[]> {
  const path = pathOf(maps, { namespace })
  const list = orThrow(await client.request<{ items: KubeObject[] }>({ method: 'GET', path }))
  return list.items.map(({ metadata }) => metadata.name).toSorted()
}

describeOnKubeApi('a cache', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, (fresh) => ({ client, namespace } = fresh))

  it('holds what was there, in pages, and every change after it', async () => {
    const { create, replace, remove } = mapsOf(client, namespace)
    const want = Array.from({ length: 123 }, (_, at) => `map-${String(at).padStart(3, '0')}`)
    await Promise.all(want.map((name) => create(name)))
    const heard = listening(client)
    const timing = { pageSize: 50 }
    const { cache, changes } = started({ client: heard.client, resource: maps, namespace, project: slim, timing })
    await cache.synced
    // A cluster with controllers puts one of its own there.
    expect(names(cache)).toEqual(expect.arrayContaining(want))
    expect(changes.every((change) => change.kind === 'added' && change.isInitial)).toBe(true)
    expect(heard.asked.filter(({ query }) => query?.['limit'] === 50).length).toBeGreaterThanOrEqual(3)
    changes.length = 0
    await create('new', { a: '1' })
    await replace('new', { a: '2' })
    await remove('new')
    await vi.waitFor(() => expect(changes.map(({ kind }) => kind)).toEqual(['added', 'changed', 'removed']), waiting)
    expect(changes[0]).toMatchObject({ isInitial: false })
    expect(changes[1]).toMatchObject({ object: { data: { a: '2' } }, before: { data: { a: '1' } } })
    expect(cache.get(`${namespace}/new`)).toBeUndefined()
    expect(lists(heard.asked)).toBe(1)
  })

  it('can keep metadata alone, and less than that', async () => {
    const { create } = mapsOf(client, namespace)
    await create('secret', { password: 'canary' }, { a: 'b' })
    const { cache } = started({ client, resource: maps, namespace, isMetadataOnly: true, project: slim })
    const least = started({ client, resource: maps, namespace, isMetadataOnly: true, project: identityOnly })
    await Promise.all([cache.synced, least.cache.synced])
    expect(cache.get(`${namespace}/secret`)?.metadata.labels).toEqual({ a: 'b' })
    expect(cache.get(`${namespace}/secret`)?.metadata['managedFields']).toBeUndefined()
    await create('later', { password: 'canary' })
    await vi.waitFor(() => expect(least.cache.get(`${namespace}/later`)).toBeDefined(), waiting)
    await vi.waitFor(() => expect(cache.get(`${namespace}/later`)).toBeDefined(), waiting)
    expect(JSON.stringify([...cache.values()])).not.toContain('canary')
  })

  it('finds by index, through changes of what is indexed', async () => {
    const { create, replace, remove } = mapsOf(client, namespace)
    await create('one', { colour: 'red' })
    await create('two', { colour: 'red' })
    const indexes = { colour: (map: KubeObject) => Object.values(map['data'] ?? {}) }
    const { cache } = started({ client, resource: maps, namespace, project: slim, indexes })
    await cache.synced
    expect(cache.byIndex('colour', 'red').map(keyOf).toSorted()).toEqual([`${namespace}/one`, `${namespace}/two`])
    await replace('one', { colour: 'blue' })
    await remove('two')
    await vi.waitFor(() => expect(cache.byIndex('colour', 'red')).toEqual([]), waiting)
    expect(cache.byIndex('colour', 'blue').map(keyOf)).toEqual([`${namespace}/one`])
    expect(() => cache.byIndex('size', '1')).toThrow('no index "size"')
  })

  it('keeps what the label selects, and tells that it went when it is selected no longer', async () => {
    const { create, replace } = mapsOf(client, namespace)
    await create('in', {}, { app: 'a' })
    await create('out')
    const { cache, changes } = started({ client, resource: maps, namespace, project: slim, labelSelector: 'app=a' })
    await cache.synced
    expect(names(cache)).toEqual(['in'])
    await replace('in', {})
    await vi.waitFor(() => expect(changes.at(-1)?.kind).toBe('removed'), waiting)
  })

  it('sees its own writes at once, and no ghost of what is gone', async () => {
    const { create, replace, remove } = mapsOf(client, namespace)
    const { cache, changes } = started({ client, resource: maps, namespace, project: slim })
    await cache.synced
    const first = await create('mine', { a: '1' })
    cache.note(slim(first))
    expect(cache.get(`${namespace}/mine`)).toMatchObject({ data: { a: '1' } })
    const second = await replace('mine', { a: '2' })
    cache.note(slim(second))
    cache.note(slim(first))
    expect(cache.get(`${namespace}/mine`)).toMatchObject({ data: { a: '2' } })
    await remove('mine')
    await vi.waitFor(() => expect(changes.at(-1)?.kind).toBe('removed'), waiting)
    cache.note(slim(second))
    expect(cache.get(`${namespace}/mine`)).toBeUndefined()
  })

  it('says when it has been told of all that was written up to a version, and of nothing sooner', async () => {
    const { create, replace } = mapsOf(client, namespace)
    let isHeld = true
    const release = Promise.withResolvers<void>()
    const held = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        if (isHeld) await release.promise
        yield chunk
      }
    }
    const stream: KubeClient['stream'] = async (request) => {
      const opened = await client.stream(request)
      return opened.kind === 'failed' ? opened : { kind: 'done', value: held(opened.value) }
    }
    const { cache } = started({ client: { ...client, stream }, resource: maps, namespace, project: slim })
    await cache.synced
    await create('early')
    const last = await create('last')
    cache.note(last)
    const { resourceVersion = '' } = last.metadata
    let isReached = false
    const reached = cache.reached(resourceVersion).then(() => (isReached = true))
    // What is noted says nothing of what others have written before.
    await replace('early', { a: '1' })
    expect([isReached, cache.get(`${namespace}/early`)]).toEqual([false, undefined])
    isHeld = false
    release.resolve()
    await reached
    expect(cache.get(`${namespace}/early`)).toBeDefined()
    await cache.reached(resourceVersion)
    await cache.reached('1')
  })

  it('goes on when a listener throws', async () => {
    const errors: unknown[] = []
    const { cache } = started({
      client,
      resource: maps,
      namespace,
      project: slim,
      onListenerError: (error) => errors.push(error),
    })
    cache.subscribe(() => {
      throw new Error('a bug')
    })
    await cache.synced
    await mapsOf(client, namespace).create('a')
    await vi.waitFor(() => expect(errors).toContainEqual(new Error('a bug')), waiting)
    await mapsOf(client, namespace).create('b')
    await vi.waitFor(() => expect(cache.get(`${namespace}/b`)).toBeDefined(), waiting)
  })

  it('says why nothing comes, and goes on asking', async () => {
    const noSuch: Resource = {
      group: 'weir.test',
      version: 'v1',
      kind: 'Nothing',
      plural: 'nothings',
      isNamespaced: true,
    }
    const heard = listening(client)
    const { cache } = started({ client: heard.client, resource: noSuch, project: slim, random: () => 0 })
    await vi.waitFor(() => expect(cache.problem()).toMatchObject({ status: 404 }), waiting)
    await vi.waitFor(() => expect(lists(heard.asked)).toBeGreaterThan(2), waiting)
    expect(cache.isSynced()).toBe(false)
  })
})

await describeOnOwnKubeApi('a cache of a server in trouble', () => {
  let server: KubeApiServer
  let direct: KubeClient
  let namespace: string
  beforeAll(async () => {
    server = await openKubeApi()
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    direct = openKubeClient({ access: accessTo(server), userAgent: 'direct' })
    onTestFinished(direct.close)
    namespace = (await freshNamespace(direct)).namespace
  })

  async function throughCutter(options: Partial<ObjectCacheOptions<KubeObject>> = {}) {
    const cutter = await openCutter(server.url)
    onTestFinished(cutter.close)
    const access = accessTo({ ...server, url: cutter.url.replace(/\/$/, '') })
    const client = openKubeClient({ access, userAgent: 'through' })
    onTestFinished(client.close)
    const heard = listening(client)
    const parts = { client: heard.client, resource: maps, namespace, project: slim, ...options }
    const { cache, changes } = started(parts)
    await cache.synced
    await mapsOf(direct, namespace).create('first')
    // Then the watch is there.
    await vi.waitFor(() => expect(changes).toContainEqual(expect.objectContaining({ isInitial: false })), waiting)
    return { cutter, cache, changes, asked: heard.asked }
  }

  it('misses nothing and doubles nothing when connections are reset, and lists no second time', async () => {
    const { cutter, cache, changes, asked } = await throughCutter()
    const { create, remove } = mapsOf(direct, namespace)
    for (const at of Array.from({ length: 5 }, (_, at) => at)) {
      await create(`keep-${at}`)
      cutter.cut()
      await create(`drop-${at}`)
      await remove(`drop-${at}`)
    }
    const want = await namesOnServer(direct, namespace)
    await vi.waitFor(() => expect(names(cache)).toEqual(want), waiting)
    const added = changes.filter(({ kind }) => kind === 'added').map(({ object }) => object.metadata.name)
    expect(new Set(added).size).toBe(added.length)
    await vi.waitFor(() => expect(changes.filter(({ kind }) => kind === 'removed').length).toBe(5), waiting)
    expect(lists(asked)).toBe(1)
  })

  it('notices a connection that has died without a word, and takes another', async () => {
    const { cutter, cache, asked } = await throughCutter({ timing: { silenceMs: 2_000 } })
    cutter.pause()
    await mapsOf(direct, namespace).create('meanwhile')
    // It has hung up, and nobody answers.
    await vi.waitFor(() => expect(cache.problem()).toMatchObject({ kind: 'unreachable' }), waiting)
    cutter.resume()
    await vi.waitFor(() => expect(cache.get(`${namespace}/meanwhile`)).toBeDefined(), waiting)
    expect(lists(asked)).toBe(1)
  })

  it('is not deaf for longer and longer to a kind of which the server has nothing to tell', async () => {
    const pausesMs: number[] = []
    const setTimer = (afterMs: number, onDue: () => void): (() => void) => {
      pausesMs.push(afterMs)
      return systemClock.setTimer(afterMs, onDue)
    }
    const timing = { silenceMs: 200 }
    const { cache, asked } = await throughCutter({ timing, clock: { ...systemClock, setTimer }, random: () => 0.99 })
    const watches = (): number => asked.filter(({ query }) => query?.['watch'] === true).length
    await vi.waitFor(() => expect(watches()).toBeGreaterThan(10), waiting)
    expect(Math.max(...pausesMs)).toBe(200)
    await mapsOf(direct, namespace).create('later')
    await vi.waitFor(() => expect(cache.get(`${namespace}/later`)).toBeDefined(), waiting)
    expect(cache.problem()).toBeUndefined()
    expect(lists(asked)).toBe(1)
  })

  it('goes on when the server ends its watches as agreed', async () => {
    const { cache, asked } = await throughCutter({ timing: { watchSeconds: 2 }, random: () => 0.5 })
    const watches = (): number => asked.filter(({ query }) => query?.['watch'] === true).length
    await vi.waitFor(() => expect(watches()).toBeGreaterThan(2), waiting)
    await mapsOf(direct, namespace).create('later')
    await vi.waitFor(() => expect(cache.get(`${namespace}/later`)).toBeDefined(), waiting)
    expect(lists(asked)).toBe(1)
    expect(cache.problem()).toBeUndefined()
  })

  it('catches up with a server that was killed and started again', async () => {
    const { cache, changes } = await throughCutter()
    const { create, remove } = mapsOf(direct, namespace)
    await create('before')
    await create('removed')
    await vi.waitFor(() => expect(names(cache)).toContain('removed'), waiting)
    await server.kill()
    await vi.waitFor(() => expect(cache.problem()).toMatchObject({ kind: 'unreachable' }), waiting)
    await server.start()
    await remove('removed')
    await create('after')
    await vi.waitFor(() => expect(names(cache)).toContain('after'), waiting)
    expect(names(cache)).toContain('before')
    expect(names(cache)).not.toContain('removed')
    expect(changes.filter(({ object }) => object.metadata.name === 'before').length).toBe(1)
  })

  it('lists anew what etcd has forgotten, and tells what went meanwhile', async () => {
    const { cutter, cache, changes, asked } = await throughCutter()
    const { create, replace, remove } = mapsOf(direct, namespace)
    await create('stays', { a: '1' })
    await create('goes')
    await vi.waitFor(() => expect(names(cache)).toContain('goes'), waiting)
    cutter.refuse()
    await replace('stays', { a: '2' })
    await remove('goes')
    await create('comes')
    await server.compact()
    // What the server itself remembers goes with it.
    await server.stop()
    await server.start()
    cutter.accept()
    await vi.waitFor(() => expect(names(cache)).toContain('comes'), waiting)
    expect(lists(asked)).toBe(2)
    expect(names(cache)).not.toContain('goes')
    expect(cache.get(`${namespace}/stays`)).toMatchObject({ data: { a: '2' } })
    expect(changes.find(({ kind }) => kind === 'removed')).toMatchObject({ object: { metadata: { name: 'goes' } } })
    const came = changes.find(({ object }) => object.metadata.name === 'comes')
    expect(came).toMatchObject({ kind: 'added', isInitial: false })
  })

  it('catches up when it was too slow for the server', async () => {
    const { cutter, cache, asked } = await throughCutter()
    const { create } = mapsOf(direct, namespace)
    cutter.pause()
    const text = 'x'.repeat(200_000)
    const want = Array.from({ length: 150 }, (_, at) => `large-${at}`)
    for (const name of want) await create(name, { text })
    cutter.resume()
    await vi.waitFor(() => expect(names(cache)).toEqual(expect.arrayContaining(want)), waiting)
    await create('last')
    await vi.waitFor(() => expect(cache.get(`${namespace}/last`)).toBeDefined(), waiting)
    expect(lists(asked)).toBeLessThanOrEqual(2)
  })
})
