import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { flowStateInStatus } from '../../flow/plan/flow-status.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Happening } from '../../kube/events/correlator.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { noMeters } from '../../kube/metrics/meters.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi, inFreshNamespaces, limitedToken } from '../../test/env/kube-tests.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { samplePlan } from '../../test/samples/sample-plan.ts'
import { openSharedCaches } from '../open-caches.ts'
import { poolResources } from '../pools/pool-resources.ts'
import type { SecretAccess } from '../pools/secret-access.ts'
import { openGatewayAccess } from './open-gateway-access.ts'
import { gatewayAccessRules } from './rules.ts'

const waiting = { timeout: 60_000, interval: 50 }
const reading = ['get', 'list', 'watch']

describeOnKubeApi('what the gateway may read', (place) => {
  let client: KubeClient
  let namespace: string
  inFreshNamespaces(place, async (fresh) => {
    client = fresh.client
    namespace = fresh.namespace
    await applyCrds(client)
  })

  it('follows Credentials, is made again, and ends with the flow', async () => {
    const { writes } = run(client)
    await credential('door', 'first')
    const state = await flow('orders')
    await vi.waitFor(async () => expect(await granted()).toEqual([['door'], ['first']]), waiting)
    // It comes after the Role.
    const bound = {
      roleRef: { kind: 'Role', name: 'weir-gateway' },
      subjects: [{ kind: 'ServiceAccount', name: 'weir-gateway', namespace: 'installation' }],
    }
    await vi.waitFor(async () => expect(await read(poolResources.RoleBinding)).toMatchObject(bound), waiting)
    await credential('door', 'second')
    await vi.waitFor(async () => expect(await granted()).toEqual([['door'], ['second']]), waiting)
    await remove(poolResources.RoleBinding)
    await vi.waitFor(async () => expect(await read(poolResources.RoleBinding)).toBeDefined(), waiting)
    const before = writes.length
    await credential('other', 'other')
    await writeState({ ...state, suspended: true })
    await flow('more')
    await writeState({ ...state, deletion: { askedAt: 1, deadlineMs: 1 } })
    const all = await flow('last')
    await writeState({ ...all, deletion: { askedAt: 1, deadlineMs: 1 } })
    await credential('door', 'third')
    await vi.waitFor(async () => expect(await granted()).toEqual([['door'], ['third']]), waiting)
    await remove(resources.flows, 'more')
    await vi.waitFor(async () => expect(await granted()).toBeUndefined(), waiting)
    await vi.waitFor(async () => expect(await read(poolResources.RoleBinding)).toBeUndefined(), waiting)
    // The last change of a Credential and of a Flow was seen by now: what changes nothing, before them, is not written.
    const [roleAt, bindingAt] = [poolResources.Role, poolResources.RoleBinding].map((resource) =>
      pathOf(resource, { namespace, name: 'weir-gateway' }),
    )
    expect([...new Set(writes.slice(before))]).toEqual([`PATCH ${roleAt}`, `DELETE ${bindingAt}`, `DELETE ${roleAt}`])
  })

  it('is no Secret where the operator may read none, and it says so', async () => {
    const rules = gatewayAccessRules.map((rule) => ({ ...rule, resources: [...rule.resources] }))
    const apps = { apiGroups: ['weir.dev'], resources: ['components', 'clustercomponents', 'apps'], verbs: reading }
    const namespaces = { apiGroups: [''], resources: ['namespaces'], verbs: reading }
    const token = await limitedToken(client, { namespace, rules: [...rules, apps, namespaces], isClusterWide: true })
    const { server, credentials } = await kubeconfigAccess({ path: place.kubeconfig })
    const { ca } = (await credentials()).tls
    const own = { authorization: `Bearer ${token}`, tls: { ca } }
    const access = { server, namespace, credentials: async () => own }
    const limited = openKubeClient({ access, userAgent: 'weir-tests' })
    onTestFinished(limited.close)
    const { events } = run(limited, 'tenants')
    await credential('door', 'first')
    await flow('orders')
    await vi.waitFor(async () => expect(await granted()).toEqual([['door']]), waiting)
    expect(events[0]).toMatchObject({ reason: 'SecretAccessDenied', regarding: { kind: 'Flow', name: 'orders' } })
  })

  function run(api: KubeClient, secretAccess: SecretAccess = 'cluster') {
    const writes: string[] = []
    const events: Happening[] = []
    const watched: KubeClient = {
      ...api,
      request: (request) => {
        const isWrite = request.method !== 'GET' && !request.path.includes('selfsubjectaccessreviews')
        if (isWrite) writes.push(`${request.method} ${request.path}`)
        return api.request(request)
      },
    }
    const shared = openSharedCaches({
      client: watched,
      namespace,
      onListenerError: (error) => expect.fail(String(error)),
    })
    const parts = {
      client: watched,
      caches: shared.caches,
      events: { record: (one: Happening) => void events.push(one), settled: async () => {}, dropped: () => 0 },
      clock: systemClock,
      log: pino({ level: 'silent' }),
      meters: noMeters,
    }
    const webhook = { path: '/orders', auth: { basic: { credential: 'door' } } }
    const plan = samplePlan({ namespace, triggers: [{ name: 'called', webhook }] })
    const installed = { lease: { namespace: 'elsewhere' }, ownNamespace: 'installation' }
    const part = openGatewayAccess(parts, {
      namespace,
      ...installed,
      pools: { secretAccess },
      states: () => ({ plans: { get: async () => plan } }),
    })
    const stopping = new AbortController()
    const running = Promise.all([shared.run(stopping.signal), part.run(stopping.signal)])
    onTestFinished(async () => {
      stopping.abort()
      await running
    })
    return { writes, events }
  }

  async function apply(resource: Resource, name: string, spec: object): Promise<KubeObject> {
    return orThrow(
      await client.request<KubeObject>({
        method: 'PATCH',
        path: pathOf(resource, { namespace, name }),
        query: { fieldManager: 'weir-tests', force: true },
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, metadata: { name }, spec },
      }),
    )
  }

  async function credential(name: string, secret: string): Promise<void> {
    await apply(resources.credentials, name, { type: 'basic', secretRef: { name: secret } })
  }

  /** One whose plan alone tells what it needs: what is written was refused. */
  async function flow(name: string): Promise<FlowState> {
    const { metadata } = await apply(resources.flows, name, {
      triggers: [{ name: 'go', manual: {} }],
      steps: [{ name: 'a', log: '"hello"' }],
    })
    const kept = [{ revision: 1, hash: 'h' }]
    const lists = { kept, living: [], retiring: [] }
    const flags = { suspended: false, frozen: false }
    const state = { flow: metadata.uid ?? '', namespace, name, lastRevision: 1, active: 1, ...lists, ...flags }
    await writeState(state)
    return state
  }

  async function writeState(state: FlowState): Promise<void> {
    const path = pathOf(resources.flows, { namespace, name: state.name, subresource: 'status' })
    const body = [{ op: 'add', path: '/status', value: { state: flowStateInStatus({ state, version: 1 }) } }]
    orThrow(await client.request({ method: 'PATCH', path, contentType: 'application/json-patch+json', body }))
  }

  async function read(resource: Resource): Promise<KubeObject | undefined> {
    const path = pathOf(resource, { namespace, name: 'weir-gateway' })
    const answer = await client.request<KubeObject>({ method: 'GET', path })
    if (answer.kind === 'failed' && answer.failure.status === 404) return undefined
    return orThrow(answer)
  }

  async function remove(resource: Resource, name = 'weir-gateway'): Promise<void> {
    orThrow(await client.request({ method: 'DELETE', path: pathOf(resource, { namespace, name }) }))
  }

  /** Names, rule by rule. */
  async function granted(): Promise<readonly (readonly string[])[] | undefined> {
    const rules = (await read(poolResources.Role))?.['rules'] as readonly { resourceNames: string[] }[] | undefined
    return rules?.map(({ resourceNames }) => resourceNames)
  }
})
