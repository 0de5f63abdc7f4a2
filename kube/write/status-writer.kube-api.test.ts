import { expect, it, onTestFinished, vi } from 'vitest'
import { describeOnKubeApi, freshKind, inFreshNamespaces } from '../../test/env/kube-tests.ts'
import { pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient, KubeRequest } from '../transport/kube-client.ts'
import { orThrow, type KubeError } from '../transport/kube-error.ts'
import { openStatusWriter, type StatusWriterOptions } from './status-writer.ts'

const waiting = { timeout: 60_000, interval: 20 }

describeOnKubeApi('a status writer', (place) => {
  let client: KubeClient
  let namespace: string
  let resource: Resource
  inFreshNamespaces(place, async (fresh) => {
    ;({ client, namespace } = fresh)
    resource = await freshKind(client)
  })

  async function create(name: string): Promise<KubeObject> {
    const body = { apiVersion: `${resource.group}/v1`, kind: 'Thing', metadata: { name }, spec: {} }
    return orThrow(await client.request<KubeObject>({ method: 'POST', path: pathOf(resource, { namespace }), body }))
  }

  async function read(name: string): Promise<KubeObject> {
    return orThrow(await client.request<KubeObject>({ method: 'GET', path: pathOf(resource, { namespace, name }) }))
  }

  function open(options: Partial<StatusWriterOptions> = {}) {
    const writes: KubeRequest[] = []
    const counting: KubeClient = {
      ...client,
      request: (request) => {
        writes.push(request)
        return client.request(request)
      },
    }
    const parts = { client: counting, resource, fieldManager: 'test', everyMs: 20, ...options }
    const writer = openStatusWriter(parts)
    onTestFinished(writer.close)
    return { writer, writes }
  }

  it('writes what is new, and nothing that would change nothing', async () => {
    const { writer, writes } = open()
    const object = await create('a')
    writer.write(object, { count: 1, gone: true })
    await writer.settled()
    expect((await read('a'))['status']).toEqual({ count: 1, gone: true })
    // The cache may lag, or not.
    for (const seen of [object, await read('a')]) writer.write(seen, { gone: true, count: 1 })
    await writer.settled()
    expect(writes.length).toBe(1)
    writer.write(object, { count: 2 })
    await writer.settled()
    expect((await read('a'))['status']).toEqual({ count: 2 })
    // One that was just started has nothing to write either.
    const restarted = open()
    restarted.writer.write(await read('a'), { count: 2 })
    await restarted.writer.settled()
    expect([writes.length, restarted.writes.length]).toEqual([2, 0])
  })

  it('mends what somebody else has written, and leaves conditions of others', async () => {
    const { writer, writes } = open()
    const conditions = [{ type: 'Ready', status: 'True' }]
    writer.write(await create('a'), { count: 1, conditions })
    await writer.settled()
    const path = pathOf(resource, { namespace, name: 'a', subresource: 'status' })
    const body = { status: { count: 7, conditions: [...conditions, { type: 'Theirs', status: 'True' }] } }
    orThrow(await client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body }))
    writer.write(await read('a'), { count: 1, conditions })
    await writer.settled()
    expect((await read('a'))['status']).toEqual({ count: 1, conditions: body.status.conditions })
    writer.write(await read('a'), { count: 1, conditions })
    await writer.settled()
    expect(writes.length).toBe(2)
  })

  it('reaches an object that somebody else has changed since it was seen', async () => {
    const { writer } = open()
    const seen = await create('a')
    const path = pathOf(resource, { namespace, name: 'a' })
    const edit = {
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: { spec: { a: 1 } },
    } as const
    orThrow(await client.request(edit))
    writer.write(seen, { count: 1 })
    await writer.settled()
    expect(await read('a')).toMatchObject({ spec: { a: 1 }, status: { count: 1 } })
  })

  it('writes of many changes the first at once and the last soon, and few between', async () => {
    const { writer, writes } = open({ everyMs: 300 })
    const object = await create('a')
    for (let count = 1; count <= 200; count += 1) {
      writer.write(object, { count })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writer.settled()
    expect((await read('a'))['status']).toEqual({ count: 200 })
    expect(writes.length).toBeLessThan(20)
  })

  it('tries again what failed for the world’s sake, with what is wanted by then', async () => {
    let isBroken = true
    const failures: KubeError[] = []
    const broken: KubeClient = {
      ...client,
      request: (request) => client.request(isBroken ? { ...request, mayBeSent: () => false } : request),
    }
    const { writer } = open({ client: broken, onFailure: (failure) => failures.push(failure) })
    const object = await create('a')
    writer.write(object, { count: 1 })
    await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0), waiting)
    writer.write(object, { count: 2 })
    isBroken = false
    await writer.settled()
    expect((await read('a'))['status']).toEqual({ count: 2 })
  })

  it('gives up what is gone, and never writes to another of its name', async () => {
    const failures: KubeError[] = []
    const { writer } = open({ onFailure: (failure) => failures.push(failure) })
    const first = await create('a')
    orThrow(await client.request({ method: 'DELETE', path: pathOf(resource, { namespace, name: 'a' }) }))
    writer.write(first, { count: 1 })
    await writer.settled()
    await create('a')
    writer.write(first, { count: 2 })
    await writer.settled()
    expect((await read('a'))['status']).toBeUndefined()
    expect(failures).toEqual([])
  })

  it('drops what waits when it is closed', async () => {
    const { writer, writes } = open({ everyMs: 60_000 })
    const object = await create('a')
    writer.write(object, { count: 1 })
    await vi.waitFor(async () => expect((await read('a'))['status']).toEqual({ count: 1 }), waiting)
    writer.write(object, { count: 2 })
    writer.close()
    await writer.settled()
    writer.write(object, { count: 3 })
    expect(writes.length).toBe(1)
  })
})
