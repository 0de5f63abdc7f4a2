import { Writable } from 'node:stream'
import { expect, it, onTestFinished, vi } from 'vitest'
import { pino } from 'pino'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject } from '../../../kube/kube-object.ts'
import { kubeconfigAccess } from '../../../kube/transport/kubeconfig-access.ts'
import { openKubeClient, type KubeClient } from '../../../kube/transport/kube-client.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { clusterRules, leadingRules } from '../../../operator/operator-rules.ts'
import { poolPlatform } from '../../../operator/pool-platform.ts'
import { poolResources } from '../../../operator/pools/pool-resources.ts'
import { limitedToken } from '../../env/kube-tests.ts'
import { describeOnAll, type OperatorPlaces } from '../../env/operator-tests.ts'
import { putCredential } from '../../rig/operator/gateway-rig.ts'
import { openOperatorRig, simpleFlow, stateOf } from '../../rig/operator/operator-rig.ts'

const waiting = { timeout: 60_000, interval: 100 }

describeOnAll('An operator with the rights that its page lists', (places) => {
  it('lacks none, for the whole life of a flow with a component', async () => {
    const rig = await openOperatorRig(places)
    onTestFinished(rig.close)
    const limited = await openLimited(places, rig.client, rig.namespace)
    onTestFinished(limited.close)
    const forbidden: string[] = []
    const lines: string[] = []
    const log = pino(new Writable({ write: (line, _, done) => done(void lines.push(String(line))) }))
    const settings = { brokerUrl: new URL(places.rabbit.amqpUrl), storeUrl: places.mongo.url, logLevel: 'info' }
    const operator = rig.start({
      log,
      client: () => noting(limited, forbidden),
      options: { pools: { platform: poolPlatform('weir:test', settings), secretAccess: 'cluster' } },
    })
    await rig.apply(resources.components, {
      metadata: { name: 'shop' },
      spec: { image: 'shop:1', functions: [{ name: 'find', kind: 'action' }] },
    })
    await rig.applyFlow('orders', {
      triggers: [{ name: 'by-hand', manual: {} }],
      steps: [{ name: 'find', component: 'shop', function: 'find' }],
    })
    await rig.ready('orders')
    await vi.waitFor(async () => expect((await deployments(rig.client, rig.namespace)).length).toBe(1), waiting)
    // It gives the gateway of the cluster what it must be allowed itself.
    await putCredential(rig, 'door', { username: 'anna', password: 'a secret of anna’s' })
    const webhook = { path: '/guarded', auth: { basic: { credential: 'door' } } }
    await rig.applyFlow('guarded', simpleFlow('data', { triggers: [{ name: 'called', webhook }] }))
    await rig.ready('guarded')
    await vi.waitFor(() => isThere(rig.client, 'RoleBinding', rig.namespace), waiting)
    await rig.remove('guarded')
    await rig.gone('guarded')
    await rig.applyFlow('plain', simpleFlow())
    await rig.applyFlow('plain', simpleFlow('"two"'))
    expect(stateOf(await rig.ready('plain'))?.active).toBeDefined()
    await rig.remove('plain')
    await rig.gone('plain')
    await operator.stop()
    // A namespace without its own account, which no controller makes here, has no pod whoever asks.
    expect(forbidden.filter((message) => !message.includes('serviceaccount "default" not found'))).toEqual([])
    // Passwords are made of the key; neither is for the log.
    expect(lines.join('')).not.toContain(`key of ${rig.namespace}`)
    expect(lines.filter((line) => line.includes('"level":50'))).toEqual([])
  })
})

async function openLimited(
  { kubeApi }: OperatorPlaces,
  administrator: KubeClient,
  namespace: string,
): Promise<KubeClient> {
  const rules = [...clusterRules, ...leadingRules].map(({ apiGroup, resource, verbs }) => ({
    apiGroups: [apiGroup],
    resources: [resource],
    verbs,
  }))
  const token = await limitedToken(administrator, { namespace, rules, isClusterWide: true })
  const { server, credentials } = await kubeconfigAccess({ path: kubeApi.kubeconfig })
  const { ca } = (await credentials()).tls
  const own = { authorization: `Bearer ${token}`, tls: { ca } }
  return openKubeClient({ access: { server, namespace, credentials: async () => own }, userAgent: 'weir-tests' })
}

function noting(client: KubeClient, forbidden: string[]): KubeClient {
  const note = <T extends Awaited<ReturnType<KubeClient['stream']>>>(answer: T): T => {
    if (answer.kind === 'failed' && answer.failure.status === 403) forbidden.push(answer.failure.message)
    return answer
  }
  return {
    ...client,
    request: async (request) => note((await client.request(request)) as never),
    read: async (request, parse) => note((await client.read(request, parse)) as never),
    stream: async (request) => note(await client.stream(request)),
  }
}

async function isThere(client: KubeClient, kind: 'RoleBinding', namespace: string): Promise<void> {
  const path = pathOf(poolResources[kind], { namespace, name: 'weir-gateway' })
  orThrow(await client.request({ method: 'GET', path }))
}

async function deployments(client: KubeClient, namespace: string): Promise<readonly string[]> {
  const kind = { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', isNamespaced: true }
  const answer = await client.request<{ readonly items: readonly KubeObject[] }>({
    method: 'GET',
    path: pathOf(kind, { namespace }),
  })
  return orThrow(answer).items.map(({ metadata }) => metadata.name)
}
