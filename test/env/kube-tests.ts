import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, inject, it, onTestFinished, vi } from 'vitest'
import { pathOf, type Resource } from '../../kube/kube-object.ts'
import type { ClusterAccess } from '../../kube/transport/cluster-access.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { findKubeApi } from './kube-api-program.ts'
import { openKubeApi, type KubeApiServer } from './kube-api.ts'
import { namespacePrefix, type KubeApiPlace } from './kube-servers.ts'

/** Tests that need an API server; skipped, with the reason, where none can be had. For files named `*.kube-api.test.ts`. */
export function describeOnKubeApi(name: string, tests: (place: KubeApiPlace) => void): void {
  const found = inject('kubeApi')
  if (found.kind === 'found') describe(name, () => tests(found))
  else describeMissing(name, found.reason)
}

/** Tests that open an API server of their own (`openKubeApi`), to harm it. */
export async function describeOnOwnKubeApi(name: string, tests: () => void): Promise<void> {
  const program = await findKubeApi()
  if (program.kind === 'found') describe(name, tests)
  else describeMissing(name, program.reason)
}

/**
 * Tests of what looks after all namespaces, on a server that nobody else has: on a shared one it would work on what other tests make at the same time.
 * Where only a cluster is given, on that.
 */
export async function describeOnUnsharedKubeApi(name: string, tests: (place: KubeApiPlace) => void): Promise<void> {
  const program = await findKubeApi()
  if (program.kind === 'missing') return describeOnKubeApi(name, tests)
  describe(name, () => {
    let server: KubeApiServer | undefined
    beforeAll(async () => {
      server = await openKubeApi()
    })
    afterAll(() => server?.close())
    tests({
      get kubeconfig() {
        if (server === undefined) throw new Error('the API server is not there before the first test')
        return server.kubeconfig
      },
    })
  })
}

function describeMissing(name: string, reason: string): void {
  describe(name, () => {
    it('has its API server', (context) => context.skip(reason))
  })
}

/** An administrator of the shared server. */
export async function openAdministrator({ kubeconfig }: KubeApiPlace): Promise<KubeClient> {
  return openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-tests' })
}

/** An own server by another address (a cutter's) or another user's token. */
export function accessTo({ url, ca, token }: Pick<KubeApiServer, 'url' | 'ca' | 'token'>): ClusterAccess {
  const credentials = { authorization: `Bearer ${token}`, tls: { ca } }
  return { server: url, namespace: 'default', credentials: async () => credentials }
}

/** A namespace for one test. */
export interface FreshNamespace {
  readonly namespace: string
  /** Asks for its end; without a controller manager it stays. */
  readonly close: () => Promise<void>
}

/** @param namespace its name; by default a new one */
export async function freshNamespace(
  client: KubeClient,
  namespace = `${namespacePrefix}${randomBytes(5).toString('hex')}`,
): Promise<FreshNamespace> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  orThrow(await client.request({ method: 'POST', path: '/api/v1/namespaces', body }))
  const close = async (): Promise<void> => {
    await client.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
  }
  return { namespace, close }
}

/** The shared server, as its administrator sees it, and a namespace there. */
export interface FreshPlace {
  readonly client: KubeClient
  readonly namespace: string
}

/** Each test of the suite begins with a client and a namespace of its own, which outlive whatever it ends by `onTestFinished`. */
export function inFreshNamespaces(place: KubeApiPlace, begin: (fresh: FreshPlace) => unknown): void {
  beforeEach(async () => {
    const client = await openAdministrator(place)
    onTestFinished(client.close)
    const { namespace, close } = await freshNamespace(client)
    onTestFinished(close)
    await begin({ client, namespace })
  })
}

/** What somebody may do. */
export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

export interface LimitedUser {
  readonly namespace: string
  readonly rules: readonly Rule[]
  /** In all namespaces, and to what is in none. */
  readonly isClusterWide?: boolean
  /** Of the account; by default a new one. */
  readonly name?: string
}

/** A service account of the namespace that may do just that. Gives its token, good for an hour. */
export async function limitedToken(
  client: KubeClient,
  { namespace, rules, isClusterWide = false, ...given }: LimitedUser,
) {
  const role = `limited-${randomBytes(5).toString('hex')}`
  const { name = role } = given
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const prefix = isClusterWide ? 'Cluster' : ''
  const roles = `/apis/${apiVersion}${isClusterWide ? '' : `/namespaces/${namespace}`}/${prefix.toLowerCase()}role`
  const create = async (path: string, body: unknown): Promise<unknown> =>
    orThrow(await client.request({ method: 'POST', path, body }))
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await create(accounts, { metadata: { name } })
  await create(`${roles}s`, { metadata: { name: role }, rules })
  await create(`${roles}bindings`, {
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: `${prefix}Role`, name: role },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  })
  const asked = await create(`${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3_600 },
  })
  return (asked as { readonly status: { readonly token: string } }).status.token
}

/**
 * A kind of its own for one test: `spec` and `status` of any form, a status that is written apart, and conditions that are merged by type.
 * It stays where the server is not our own.
 */
export async function freshKind(client: KubeClient): Promise<Resource> {
  const group = `t${randomBytes(5).toString('hex')}.weir.test`
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const condition = {
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string' } },
    'x-kubernetes-preserve-unknown-fields': true,
  }
  const conditions = {
    type: 'array',
    items: condition,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }
  const status = { ...anything, properties: { conditions } }
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    subresources: { status: {} },
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status } } },
  }
  const names = { plural: 'things', singular: 'thing', kind: 'Thing' }
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const metadata = { name: `things.${group}` }
  const body = { metadata, spec: { group, scope: 'Namespaced', names, versions: [version] } }
  orThrow(await client.request({ method: 'POST', path, body }))
  const resource = { group, version: 'v1', kind: 'Thing', plural: 'things', isNamespaced: true }
  const isServed = async (): Promise<void> => {
    orThrow(await client.request({ method: 'GET', path: pathOf(resource) }))
  }
  await vi.waitFor(isServed, { timeout: 60_000, interval: 50 })
  return resource
}
