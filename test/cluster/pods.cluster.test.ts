import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { resources } from '../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { freshNamespace, type FreshNamespace } from '../env/kube-tests.ts'
import { openSink, pods, type Sink, type SunkCall } from './sink.ts'

const kubeconfig = process.env['WEIR_TEST_KUBECONFIG'] ?? ''
const reason =
  'WEIR_TEST_KUBECONFIG names no cluster with kubelets where Weir is installed as the README says, and whose RabbitMQ can be reached from here, too'
const waiting = { timeout: 180_000, interval: 500 }
const core = { group: '', version: 'v1', isNamespaced: true } as const
const secrets: Resource = { ...core, kind: 'Secret', plural: 'secrets' }
const namespaces: Resource = { ...core, isNamespaced: false, kind: 'Namespace', plural: 'namespaces' }
const deployments: Resource = { ...core, group: 'apps', kind: 'Deployment', plural: 'deployments' }

const deliver = `
const os = require('os')
exports.process = async function deliver(msg, cfg) {
  await new Promise((resolve) => setTimeout(resolve, 100))
  const body = JSON.stringify({ id: msg.data.id, pod: os.hostname() })
  const answer = await fetch(cfg.url, { method: 'POST', headers: { 'x-key': cfg.key }, body })
  if (!answer.ok) throw new Error('the sink answered ' + answer.status)
}`

if (kubeconfig === '') {
  describe('pods of a pool', () => {
    it('have their cluster', (context) => context.skip(reason))
  })
} else describe('pods of a pool', tests)

function tests(): void {
  let client: KubeClient
  let fresh: FreshNamespace
  let sink: Sink
  beforeAll(async () => {
    client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-tests' })
    fresh = await freshNamespace(client)
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await apply(namespaces, { metadata: { name: fresh.namespace, labels } })
    sink = await openSink(client, fresh.namespace, await weirImage(client))
    await applyFlow()
  })
  afterAll(async () => {
    await fresh?.close()
    await client?.close()
  })

  it('come from zero, and nothing is lost when one is told to end under load', async () => {
    await trigger(0, 100)
    await vi.waitFor(async () => expect((await sink.calls()).length).toBeGreaterThan(5), waiting)
    const [name = ''] = await senders()
    const path = pathOf(pods, { namespace: fresh.namespace, name })
    orThrow(await client.request({ method: 'DELETE', path }))
    await vi.waitFor(async () => expect(idsOf(await sink.calls())).toEqual(numbers(100)), waiting)
    const served = new Set((await sink.calls()).map(({ pod }) => pod))
    expect(served.size).toBeGreaterThan(1)
  })

  it('give a changed Secret to steps that run', async () => {
    await apply(secrets, { metadata: { name: 'sink-key' }, stringData: { key: 'second' } })
    await vi.waitFor(async () => {
      const made = (await sink.calls()).length
      await trigger(1000 + made, 1)
      expect((await sink.calls()).at(-1)?.key).toBe('second')
    }, waiting)
  })

  it('are none when nothing was done for idleSeconds', async () => {
    await vi.waitFor(async () => expect(await senders()).toEqual([]), waiting)
  })

  async function applyFlow(): Promise<void> {
    const scaling = { min: 0, max: 2, idleSeconds: 10 }
    await apply(secrets, { metadata: { name: 'sink-key' }, stringData: { key: 'first' } })
    await apply(resources.credentials, {
      metadata: { name: 'sink-key' },
      spec: { type: 'apiKey', apiKey: { in: 'header', name: 'X-Key' }, secretRef: { name: 'sink-key' } },
    })
    await apply(resources.components, {
      metadata: { name: 'sender' },
      spec: { scaling, source: { files: { 'deliver.js': deliver } } },
    })
    const config = { url: sink.url }
    const step = { name: 'deliver', component: 'sender', function: 'deliver', config, credential: 'sink-key' }
    await apply(resources.flows, {
      metadata: { name: 'load' },
      spec: { triggers: [{ name: 'by-hand', manual: {} }], steps: [{ name: 'each', split: 'data' }, step] },
    })
    await weir('wait', 'flow', 'load', '--for=ready')
  }

  async function trigger(first: number, count: number): Promise<void> {
    await weir('trigger', 'load', '--data', JSON.stringify(numbers(count).map((at) => ({ id: first + at }))))
  }

  async function weir(...words: readonly string[]): Promise<void> {
    const program = join(import.meta.dirname, '..', '..', 'bin', 'weir.js')
    const where = ['-n', fresh.namespace, '--kubeconfig', kubeconfig]
    await promisify(execFile)(process.execPath, [program, ...words, ...where])
  }

  async function senders(): Promise<readonly string[]> {
    const path = pathOf(pods, { namespace: fresh.namespace })
    const { items } = orThrow(await client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path }))
    return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('weir-sender-'))
  }

  async function apply(resource: Resource, object: KubeObject): Promise<void> {
    const { group, version, kind, isNamespaced } = resource
    const place = { name: object.metadata.name, ...(isNamespaced && { namespace: fresh.namespace }) }
    const query = { fieldManager: 'weir-tests', force: true, fieldValidation: 'Strict' }
    const contentType = 'application/apply-patch+yaml'
    const body = { apiVersion: group === '' ? version : `${group}/${version}`, kind, ...object }
    orThrow(await client.request({ method: 'PATCH', path: pathOf(resource, place), query, contentType, body }))
  }
}

function idsOf(calls: readonly SunkCall[]): readonly number[] {
  return [...new Set(calls.map(({ id }) => id))].toSorted((left, right) => left - right)
}

function numbers(count: number): readonly number[] {
  return [...Array(count).keys()]
}

/** Of the operator that is installed: it has Node. */
async function weirImage(client: KubeClient): Promise<string> {
  const path = pathOf(deployments, { namespace: 'weir-system', name: 'weir-operator' })
  interface Deployed extends KubeObject {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } } }
  }
  const { spec } = orThrow(await client.request<Deployed>({ method: 'GET', path }))
  return spec.template.spec.containers[0]?.image ?? expect.unreachable('the operator has no container')
}
