import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { openCutter } from '../../test/env/cutter.ts'
import { openKubeApi, type KubeApiServer } from '../../test/env/kube-api.ts'
import {
  accessTo,
  describeOnKubeApi,
  describeOnOwnKubeApi,
  freshNamespace,
  limitedToken,
  openAdministrator,
} from '../../test/env/kube-tests.ts'
import { inClusterAccess } from './in-cluster.ts'
import { openKubeClient, type KubeClient } from './kube-client.ts'
import { orThrow } from './kube-error.ts'

const open: { readonly close: () => Promise<void> }[] = []
function later<Closeable extends { readonly close: () => Promise<void> }>(one: Closeable): Closeable {
  open.push(one)
  return one
}
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]

describeOnKubeApi('a client', (place) => {
  let client: KubeClient
  let maps: string
  beforeEach(async () => {
    client = later(await openAdministrator(place))
    maps = `/api/v1/namespaces/${later(await freshNamespace(client)).namespace}/configmaps`
  })

  it('gives what the server answers', async () => {
    const body = { metadata: { name: 'a' }, data: { text: 'ä → 😀' } }
    expect(await client.request({ method: 'POST', path: maps, body })).toMatchObject({ kind: 'done' })
    const query = { limit: 10, continue: undefined }
    const list = orThrow(await client.request<{ items: { data: unknown }[] }>({ method: 'GET', path: maps, query }))
    expect(list.items.map(({ data }) => data)).toContainEqual({ text: 'ä → 😀' })
  })

  it('gives a refusal as a value, with its reason and the fields that are wrong', async () => {
    const absent = await client.request({ method: 'GET', path: `${maps}/none` })
    expect(absent).toMatchObject({ kind: 'failed', failure: { kind: 'refused', status: 404, reason: 'NotFound' } })
    expect(() => orThrow(absent)).toThrow('"none" not found')
    expect(absent).toMatchObject({ failure: { objectName: 'none' } })
    const unserved = await client.request({ method: 'GET', path: `${maps.replace('configmaps', 'nothings')}/none` })
    expect(unserved).toMatchObject({ failure: { status: 404, objectName: undefined } })
    const body = { metadata: { name: 'Not A Name' }, data: { '': 'x' } }
    const invalid = await client.request({ method: 'POST', path: maps, body })
    expect(invalid).toMatchObject({ failure: { status: 422, reason: 'Invalid' } })
    expect(invalid.kind === 'failed' && invalid.failure.causes.map(({ field }) => field)).toContain('metadata.name')
    const twice = [0, 1].map(() => client.request({ method: 'POST', path: maps, body: { metadata: { name: 'b' } } }))
    const outcomes = await Promise.all(twice)
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['done', 'failed'])
    expect(outcomes.find(({ kind }) => kind === 'failed')).toMatchObject({ failure: { reason: 'AlreadyExists' } })
  })

  it('waits no longer than its caller', async () => {
    const controller = new AbortController()
    const asked = client.request({ method: 'GET', path: maps, signal: controller.signal })
    controller.abort()
    expect(await asked).toMatchObject({ kind: 'failed', failure: { kind: 'aborted', status: 0 } })
  })

  it('fails as a value when it is closed', async () => {
    await client.close()
    expect(await client.request({ method: 'GET', path: maps })).toMatchObject({ failure: { kind: 'unreachable' } })
  })
})

await describeOnOwnKubeApi('a client of a server in trouble', () => {
  let server: KubeApiServer
  beforeAll(async () => {
    // One at a time: whoever is no administrator is put off by 429.
    const flags = [
      '--enable-priority-and-fairness=false',
      '--max-requests-inflight=1',
      '--max-mutating-requests-inflight=1',
    ]
    server = await openKubeApi({ flags })
  })
  afterAll(() => server?.close())

  it('sends again what the server has put off, once each', async () => {
    const administrator = later(openKubeClient({ access: accessTo(server), userAgent: 'administrator' }))
    const { namespace } = await freshNamespace(administrator)
    const token = await limitedToken(administrator, { namespace, rules: everything })
    const client = later(openKubeClient({ access: accessTo({ ...server, token }), userAgent: 'test', connections: 40 }))
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    const names = Array.from({ length: 60 }, (_, at) => `map-${at}`)
    const outcomes = await Promise.all(
      names.map((name) => client.request({ method: 'POST', path, body: { metadata: { name } }, timeoutMs: 100_000 })),
    )
    expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([])
    const metrics = orThrow(await administrator.read({ method: 'GET', path: '/metrics' }, (text) => text))
    expect(metrics).toMatch(/apiserver_request_total\{code="429".*verb="POST".*\} [1-9]/)
  })

  it('gives up when its time is over, and works again when the server does', async () => {
    const client = later(openKubeClient({ access: accessTo(server), userAgent: 'test' }))
    const ask = (timeoutMs: number) => client.request({ method: 'GET', path: '/version', timeoutMs })
    expect(await ask(30_000)).toMatchObject({ kind: 'done' })
    server.freeze()
    const answer = await ask(500).finally(server.thaw)
    expect(answer).toMatchObject({ kind: 'failed', failure: { kind: 'late', reason: 'Timeout' } })
    expect(await ask(30_000)).toMatchObject({ kind: 'done' })
  })

  it('says that the server cannot be reached, and reaches it again', async () => {
    const cutter = later(await openCutter(server.url))
    const access = accessTo({ ...server, url: cutter.url.replace(/\/$/, '') })
    const client = later(openKubeClient({ access, userAgent: 'test' }))
    const ask = () => client.request({ method: 'GET', path: '/version' })
    expect(await ask()).toMatchObject({ kind: 'done' })
    cutter.refuse()
    expect(await ask()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable', status: 0 } })
    cutter.accept()
    expect(await ask()).toMatchObject({ kind: 'done' })
  })

  it('reads the account’s files again: the token when it is refused, the authority after a minute', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-account-'))
    open.push({ close: () => rm(directory, { recursive: true }) })
    const write = (name: string, text: string) => writeFile(join(directory, name), text)
    await Promise.all([write('token', 'wrong'), write('ca.crt', server.ca), write('namespace', 'mine\n')])
    let elapsedMs = 0
    const clock = { now: () => 0, elapsed: () => elapsedMs, setTimer: () => () => {} }
    const access = await inClusterAccess({ host: '127.0.0.1', port: new URL(server.url).port, directory, clock })
    expect(access.namespace).toBe('mine')
    const client = later(openKubeClient({ access, userAgent: 'test' }))
    const ask = () => client.request({ method: 'GET', path: '/api/v1/namespaces' })
    expect(await ask()).toMatchObject({ failure: { status: 401, reason: 'Unauthorized' } })
    await write('token', server.token)
    expect(await ask()).toMatchObject({ kind: 'done' })
    const other = later(await openKubeApi())
    await write('ca.crt', other.ca)
    expect(await ask()).toMatchObject({ kind: 'done' })
    elapsedMs += 61_000
    expect(await ask()).toMatchObject({ failure: { kind: 'unreachable' } })
    await write('ca.crt', server.ca)
    elapsedMs += 61_000
    expect(await ask()).toMatchObject({ kind: 'done' })
  })
})
