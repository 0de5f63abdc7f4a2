import { vi } from 'vitest'
import { resources } from '../../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../../kube/kube-object.ts'
import { orThrow } from '../../../kube/transport/kube-error.ts'
import { planSourceRules } from '../../../runtime/plans/kubernetes/rules.ts'
import { tenantProcessRules } from '../../../runtime/tenants/rules.ts'
import type { OperatorPlaces } from '../../env/operator-tests.ts'
import { startProgram, type ProcessUnderTest } from '../faults/process-under-test.ts'
import { openPodAccount, type PodAccount } from '../pod-account.ts'
import { openOperatorRig, type OperatorRig } from './operator-rig.ts'

/** Two namespaces with an operator each, as if these were one, and what works for both of them. */
export interface GatewayRig {
  readonly one: OperatorRig
  readonly other: OperatorRig
  /** With the rights of the installation's account, which is where it belongs. */
  readonly startGateway: (port?: number) => Promise<GatewayUnderTest>
  readonly startRecorder: (rig: OperatorRig) => Promise<ProcessUnderTest>
  /** Of the built-ins of a namespace. */
  readonly startRunner: (rig: OperatorRig) => Promise<ProcessUnderTest>
  readonly close: () => Promise<void>
}

export interface GatewayUnderTest extends ProcessUnderTest {
  readonly hooksPort: number
  /** Scheme, host and port. */
  readonly url: string
}

const secrets: Resource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', isNamespaced: true }
const waiting = { timeout: 90_000, interval: 50 }

export async function openGatewayRig(places: OperatorPlaces): Promise<GatewayRig> {
  const { kubeApi, rabbit, mongo } = places
  const opened = new AsyncDisposableStack()
  const openRig = async (): Promise<OperatorRig> => {
    const rig = await openOperatorRig(places)
    opened.defer(rig.close)
    return rig
  }
  const [one, other] = [await openRig(), await openRig()]
  one.start()
  const identity = `test-${other.namespace}`
  // One installation: its gateway's account is in the namespace of the operator's Lease.
  other.start({ options: { lease: { namespace: one.namespace, name: 'weir-operator-other', identity } } })
  const place = { namespace: one.namespace, name: 'weir-gateway' }
  const rules = tenantProcessRules('gateway')
  const account = await openPodAccount(one.client, kubeApi, { ...place, rules, isClusterWide: true })
  opened.defer(account.close)
  const servers = { WEIR_BROKER_URL: rabbit.amqpUrl, WEIR_STORE_URL: mongo.url }
  const started = async (starting: Promise<ProcessUnderTest>): Promise<ProcessUnderTest> => {
    const process = await starting
    opened.defer(process.kill)
    return process
  }
  const accountIn = async ({ client, namespace }: OperatorRig, own: typeof rules): Promise<PodAccount> => {
    const found = await openPodAccount(client, kubeApi, { namespace, rules: own })
    opened.defer(found.close)
    return found
  }
  return {
    one,
    other,
    startGateway: async (port = 0) => {
      const environment = { ...account.environment, ...servers, WEIR_HOOKS_PORT: String(port) }
      return listening(await started(startProgram('cluster-gateway', { ...environment, WEIR_SHUTDOWN_SECONDS: '8' })))
    },
    startRecorder: async (rig) => {
      const { environment } = await accountIn(rig, tenantProcessRules('recorder'))
      return started(startProgram('cluster-recorder', { ...environment, ...servers, WEIR_NAMESPACE: rig.namespace }))
    },
    startRunner: async (rig) => {
      const { environment } = await accountIn(rig, planSourceRules)
      const data = await secretData(rig, 'weir-runner')
      return started(startProgram('runner', { ...environment, ...data, WEIR_PLANS: 'kubernetes' }))
    },
    close: () => opened.disposeAsync(),
  }
}

async function listening(gateway: ProcessUnderTest): Promise<GatewayUnderTest> {
  const hooksPort = await vi.waitFor(() => {
    const port = gateway.logged().find(({ hooksPort: logged }) => logged !== undefined)?.['hooksPort']
    if (typeof port !== 'number') throw new Error('no webhooks are answered yet')
    return port
  }, waiting)
  return { ...gateway, hooksPort, url: `http://127.0.0.1:${hooksPort}` }
}

export async function secretData(
  { client, namespace }: OperatorRig,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const path = pathOf(secrets, { namespace, name })
  const { data } = orThrow(
    await client.request<KubeObject & { readonly data: Readonly<Record<string, string>> }>({ method: 'GET', path }),
  )
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]))
}

/** Makes it what is given, or takes it away. */
export async function putSecret(
  { client, namespace }: OperatorRig,
  name: string,
  stringData: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const path = pathOf(secrets, { namespace, name })
  if (stringData === undefined) return void orThrow(await client.request({ method: 'DELETE', path }))
  const data = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  orThrow(
    await client.request({
      method: 'PATCH',
      path,
      query: { fieldManager: 'weir-tests', force: true },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: Object.fromEntries(data) as unknown },
    }),
  )
}

/** A Credential of that name, and the Secret that it refers to. */
export async function putCredential(
  rig: OperatorRig,
  name: string,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  const secret = `${name}-secret`
  await putSecret(rig, secret, fields)
  await rig.apply(resources.credentials, { metadata: { name }, spec: { type: 'basic', secretRef: { name: secret } } })
}
