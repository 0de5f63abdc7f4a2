import { expect, it } from 'vitest'
import { describeOnKubeApi, inFreshNamespaces } from '../../test/env/kube-tests.ts'
import { slim } from '../cache/projection.ts'
import { pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import type { KubeClient, KubeRequest } from '../transport/kube-client.ts'
import { orThrow } from '../transport/kube-error.ts'
import { openApplier } from './applier.ts'

const maps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const deployments: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  isNamespaced: true,
}

describeOnKubeApi('an applier', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, (fresh) => ({ client, namespace } = fresh))

  function map(data: Record<string, string>): KubeObject {
    return { metadata: { name: 'a', namespace }, data }
  }

  function deployment(image: string, cpu = '1000m'): KubeObject {
    const labels = { app: 'a' }
    const container = { name: 'main', image, resources: { requests: { cpu } }, ports: [{ containerPort: 80 }] }
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    }
    return { metadata: { name: 'a', namespace }, spec }
  }

  async function live(resource: Resource): Promise<KubeObject> {
    return slim(
      orThrow(await client.request<KubeObject>({ method: 'GET', path: pathOf(resource, { namespace, name: 'a' }) })),
    )
  }

  /** As somebody else. */
  async function edit(resource: Resource, body: object): Promise<void> {
    const request: KubeRequest = { method: 'PATCH', path: pathOf(resource, { namespace, name: 'a' }), body }
    orThrow(await client.request({ ...request, contentType: 'application/merge-patch+json' }))
  }

  it('makes, changes and removes what it wants, and leaves what others have added', async () => {
    const { apply } = openApplier({ client, fieldManager: 'one' })
    const other = openApplier({ client, fieldManager: 'other' })
    orThrow(await apply({ resource: maps, desired: map({ a: '1', b: '1' }) }))
    orThrow(await other.apply({ resource: maps, desired: map({ c: '1' }) }))
    orThrow(await apply({ resource: maps, desired: map({ a: '2' }), live: await live(maps) }))
    expect((await live(maps))['data']).toEqual({ a: '2', c: '1' })
    // Forced: who applies last has it.
    orThrow(await other.apply({ resource: maps, desired: map({ a: '3', c: '1' }) }))
    expect((await live(maps))['data']).toEqual({ a: '3', c: '1' })
  })

  it('sends nothing when nothing has changed, and mends what somebody has changed', async () => {
    const { apply } = openApplier({ client, fieldManager: 'one' })
    const applied = async (desired: KubeObject): Promise<string> =>
      orThrow(await apply({ resource: maps, desired, live: await live(maps) })).kind
    orThrow(await apply({ resource: maps, desired: map({ a: '1' }) }))
    expect(await applied(map({ a: '1' }))).toBe('unchanged')
    await edit(maps, { data: { theirs: 'x' }, metadata: { labels: { x: 'y' } } })
    expect(await applied(map({ a: '1' }))).toBe('unchanged')
    await edit(maps, { data: { a: 'wrong' } })
    expect(await applied(map({ a: '1' }))).toBe('applied')
    expect((await live(maps))['data']).toEqual({ a: '1', theirs: 'x' })
    expect(await applied(map({}))).toBe('applied')
    expect((await live(maps))['data']).toEqual({ theirs: 'x' })
  })

  it('knows a spec that the server writes in another way, and a status that changes', async () => {
    const { apply } = openApplier({ client, fieldManager: 'one' })
    const applied = async (desired: KubeObject): Promise<string> =>
      orThrow(await apply({ resource: deployments, desired, live: await live(deployments) })).kind
    orThrow(await apply({ resource: deployments, desired: deployment('a:1') }))
    expect(await applied(deployment('a:1'))).toBe('unchanged')
    const path = pathOf(deployments, { namespace, name: 'a', subresource: 'status' })
    const contentType = 'application/merge-patch+json'
    const body = { status: { observedGeneration: 1, unavailableReplicas: 1 } }
    orThrow(await client.request({ method: 'PATCH', path, contentType, body }))
    expect(await applied(deployment('a:1'))).toBe('unchanged')
    await edit(deployments, { spec: { replicas: 3 } })
    // Looked at: 1000m is written as 1, so that this is sent; the server finds nothing to do.
    expect(await applied(deployment('a:1'))).toBe('applied')
    expect(await applied(deployment('a:1'))).toBe('unchanged')
    expect(await live(deployments)).toMatchObject({ spec: { replicas: 3 } })
  })

  it('remembers over a restart by the annotation', async () => {
    const hashAnnotation = 'weir.test/hash'
    const first = openApplier({ client, fieldManager: 'one', hashAnnotation })
    orThrow(await first.apply({ resource: maps, desired: map({ a: '1' }) }))
    const second = openApplier({ client, fieldManager: 'one', hashAnnotation })
    const applied = async (desired: KubeObject): Promise<string> =>
      orThrow(await second.apply({ resource: maps, desired, live: await live(maps) })).kind
    expect(await applied(map({ a: '1' }))).toBe('unchanged')
    await edit(maps, { data: { a: 'wrong' } })
    expect(await applied(map({ a: '1' }))).toBe('applied')
    expect(await applied(map({ b: '1' }))).toBe('applied')
    expect((await live(maps))['data']).toEqual({ b: '1' })
    const forgetful = openApplier({ client, fieldManager: 'one' })
    expect(
      orThrow(await forgetful.apply({ resource: maps, desired: map({ b: '1' }), live: await live(maps) })).kind,
    ).toBe('applied')
  })

  it('gives a refusal as it is', async () => {
    const { apply } = openApplier({ client, fieldManager: 'one' })
    const answer = await apply({ resource: maps, desired: { ...map({}), data: { 'not a key!': 'x' } } })
    expect(answer).toMatchObject({ kind: 'failed', failure: { status: 422, reason: 'Invalid' } })
  })
})
