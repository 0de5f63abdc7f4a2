import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import { flowStateInStatus } from '../../flow/plan/flow-status.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { systemClock } from '../../kube/clock.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { noMeters } from '../../kube/metrics/meters.ts'
import type { TlsMaterial } from '../../kube/transport/cluster-access.ts'
import { openKubeClient, type KubeClient, type KubeRequest } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import {
  describeOnUnsharedKubeApi,
  freshNamespace,
  limitedToken,
  openAdministrator,
  type Rule,
} from '../../test/env/kube-tests.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { openSharedCaches } from '../open-caches.ts'
import type { OperatorParts } from '../operator-parts.ts'
import { fieldsOf, itemsOf } from './decide/lay-over.ts'
import { poolObjectName } from './decide/pool-identity.ts'
import { openPools, type Pools, type PoolsOptions } from './open-pools.ts'
import { autoscalers, pods, poolResources } from './pool-resources.ts'
import { poolsClusterRules, poolsRules, poolsSecretRules } from './rules.ts'

const waiting = { timeout: 40_000, interval: 50 }
const merge = 'application/merge-patch+json'
const events = { record: () => {}, settled: async () => {}, dropped: () => 0 }
const deployments = poolResources.Deployment
const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

await describeOnUnsharedKubeApi('pools', (place) => {
  let client: KubeClient
  let namespace: string
  beforeEach(async () => {
    client = await openAdministrator(place)
    await applyCrds(client)
    namespace = await restrictedNamespace()
    ends.push(client.close)
  })

  async function restrictedNamespace(): Promise<string> {
    const fresh = await freshNamespace(client)
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    const path = `/api/v1/namespaces/${fresh.namespace}`
    orThrow(await client.request({ method: 'PATCH', path, contentType: merge, body: { metadata: { labels } } }))
    ends.push(fresh.close)
    // What the controller manager does, which does not run here.
    await create(poolResources.ServiceAccount, 'default', {}, fresh.namespace)
    return fresh.namespace
  }

  async function create(resource: Resource, name: string, rest: object, where = namespace): Promise<KubeObject> {
    const body = {
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      kind: resource.kind,
      metadata: { name },
      ...rest,
    }
    return orThrow(
      await client.request<KubeObject>({ method: 'POST', path: pathOf(resource, { namespace: where }), body }),
    )
  }

  async function read(resource: Resource, name: string, where = namespace): Promise<KubeObject | undefined> {
    const answer = await client.request<KubeObject>({
      method: 'GET',
      path: pathOf(resource, { namespace: where, name }),
    })
    if (answer.kind === 'failed' && answer.failure.status === 404) return undefined
    return orThrow(answer)
  }

  async function patch(resource: Resource, name: string, body: object, more: Partial<KubeRequest> = {}): Promise<void> {
    const path = pathOf(resource, { namespace, name })
    orThrow(await client.request({ method: 'PATCH', path, contentType: merge, body, ...more }))
  }

  /** A Flow whose state says that queues of these pools live. */
  async function flow(name: string, pools: readonly string[], where = namespace): Promise<FlowState> {
    const spec = { triggers: [{ name: 'go', to: 'a', manual: {} }], steps: [{ name: 'a', log: '"hello"' }] }
    const made = await create(resources.flows, name, { spec }, where)
    const { uid = '' } = made.metadata
    const living = pools.map((pool, at) => ({
      queue: `${uid}.s${at}.0123456789ab.1`,
      step: `s${at}`,
      pool,
      singleActiveConsumer: false,
      revision: 1,
    }))
    const hash = 'h'
    const base = {
      lastRevision: 1,
      active: 1,
      kept: [{ revision: 1, hash }],
      retiring: [],
      suspended: false,
      frozen: false,
    }
    const state: FlowState = { flow: uid, namespace: where, name, ...base, living }
    await writeState(state)
    return state
  }

  async function writeState(state: FlowState): Promise<void> {
    const { namespace: where, name } = state
    const path = pathOf(resources.flows, { namespace: where, name, subresource: 'status' })
    const body = [{ op: 'add', path: '/status', value: { state: flowStateInStatus({ state, version: 1 }) } }]
    orThrow(await client.request({ method: 'PATCH', path, contentType: 'application/json-patch+json', body }))
  }

  interface Running {
    readonly pools: Pools
    readonly writes: string[]
    readonly depths: Map<string, number>
    readonly stop: () => Promise<unknown>
  }

  function run(more: Partial<PoolsOptions> = {}, plans: readonly Plan[] = [], api: KubeClient = client): Running {
    const writes: string[] = []
    const depths = new Map<string, number>()
    const watched: KubeClient = {
      ...api,
      request: (request) => {
        if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`)
        return api.request(request)
      },
    }
    const shared = openSharedCaches({ client: watched, onListenerError: (error) => expect.fail(String(error)) })
    const log = pino({ level: process.env['WEIR_TEST_LOG'] ?? 'silent' })
    const parts: OperatorParts = {
      client: watched,
      caches: shared.caches,
      events,
      clock: systemClock,
      log,
      meters: noMeters,
    }
    const pools = openPools(parts, {
      ownNamespace: namespace,
      platform: {
        image: 'weir:1.0.0',
        shimPath: '/opt/weir/shim/bundled-main.cjs',
        runnerCommand: ['node', '/opt/weir/runtime/programs/runner.mjs'],
        runnerEnv: {},
        network: { broker: { ports: [5672] }, store: { ports: [27017] }, api: { ports: [443, 6443] } },
      },
      secretAccess: 'cluster',
      findPlan: async ({ flow: uid, revision }) =>
        plans.find((plan) => plan.flow.uid === uid && plan.revision === revision),
      connectionOf: () => ({ secret: 'weir-runner', brokerKey: 'WEIR_BROKER_URL', storeKey: 'WEIR_STORE_URL' }),
      brokerOf: () => ({ depth: async (queue) => ({ ready: depths.get(queue) ?? 0, consumers: 0 }) }),
      figuresOf: async () => new Map(),
      timing: { lookMs: 100, figuresMs: 100 },
      ...more,
    })
    const ending = new AbortController()
    const running = Promise.all([shared.run(ending.signal), pools.run(ending.signal)])
    const stop = (): Promise<unknown> => {
      ending.abort()
      return running
    }
    ends.push(stop)
    return { pools, writes, depths, stop }
  }

  async function pool(name: string, where = namespace): Promise<KubeObject> {
    const found = await vi.waitFor(async () => {
      const live = await read(deployments, poolObjectName(name), where)
      // When it is handed over, nothing more is to come.
      const managers = itemsOf(live?.metadata['managedFields']).map(({ manager }) => manager)
      expect(managers).toContain('weir-scaler')
      return live
    }, waiting)
    return found as KubeObject // or `waitFor` had failed
  }

  const replicasOf = (live: KubeObject | undefined): unknown => fieldsOf(live?.['spec'])['replicas']

  it('makes a pool for each that a living queue needs, of which PodSecurity restricted takes the pods', async () => {
    await create(resources.components, 'shop', { spec: { image: 'example.org/shop:1' } })
    await create(resources.components, 'inline', {
      spec: { source: { files: { 'a.js': 'exports.process = () => {}' } } },
    })
    await create(resources.components, 'unused', { spec: { image: 'example.org/unused:1' } })
    const { flow: uid } = await flow('orders', [
      'core',
      'Component/shop',
      'Component/inline',
      'Component/gone',
      'rubbish/../x',
    ])
    run()
    for (const name of ['core', 'Component/shop', 'Component/inline']) {
      const live = await pool(name)
      expect(replicasOf(live)).toBe(0)
      const { metadata, spec } = fieldsOf(fieldsOf(live['spec'])['template']) as unknown as KubeObject
      // Tried by the API server as the pod that a Deployment would make, and really made.
      const made = await create(pods, `pod-${poolObjectName(name)}`, {
        metadata: { ...metadata, name: `pod-${poolObjectName(name)}` },
        spec,
      })
      expect(made.metadata.labels?.['weir.dev/pool']).toBe(poolObjectName(name))
    }
    const all = orThrow(await client.request<KubeObject>({ method: 'GET', path: pathOf(deployments, { namespace }) }))
    expect(itemsOf(all['items']).length).toBe(3)
    expect(uid).not.toBe('')
  })

  it('refuses to weaken the pods, and says so in the component’s status', async () => {
    const podTemplate = {
      spec: { hostNetwork: true, containers: [{ name: 'component', securityContext: { privileged: true } }] },
    }
    await create(resources.components, 'shop', {
      spec: { image: 'a', functions: [{ name: 'f', kind: 'action' }], podTemplate },
    })
    await flow('orders', ['Component/shop'])
    run()
    const { spec } = fieldsOf(fieldsOf((await pool('Component/shop'))['spec'])['template'])
    await create(pods, 'tried', { spec })
    await vi.waitFor(async () => {
      const { conditions } = fieldsOf((await read(resources.components, 'shop'))?.['status'])
      const warning = itemsOf(conditions).find(({ type }) => type === 'Warning')
      expect(warning).toMatchObject({ status: 'True', reason: 'PodTemplateRefused', observedGeneration: 1 })
      expect(warning?.['message']).toContain('spec.hostNetwork')
      expect(itemsOf(conditions).find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' })
    }, waiting)
  })

  it('sends nothing when nothing has changed, in this process and in the next', async () => {
    await create(resources.components, 'shop', {
      spec: { image: 'a', functions: [{ name: 'f', kind: 'action' }], resources: { requests: { cpu: '100m' } } },
    })
    await flow('orders', ['Component/shop', 'core'])
    const first = run()
    await pool('Component/shop')
    await pool('core')
    await quiet(first.writes)
    const before = first.writes.length
    expect(before).toBeGreaterThan(0)
    // A change of the flow that changes nothing of its pools.
    await patch(resources.flows, 'orders', { metadata: { labels: { a: 'b' } } })
    await patch(resources.components, 'shop', { metadata: { labels: { a: 'b' } } })
    await quiet(first.writes)
    expect(first.writes.slice(before)).toEqual([])
    await first.stop()
    const { api, reasons } = explaining(client)
    let looks = 0
    const connectionOf: PoolsOptions['connectionOf'] = (where) => {
      looks += where === namespace ? 1 : 0
      return { secret: 'weir-runner', brokerKey: 'WEIR_BROKER_URL', storeKey: 'WEIR_STORE_URL' }
    }
    const second = run({ connectionOf }, [], api)
    // Both, or its silence would say nothing.
    await vi.waitFor(() => expect(looks).toBeGreaterThanOrEqual(2), waiting)
    await quiet(second.writes, 2_000)
    expect(second.writes, reasons.join('\n')).toEqual([])
  })

  /** What was there when something was asked to be otherwise: why it was asked. */
  function explaining(through: KubeClient): { readonly api: KubeClient; readonly reasons: readonly string[] } {
    const reasons: string[] = []
    const request: KubeClient['request'] = async (asked) => {
      if (asked.method === 'PATCH')
        reasons.push(JSON.stringify({ asked, there: await through.request({ method: 'GET', path: asked.path }) }))
      return through.request(asked)
    }
    return { api: { ...through, request }, reasons }
  }

  /** Until there was nothing for a while. */
  async function quiet(writes: readonly string[], forMs = 1_000): Promise<void> {
    let [count, since] = [-1, 0]
    await vi.waitFor(() => {
      if (count !== writes.length) [count, since] = [writes.length, performance.now()]
      expect(performance.now() - since).toBeGreaterThan(forMs)
    }, waiting)
  }

  it('puts back what somebody has changed of it, and what somebody has deleted', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a' } })
    await flow('orders', ['Component/shop'])
    run()
    await pool('Component/shop')
    const name = poolObjectName('Component/shop')
    await patch(deployments, name, { spec: { template: { spec: { serviceAccountName: 'default' } } } })
    await patch(poolResources.Role, name, { rules: [] })
    await patch(poolResources.NetworkPolicy, name, { spec: { ingress: [] } })
    const path = pathOf(poolResources.ServiceAccount, { namespace, name })
    orThrow(await client.request({ method: 'DELETE', path }))
    await vi.waitFor(async () => {
      const template = fieldsOf(fieldsOf((await read(deployments, name))?.['spec'])['template'])
      expect(fieldsOf(template['spec'])['serviceAccountName']).toBe(name)
      expect(itemsOf((await read(poolResources.Role, name))?.['rules']).length).toBe(1)
      expect(itemsOf(fieldsOf((await read(poolResources.NetworkPolicy, name))?.['spec'])['ingress']).length).toBe(1)
      expect(await read(poolResources.ServiceAccount, name)).toBeDefined()
    }, waiting)
  })

  it('names in a Role exactly the Secrets that the pool’s messages need, of every kept plan', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a' } })
    for (const name of ['crm', 'mail', 'other']) {
      await create(secrets, `${name}-key`, {})
      await create(resources.credentials, name, { spec: { type: 'basic', secretRef: { name: `${name}-key` } } })
    }
    const state = await flow('orders', ['Component/shop', 'core'])
    const [queue = '', another = ''] = state.living.map((stage) => stage.queue)
    const plan = (revision: number, used: string, stage: string): Plan =>
      ({
        format: 1,
        flow: { uid: state.flow },
        revision,
        stages: [{ name: 's', queue: stage, pool: 'Component/shop' }],
        steps: { s: { kind: 'component', credential: used } },
      }) as unknown as Plan // what is looked at of it
    await writeState({ ...state, lastRevision: 3, kept: [1, 2, 3].map((revision) => ({ revision, hash: '' })) })
    run({}, [plan(1, 'crm', queue), plan(2, 'mail', queue), plan(3, 'other', another)])
    await pool('Component/shop')
    const rules = itemsOf((await read(poolResources.Role, poolObjectName('Component/shop')))?.['rules'])
    const verbs = ['get', 'list', 'watch']
    expect(rules).toEqual([
      { apiGroups: ['weir.dev'], resources: ['flows', 'flowrevisions'], verbs },
      { apiGroups: ['weir.dev'], resources: ['credentials'], resourceNames: ['crm', 'mail'], verbs },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['crm-key', 'mail-key'], verbs },
    ])
    await patch(resources.credentials, 'mail', { spec: { secretRef: { name: 'moved' } } })
    await vi.waitFor(async () => {
      const now = itemsOf((await read(poolResources.Role, poolObjectName('Component/shop')))?.['rules'])
      expect(now[2]?.['resourceNames']).toEqual(['crm-key', 'moved'])
    }, waiting)
  })

  it('keeps two namespaces apart', async () => {
    const other = await restrictedNamespace()
    await create(resources.components, 'shop', { spec: { image: 'mine' } })
    await create(resources.components, 'shop', { spec: { image: 'theirs' } }, other)
    await flow('orders', ['Component/shop'])
    await flow('orders', ['Component/shop', 'core'], other)
    run()
    const imageOf = (live: KubeObject): unknown =>
      itemsOf(fieldsOf(fieldsOf(fieldsOf(live['spec'])['template'])['spec'])['containers'])[0]?.['image']
    expect(imageOf(await pool('Component/shop'))).toBe('mine')
    expect(imageOf(await pool('Component/shop', other))).toBe('theirs')
    await pool('core', other)
    expect(await read(deployments, 'weir-core')).toBeUndefined()
  })

  it('has the pods of a namespace start anew when its connection is another, and no others', async () => {
    const other = await restrictedNamespace()
    await flow('orders', ['core'])
    await flow('orders', ['core'], other)
    let version = 'one'
    const connection = { secret: 'weir-runner', brokerKey: 'WEIR_BROKER_URL', storeKey: 'WEIR_STORE_URL' }
    const { pools, writes } = run({ connectionOf: () => ({ ...connection, version }) })
    const connectionOf = (live: KubeObject | undefined): unknown =>
      fieldsOf(fieldsOf(fieldsOf(live?.['spec'])['template'])['metadata'])['annotations']
    const before = connectionOf(await pool('core'))
    await pool('core', other)
    await quiet(writes)
    expect(Object.values(fieldsOf(before))).toContain('one')
    version = 'two'
    pools.noticeConnection(namespace)
    await vi.waitFor(async () => {
      const now = connectionOf(await read(deployments, poolObjectName('core')))
      expect(Object.values(fieldsOf(now))).toContain('two')
    }, waiting)
    await quiet(writes)
    expect(connectionOf(await read(deployments, poolObjectName('core'), other))).toEqual(before)
  })

  it('takes a pool away when no queue needs it, its pods first', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a' } })
    const state = await flow('orders', ['Component/shop'])
    run()
    await pool('Component/shop')
    const name = poolObjectName('Component/shop')
    await writeState({ ...state, living: [] })
    await vi.waitFor(async () => {
      expect((await read(deployments, name))?.metadata.deletionTimestamp).toBeDefined()
    }, waiting)
    expect(await read(poolResources.ServiceAccount, name)).toBeDefined()
    // What the cluster's garbage collector does when the pods have ended.
    await patch(deployments, name, { metadata: { finalizers: null } })
    await vi.waitFor(async () => {
      for (const resource of Object.values(poolResources)) expect(await read(resource, name)).toBeUndefined()
    }, waiting)
  })

  it('starts a pool at zero at the first message, and leaves the number to whoever else says it', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a' } })
    const { living } = await flow('orders', ['Component/shop'])
    const { depths } = run()
    await pool('Component/shop')
    const name = poolObjectName('Component/shop')
    const queue = living[0]?.queue ?? ''
    depths.set(queue, 1)
    const isNow = (count: number): Promise<void> =>
      vi.waitFor(async () => expect(replicasOf(await read(deployments, name))).toBe(count), waiting)
    await isNow(1)
    // By hand, as `kubectl scale` does.
    const path = pathOf(deployments, { namespace, name, subresource: 'scale' })
    const query = { fieldManager: 'kubectl' }
    const scale = { method: 'PATCH', path, contentType: merge, query, body: { spec: { replicas: 0 } } } as const
    orThrow(await client.request(scale))
    await patch(deployments, name, { spec: { template: { metadata: { labels: { 'weir.dev/pool': name, x: 'y' } } } } })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await isNow(0)
    // Given back.
    await patch(deployments, name, { metadata: { annotations: { 'weir.dev/scaling': 'weir' } } })
    await isNow(1)
    await create(autoscalers, 'theirs', {
      spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
    })
    await patch(deployments, name, { spec: { replicas: 0 } })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await isNow(0)
  })

  it('says what is wrong with its pods', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a', functions: [{ name: 'f', kind: 'action' }] } })
    await flow('orders', ['Component/shop'])
    run()
    const live = await pool('Component/shop')
    const { metadata, spec } = fieldsOf(fieldsOf(live['spec'])['template']) as unknown as KubeObject
    await create(pods, 'one', { metadata: { ...metadata, name: 'one' }, spec })
    const waits = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }
    const container = { name: 'component', image: 'a', imageID: '', ready: false, restartCount: 0, state: waits }
    const path = pathOf(pods, { namespace, name: 'one', subresource: 'status' })
    const body = { status: { containerStatuses: [container] } }
    orThrow(await client.request({ method: 'PATCH', path, contentType: merge, body }))
    const isReady = (status: string, reason: string): Promise<void> =>
      vi.waitFor(async () => {
        const { conditions } = fieldsOf((await read(resources.components, 'shop'))?.['status'])
        expect(itemsOf(conditions).find(({ type }) => type === 'Ready')).toMatchObject({ status, reason })
      }, waiting)
    await isReady('False', 'ImagePullBackOff')
    const gone = {
      method: 'DELETE',
      path: pathOf(pods, { namespace, name: 'one' }),
      body: { gracePeriodSeconds: 0 },
    } as const
    orThrow(await client.request(gone))
    await isReady('True', 'Available')
  })

  it('waits with an edit for pods where some are always wanted, and for none that start from zero', async () => {
    await create(resources.components, 'always', { spec: { image: 'a', scaling: { min: 1 } } })
    await create(resources.components, 'seldom', { spec: { image: 'a' } })
    const state = await flow('orders', ['Component/always', 'Component/seldom'])
    const { pools } = run()
    expect(replicasOf(await pool('Component/always'))).toBe(1)
    await pool('Component/seldom')
    const stages = state.living.map(({ revision: _revision, ...stage }) => stage)
    const edited = (at: number): FlowState => ({
      ...state,
      pending: { revision: 1, hash: '', stages: stages.slice(at, at + 1) },
    })
    expect(await pools.arePoolsReady(edited(0))).toBe(false)
    expect(await pools.arePoolsReady(edited(1))).toBe(true)
    const name = poolObjectName('Component/always')
    const path = pathOf(deployments, { namespace, name, subresource: 'status' })
    const body = { status: { replicas: 1, readyReplicas: 1 } }
    orThrow(await client.request({ method: 'PATCH', path, contentType: merge, body }))
    await vi.waitFor(async () => expect(await pools.arePoolsReady(edited(0))).toBe(true), waiting)
  })

  it('keeps Secrets from pools where it may not read them, and says so', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a', functions: [{ name: 'f', kind: 'action' }] } })
    await create(resources.credentials, 'crm', { spec: { type: 'basic', secretRef: { name: 'crm-key' } } })
    const state = await flow('orders', ['Component/shop'])
    const plan = {
      format: 1,
      flow: { uid: state.flow },
      revision: 1,
      stages: [{ name: 's', queue: state.living[0]?.queue, pool: 'Component/shop' }],
      steps: { s: { kind: 'component', credential: 'crm' } },
    }
    // An administrator may everything; the answer is what is tried here.
    const denied: KubeClient = {
      ...client,
      request: async <T>(request: KubeRequest) =>
        request.path.endsWith('selfsubjectaccessreviews')
          ? { kind: 'done', value: { status: { allowed: false } } as T }
          : client.request<T>(request),
    }
    run({ secretAccess: 'tenants' }, [plan as unknown as Plan], denied)
    await vi.waitFor(async () => {
      const { conditions } = fieldsOf((await read(resources.components, 'shop'))?.['status'])
      const ready = itemsOf(conditions).find(({ type }) => type === 'Ready')
      expect(ready).toMatchObject({ status: 'False', reason: 'SecretAccessDenied' })
    }, waiting)
    const rules = itemsOf((await read(poolResources.Role, poolObjectName('Component/shop')))?.['rules'])
    expect(rules.some(({ resources: kinds }) => JSON.stringify(kinds).includes('secrets'))).toBe(false)
  })

  it('reads from an image what it offers, by a pod that goes when that is written', async () => {
    await create(resources.components, 'shop', { spec: { image: 'example.org/shop:1' } })
    run()
    const found = async (): Promise<KubeObject | undefined> => {
      const path = pathOf(pods, { namespace })
      const all = orThrow(
        await client.request<KubeObject>({ method: 'GET', path, query: { labelSelector: 'weir.dev/inspects=shop' } }),
      )
      return (all['items'] as readonly KubeObject[])[0]
    }
    const isReady = async (reason: string): Promise<KubeObject | undefined> => {
      const component = await read(resources.components, 'shop')
      const { conditions } = fieldsOf(component?.['status'])
      expect(itemsOf(conditions).find(({ type }) => type === 'Ready')).toMatchObject({ reason })
      return component
    }
    const pod = await vi.waitFor(async () => {
      const made = await found()
      expect(made).toBeDefined()
      return made
    }, waiting)
    await vi.waitFor(() => isReady('ReadingFunctions'), waiting)
    const own = JSON.stringify({ actions: { send: { main: './send.js' } }, weir: { dialect: 'elasticio' } })
    const message = gzipSync(JSON.stringify({ own, packageJson: '{}', files: {} })).toString('base64')
    const state = { terminated: { exitCode: 0, message } }
    const container = { name: 'component', image: 'a', imageID: '', ready: false, restartCount: 0, state }
    const path = pathOf(pods, { namespace, name: pod?.metadata.name, subresource: 'status' })
    const body = { status: { phase: 'Succeeded', containerStatuses: [container] } }
    orThrow(await client.request({ method: 'PATCH', path, contentType: merge, body }))
    const component = await vi.waitFor(() => isReady('Available'), waiting)
    expect(component?.['status']).toMatchObject({
      image: 'example.org/shop:1',
      dialect: 'elasticio',
      functions: [{ name: 'send', kind: 'action', main: './send.js' }],
    })
    await vi.waitFor(async () => expect(await found()).toBeUndefined(), waiting)
    // Of another image nothing is known; what was known stays as long as that.
    await patch(resources.components, 'shop', { spec: { image: 'example.org/shop:2' } })
    await vi.waitFor(() => isReady('ReadingFunctions'), waiting)
    expect(fieldsOf((await read(resources.components, 'shop'))?.['status'])['functions']).toHaveLength(1)
  })

  it('works with the rights that it says it needs, and no others', async () => {
    await create(resources.components, 'shop', { spec: { image: 'a', functions: [{ name: 'f', kind: 'action' }] } })
    await create(resources.components, 'unknown', { spec: { image: 'a' } })
    await create(resources.credentials, 'crm', { spec: { type: 'basic', secretRef: { name: 'crm-key' } } })
    const state = await flow('orders', ['Component/shop'])
    const shared: readonly Rule[] = ['namespaces', 'apps'].map((name) => ({
      apiGroups: name === 'apps' ? ['weir.dev'] : [''],
      resources: [name],
      verbs: ['list', 'watch'],
    }))
    const rules = [...poolsRules, ...poolsClusterRules, ...poolsSecretRules, ...shared]
    const token = await limitedToken(client, { namespace, rules, isClusterWide: true })
    const { server, credentials } = await kubeconfigAccess({ path: place.kubeconfig })
    const { tls } = await credentials(false)
    const { cert: _cert, key: _key, ...ca } = tls as TlsMaterial & { readonly cert?: unknown; readonly key?: unknown }
    const access = { server, namespace, credentials: async () => ({ authorization: `Bearer ${token}`, tls: ca }) }
    const limited = openKubeClient({ access, userAgent: 'weir-tests' })
    ends.push(limited.close)
    const plan = {
      format: 1,
      flow: { uid: state.flow },
      revision: 1,
      stages: [{ name: 's', queue: state.living[0]?.queue, pool: 'Component/shop' }],
      steps: { s: { kind: 'component', credential: 'crm' } },
    }
    const { depths } = run({ secretAccess: 'tenants' }, [plan as unknown as Plan], limited)
    depths.set(state.living[0]?.queue ?? '', 1)
    await vi.waitFor(async () => {
      expect(replicasOf(await read(deployments, poolObjectName('Component/shop')))).toBe(1)
      const rulesNow = itemsOf((await read(poolResources.Role, poolObjectName('Component/shop')))?.['rules'])
      expect(rulesNow[2]?.['resourceNames']).toEqual(['crm-key'])
      for (const [name, reason] of [
        ['shop', 'Available'],
        ['unknown', 'ReadingFunctions'],
      ] as const) {
        const { conditions } = fieldsOf((await read(resources.components, name))?.['status'])
        expect(itemsOf(conditions).find(({ type }) => type === 'Ready')).toMatchObject({ reason })
      }
    }, waiting)
    await writeState({ ...state, living: [] })
    await vi.waitFor(async () => {
      const live = await read(deployments, poolObjectName('Component/shop'))
      expect(live?.metadata.deletionTimestamp).toBeDefined()
    }, waiting)
  })
})
