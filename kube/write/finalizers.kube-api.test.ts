import { expect, it } from 'vitest'
import { describeOnKubeApi, inFreshNamespaces } from '../../test/env/kube-tests.ts'
import { pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient, KubeRequest } from '../transport/kube-client.ts'
import { orThrow } from '../transport/kube-error.ts'
import { addFinalizer, finalizerStep, removeFinalizer } from './finalizers.ts'

const resource: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const finalizer = 'weir.test/ours'
const theirs = 'weir.test/theirs'

describeOnKubeApi('a finalizer', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, (fresh) => ({ client, namespace } = fresh))

  async function call(method: KubeRequest['method'], name?: string, body?: object): Promise<KubeObject> {
    const contentType = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}
    const path = pathOf(resource, { namespace, name })
    return orThrow(
      await client.request<KubeObject>({ method, path, ...contentType, ...(body === undefined ? {} : { body }) }),
    )
  }

  it('holds an object until it is removed, beside those of others', async () => {
    const made = await call('POST', undefined, { metadata: { name: 'a', finalizers: [theirs] } })
    expect(finalizerStep(made, finalizer)).toBe('add')
    const held = orThrow(await addFinalizer({ client, resource, object: made, finalizer }))
    expect(held?.metadata.finalizers).toEqual([theirs, finalizer])
    expect(held !== undefined && finalizerStep(held, finalizer)).toBe('live')
    await call('DELETE', 'a')
    const dying = await call('GET', 'a')
    expect(finalizerStep(dying, finalizer)).toBe('cleanUp')
    const left = orThrow(await removeFinalizer({ client, resource, object: dying, finalizer }))
    expect(left?.metadata.finalizers).toEqual([theirs])
    expect(left !== undefined && finalizerStep(left, finalizer)).toBe('gone')
    orThrow(await removeFinalizer({ client, resource, object: dying, finalizer: theirs }))
    await expect(call('GET', 'a')).rejects.toThrow('not found')
  })

  it('is written once, whatever others write meanwhile', async () => {
    const stale = await call('POST', undefined, { metadata: { name: 'a' } })
    await call('PATCH', 'a', { metadata: { finalizers: [theirs] } })
    const held = orThrow(await addFinalizer({ client, resource, object: stale, finalizer }))
    expect(held?.metadata.finalizers).toEqual([theirs, finalizer])
    const again = orThrow(await addFinalizer({ client, resource, object: held ?? stale, finalizer }))
    expect(again?.metadata.resourceVersion).toBe(held?.metadata.resourceVersion)
  })

  it('never comes to another object of the same name', async () => {
    const first = await call('POST', undefined, { metadata: { name: 'a' } })
    await call('DELETE', 'a')
    expect(orThrow(await addFinalizer({ client, resource, object: first, finalizer }))).toBeUndefined()
    await call('POST', undefined, { metadata: { name: 'a' } })
    expect(orThrow(await addFinalizer({ client, resource, object: first, finalizer }))).toBeUndefined()
    expect((await call('GET', 'a')).metadata.finalizers).toBeUndefined()
  })
})
