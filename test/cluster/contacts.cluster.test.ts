import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { resources } from '../../crds/resources.ts'
import { pathOf, type KubeObject, type Resource } from '../../kube/kube-object.ts'
import { openKubeClient, type KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { freshNamespace, type FreshNamespace } from '../env/kube-tests.ts'

const kubeconfig = process.env['WEIR_TEST_KUBECONFIG'] ?? ''
const reason =
  'WEIR_TEST_KUBECONFIG names no cluster with kubelets where Weir and its catalogue are installed as the README says, and whose RabbitMQ and MongoDB can be reached from here, too'
const waiting = { timeout: 380_000, interval: 2_000 }
const example = join(import.meta.dirname, '..', '..', 'examples', 'contacts')
const core = { group: '', version: 'v1', isNamespaced: true } as const
const namespaces: Resource = { ...core, isNamespaced: false, kind: 'Namespace', plural: 'namespaces' }
const kinds: Readonly<Record<string, Resource>> = {
  Flow: resources.flows,
  Component: resources.components,
  Credential: resources.credentials,
  Secret: { ...core, kind: 'Secret', plural: 'secrets' },
  ConfigMap: { ...core, kind: 'ConfigMap', plural: 'configmaps' },
  Service: { ...core, kind: 'Service', plural: 'services' },
  Deployment: { ...core, group: 'apps', kind: 'Deployment', plural: 'deployments' },
}

if (kubeconfig === '') {
  describe('the contacts example', () => {
    it('has its cluster', (context) => context.skip(reason))
  })
} else describe('the contacts example', tests)

function tests(): void {
  let client: KubeClient
  let fresh: FreshNamespace
  beforeAll(async () => {
    client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-tests' })
    fresh = await freshNamespace(client)
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await apply(namespaces, { metadata: { name: fresh.namespace, labels } })
    await applyAll(await appsText())
    for (const file of ['credentials.yaml', 'crm.yaml', 'flow.yaml'])
      await applyAll((await readFile(join(example, file), 'utf8')).replaceAll('127.0.0.1', 'contacts-apps'))
  })
  afterAll(async () => {
    await fresh?.close()
    await client?.close()
  })

  it('polls, delivers and keeps what the shop refuses', async () => {
    await weir('wait', 'flow', 'contacts', '--for=ready')
    await vi.waitFor(async () => {
      const letters = await weir('dead-letters', 'list', '-o', 'json')
      expect(letters).toContain('RequestRejected')
      const runs = await weir('runs', '--flow', 'contacts')
      expect(runs.match(/finished/g)?.length ?? 0).toBeGreaterThan(3)
    }, waiting)
  })

  it('leaves nothing behind when its namespace is deleted', async () => {
    await fresh.close()
    const path = pathOf(namespaces, { name: fresh.namespace })
    await vi.waitFor(async () => {
      const answer = await client.request<KubeObject>({ method: 'GET', path })
      expect(answer.kind === 'failed' && answer.failure.status).toBe(404)
    }, waiting)
  })

  /** As `kubectl create configmap --from-file` would make it, and the rest as it is. */
  async function appsText(): Promise<string> {
    const apps = join(example, 'apps')
    const names = (await readdir(apps)).filter((name) => name.endsWith('.js'))
    const texts = await Promise.all(names.map((name) => readFile(join(apps, name), 'utf8')))
    const data = Object.fromEntries(names.map((name, at) => [name, texts[at]]))
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'contacts-apps' }, data }
    return `${JSON.stringify(map)}\n---\n${await readFile(join(apps, 'pod.manifest'), 'utf8')}`
  }

  async function applyAll(text: string): Promise<void> {
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as KubeObject
      await apply(kinds[object.kind ?? ''] ?? expect.unreachable(object.kind), object)
    }
  }

  async function apply(resource: Resource, object: KubeObject): Promise<void> {
    const { group, version, kind, isNamespaced } = resource
    const place = { name: object.metadata.name, ...(isNamespaced && { namespace: fresh.namespace }) }
    const query = { fieldManager: 'weir-tests', force: true, fieldValidation: 'Strict' }
    const contentType = 'application/apply-patch+yaml'
    const body = { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind }
    orThrow(await client.request({ method: 'PATCH', path: pathOf(resource, place), query, contentType, body }))
  }

  async function weir(...words: readonly string[]): Promise<string> {
    const program = join(import.meta.dirname, '..', '..', 'bin', 'weir.js')
    const where = ['-n', fresh.namespace, '--kubeconfig', kubeconfig]
    return (await promisify(execFile)(process.execPath, [program, ...words, ...where])).stdout
  }
}
