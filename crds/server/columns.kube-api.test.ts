import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { findKubeProgram } from '../../test/env/kube-api-program.ts'
import { describeOnKubeApi } from '../../test/env/kube-tests.ts'
import { inOneNamespaceOfWeir } from '../../test/env/weir-crds.ts'
import { resources } from '../resources.ts'

const run = promisify(execFile)

type Kind = (typeof resources)[keyof typeof resources]

describeOnKubeApi('kubectl', (place) => {
  let client: KubeClient
  let namespace: string
  let kubectl: string

  beforeAll(async () => {
    kubectl = await findKubeProgram('kubectl')
  }, 3_600_000)
  inOneNamespaceOfWeir(place, (fresh) => ({ client, namespace } = fresh))

  /** What is shown, a row a line and a column a cell; ages differ from run to run. */
  async function shown(...words: string[]): Promise<string[][]> {
    const { stdout } = await run(kubectl, ['--kubeconfig', place.kubeconfig, '-n', namespace, ...words])
    const rows = stdout.trimEnd().split('\n')
    return rows.map((row) => row.split(/\s{2,}/).map((cell) => cell.trim().replace(/^\d+[smh]\d*[sm]?$/, 'AGE')))
  }

  async function create(resource: Kind, name: string, { spec, status, labels = {} }: Fields): Promise<void> {
    const metadata = { name, labels, ...(resource.isNamespaced && { namespace }) }
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, spec }
    orThrow(await client.request<KubeObject>({ method: 'POST', path: pathOf(resource, { namespace }), body }))
    if (status === undefined) return
    const path = pathOf(resource, { namespace, name, subresource: 'status' })
    const contentType = 'application/merge-patch+json'
    const query = { fieldValidation: 'Strict' }
    orThrow(await client.request({ method: 'PATCH', path, contentType, query, body: { status } }))
  }

  it('shows whether a flow works, since when, and what waits', async () => {
    const status = {
      conditions: [ready('True', 'Running')],
      activeRevision: 3,
      backlog: 12,
      deadLetters: 1,
      lastRunAt: new Date(Date.now() - 300_000).toISOString(),
      nextRunAt: '2026-03-29T01:00:00Z',
      lastError: { code: 'NoCustomer', message: 'the order has none', at: '2026-03-29T00:00:00Z' },
    }
    await create(resources.flows, 'orders', { spec: flow, status })
    await create(resources.flows, 'young', { spec: flow })
    expect(await shown('get', 'flows')).toEqual([
      ['NAME', 'READY', 'REASON', 'REVISION', 'BACKLOG', 'DEAD', 'LAST RUN', 'AGE'],
      ['orders', 'True', 'Running', '3', '12', '1', 'AGE', 'AGE'],
      ['young', 'AGE'],
    ])
    expect(await shown('get', 'fl', 'orders', '-o', 'wide')).toEqual([
      expect.arrayContaining(['NEXT RUN', 'LAST ERROR']),
      expect.arrayContaining(['2026-03-29T01:00:00Z', 'NoCustomer']),
    ])
  })

  it('shows the state of a revision', async () => {
    const spec = { flow: 'orders', revision: 3, hash: 'h', plan: {} }
    await create(resources.flowRevisions, 'orders-3', { spec, labels: { 'weir.dev/state': 'active' } })
    expect(await shown('get', 'flrev')).toEqual([
      ['NAME', 'FLOW', 'REVISION', 'STATE', 'AGE'],
      ['orders-3', 'orders', '3', 'active', 'AGE'],
    ])
  })

  it('shows why a credential does not work', async () => {
    const spec = { type: 'oauth2ClientCredentials', secretRef: { name: 'crm' } }
    const status = { conditions: [ready('False', 'ConsentRequired')], expiresAt: '2026-03-29T01:00:00Z' }
    await create(resources.credentials, 'crm', { spec, status })
    expect(await shown('get', 'cred')).toEqual([
      ['NAME', 'TYPE', 'READY', 'REASON', 'EXPIRES', 'AGE'],
      ['crm', 'oauth2ClientCredentials', 'False', 'ConsentRequired', '2026-03-29T01:00:00Z', 'AGE'],
    ])
  })

  it('shows components and apps', async () => {
    const status = { conditions: [ready('True', 'Described')] }
    await create(resources.components, 'shop', { spec: { image: 'shop:1', dialect: 'oih' }, status })
    await create(resources.apps, 'crm', { spec: { title: 'The CRM' }, status })
    expect(await shown('get', 'comp', '-o', 'wide')).toEqual([
      ['NAME', 'READY', 'REASON', 'DIALECT', 'ISOLATION', 'IMAGE', 'AGE'],
      ['shop', 'True', 'Described', 'oih', 'shop:1', 'AGE'],
    ])
    expect(await shown('get', 'wapp')).toEqual([
      ['NAME', 'TITLE', 'READY', 'REASON', 'AGE'],
      ['crm', 'The CRM', 'True', 'Described', 'AGE'],
    ])
  })

  it('lists all of them by the name of their category', async () => {
    const names = (await shown('get', 'weir', '-o', 'name')).flat()
    expect(names).toEqual(expect.arrayContaining(['flow.weir.dev/orders', 'component.weir.dev/shop']))
  })

  it('explains a field', async () => {
    const words = (await shown('explain', 'flow.spec.steps.onError.then')).flat().join(' ')
    expect(words).toContain('After the last attempt: a dead letter (default), or dropped and counted.')
  })
})

interface Fields {
  readonly spec: object
  readonly status?: object
  readonly labels?: Readonly<Record<string, string>>
}

const flow = { triggers: [{ name: 'a', manual: {} }], steps: [{ name: 'b', log: 'data' }] }

function ready(status: string, reason: string): object {
  return { type: 'Ready', status, reason, message: '', lastTransitionTime: '2026-03-29T01:00:00Z' }
}
