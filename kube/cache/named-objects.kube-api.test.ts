import { expect, it, onTestFinished, vi } from 'vitest'
import { accessTo, describeOnKubeApi, inFreshNamespaces, limitedToken } from '../../test/env/kube-tests.ts'
import { pathOf, type KubeObject, type Resource } from '../kube-object.ts'
import { openKubeClient, type KubeClient, type KubeRequest } from '../transport/kube-client.ts'
import { orThrow } from '../transport/kube-error.ts'
import { kubeconfigAccess } from '../transport/kubeconfig-access.ts'
import { openNamedObjects } from './named-objects.ts'
import type { NamedObjectsOptions, Sight } from './follow-object.ts'
import { slim } from './projection.ts'

const maps: Resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', isNamespaced: true }
const waiting = { timeout: 60_000, interval: 20 }

function listening(client: KubeClient): { readonly client: KubeClient; readonly asked: KubeRequest[] } {
  const asked: KubeRequest[] = []
  const keep = <T>(call: (request: KubeRequest, ...rest: never[]) => T) =>
    ((request: KubeRequest, ...rest: never[]) => {
      asked.push(request)
      return call(request, ...rest)
    }) as typeof call
  return {
    asked,
    client: {
      ...client,
      request: keep(client.request) as KubeClient['request'],
      read: keep(client.read) as KubeClient['read'],
      stream: keep(client.stream),
    },
  }
}

describeOnKubeApi('objects by name', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, (fresh) => ({ client, namespace } = fresh))

  async function put(name: string, value: string): Promise<void> {
    const path = pathOf(maps, { namespace, name })
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } }
    const contentType = 'application/apply-patch+yaml'
    orThrow(await client.request({ method: 'PATCH', path, query: { fieldManager: 'test' }, contentType, body }))
  }

  async function remove(name: string): Promise<void> {
    orThrow(await client.request({ method: 'DELETE', path: pathOf(maps, { namespace, name }) }))
  }

  function opened(options: Partial<NamedObjectsOptions<KubeObject>> = {}) {
    const objects = openNamedObjects<KubeObject>({ client, resource: maps, project: slim, ...options })
    onTestFinished(objects.close)
    const told: string[] = []
    objects.subscribe((key, owners) => told.push(`${key.split('/')[1]} ${owners.toSorted().join('+')}`))
    return { objects, told }
  }

  function valueOf(sight: Sight<KubeObject>): unknown {
    return sight.kind === 'found'
      ? (sight.object['data'] as { readonly value?: string } | undefined)?.value
      : sight.kind
  }

  it.each([
    { how: 'a watch', watches: 50 },
    { how: 'a look now and then', watches: 0 },
  ])('are seen as they come, change and go, by $how', async ({ watches }) => {
    const { objects, told } = opened({ watches, pollMs: 50 })
    const key = `${namespace}/a`
    expect(objects.get(key)).toEqual({ kind: 'unseen' })
    objects.follow('one', [key])
    await vi.waitFor(() => expect(valueOf(objects.get(key))).toBe('absent'), waiting)
    await put('a', '1')
    await vi.waitFor(() => expect(valueOf(objects.get(key))).toBe('1'), waiting)
    objects.follow('two', [key])
    await put('a', '2')
    await vi.waitFor(() => expect(valueOf(objects.get(key))).toBe('2'), waiting)
    await remove('a')
    await vi.waitFor(() => expect(valueOf(objects.get(key))).toBe('absent'), waiting)
    expect(told).toEqual(['a one', 'a one', 'a one+two', 'a one+two'])
  })

  it('are followed as long as somebody names them, so many by a watch and the others by a look', async () => {
    const { client: heard, asked } = listening(client)
    const { objects } = opened({ client: heard, watches: 2, pollMs: 50 })
    const keys = ['a', 'b', 'c'].map((name) => `${namespace}/${name}`)
    for (const name of ['a', 'b', 'c', 'stranger']) await put(name, '1')
    objects.follow('one', keys)
    objects.follow('two', keys.slice(0, 1))
    await vi.waitFor(() => expect(keys.map((key) => valueOf(objects.get(key)))).toEqual(['1', '1', '1']), waiting)
    const watched = (): string[] =>
      asked
        .flatMap(({ query }) => (query?.['watch'] === true ? String(query['fieldSelector']).split('=').slice(1) : []))
        .toSorted((left, right) => left.localeCompare(right))
    await vi.waitFor(() => expect(watched()).toEqual(['a', 'b']), waiting)
    objects.follow('one', keys.slice(2))
    await vi.waitFor(() => expect(watched()).toEqual(['a', 'b', 'c']), waiting)
    expect(objects.get(keys[1]!)).toEqual({ kind: 'unseen' })
    await put('c', '2')
    await vi.waitFor(() => expect(valueOf(objects.get(keys[2]!))).toBe('2'), waiting)
    // Never a list of what was not named.
    const wide = asked.filter(
      ({ path, query }) => path.endsWith('/configmaps') && query?.['fieldSelector'] === undefined,
    )
    expect(wide).toEqual([])
  })

  it('are read when they are not followed, and read again when that is asked for', async () => {
    await put('a', '1')
    const key = `${namespace}/a`
    const { objects } = opened({ watches: 0, pollMs: 3_600_000 })
    expect(valueOf(await objects.read(key))).toBe('1')
    objects.follow('one', [key])
    await vi.waitFor(() => expect(valueOf(objects.get(key))).toBe('1'), waiting)
    await put('a', '2')
    expect(valueOf(await objects.read(key))).toBe('1')
    expect(valueOf(await objects.reread(key))).toBe('2')
    expect(valueOf(objects.get(key))).toBe('2')
  })

  it('are refused where a role does not name them, and seen once it does', async () => {
    await put('mine', '1')
    await put('other', '1')
    const verbs = ['get', 'list', 'watch']
    const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs }]
    const token = await limitedToken(client, { namespace, rules })
    const { server, credentials } = await kubeconfigAccess({ path: place.kubeconfig })
    const { tls } = await credentials()
    const limited = openKubeClient({ access: accessTo({ url: server, ca: tls.ca ?? '', token }), userAgent: 'limited' })
    onTestFinished(limited.close)
    // Whoever watches is asked for his rights when a watch begins.
    const { objects } = opened({ client: limited, timing: { watchSeconds: 2 } })
    const key = (name: string): string => `${namespace}/${name}`
    objects.follow('one', [key('mine'), key('other')])
    await vi.waitFor(
      () => expect(objects.get(key('other'))).toMatchObject({ kind: 'refused', failure: { status: 403 } }),
      waiting,
    )
    await vi.waitFor(() => expect(valueOf(objects.get(key('mine')))).toBe('1'), waiting)
    await put('mine', '2')
    await vi.waitFor(() => expect(valueOf(objects.get(key('mine')))).toBe('2'), waiting)
    const role = { apiGroups: [''], resources: ['configmaps'], resourceNames: ['other'], verbs }
    const [{ metadata: { name } } = { metadata: { name: '' } }] = orThrow(
      await client.request<{ readonly items: readonly KubeObject[] }>({
        method: 'GET',
        path: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
      }),
    ).items
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/${name}`
    orThrow(await client.request({ method: 'PUT', path, body: { metadata: { name }, rules: [...rules, role] } }))
    await vi.waitFor(() => expect(valueOf(objects.get(key('other')))).toBe('1'), waiting)
    // Taken away for a moment, and given back: nothing of the objects themselves has changed.
    orThrow(await client.request({ method: 'PUT', path, body: { metadata: { name }, rules: [] } }))
    await vi.waitFor(() => expect(valueOf(objects.get(key('mine')))).toBe('refused'), waiting)
    orThrow(await client.request({ method: 'PUT', path, body: { metadata: { name }, rules: [...rules, role] } }))
    await vi.waitFor(() => expect(valueOf(objects.get(key('mine')))).toBe('2'), waiting)
  })

  it('cannot be named so that something else is meant', async () => {
    const { client: heard, asked } = listening(client)
    const { objects } = opened({ client: heard })
    const names = [
      'a,metadata.namespace=kube-system',
      '../secrets/a',
      '..',
      'a/b',
      '',
      'a=b',
      'a b',
      'A',
      'a?watch=1',
      'a%2fb',
    ]
    for (const name of names) {
      expect(() => objects.follow('one', [`${namespace}/${name}`])).toThrow(RangeError)
      await expect(objects.read(`${namespace}/${name}`)).rejects.toThrow(RangeError)
    }
    expect(() => objects.follow('one', ['../x'])).toThrow(RangeError)
    expect(asked).toEqual([])
  })
})
