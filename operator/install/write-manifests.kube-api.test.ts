import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { describeOnKubeApi, freshNamespace, openAdministrator, type FreshNamespace } from '../../test/env/kube-tests.ts'
import { applyCrds } from '../../test/env/weir-crds.ts'
import { catalogueText, manifestsText } from './write-manifests.ts'

describeOnKubeApi('what `make manifests` writes', (place) => {
  let client: KubeClient
  let fresh: FreshNamespace
  beforeAll(async () => {
    client = await openAdministrator(place)
    fresh = await freshNamespace(client)
  })
  afterAll(async () => {
    await fresh?.close()
    await client?.close()
  })

  it('is taken by the API server, every field of it', async () => {
    const text = await manifestsText({ image: 'weir:test', namespace: fresh.namespace })
    const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject)
    for (const object of objects) await dryRun(object)
    expect(objects.map(({ kind }) => kind)).toContain('Deployment')
    expect(objects.filter(({ kind }) => kind === 'CustomResourceDefinition')).toHaveLength(6)
  })

  it('has a catalogue that it takes as well', async () => {
    await applyCrds(client)
    const objects = parseAllDocuments(await catalogueText()).map((document) => document.toJS() as KubeObject)
    for (const object of objects) await dryRun(object)
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(['code', 'http'])
  })

  it('leaves to who scales its programs how many pods they are, when it is applied again', async () => {
    const text = await manifestsText({ image: 'weir:test', namespace: fresh.namespace })
    const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest)
    const deployments = objects.filter(({ kind }) => kind === 'Deployment')
    expect(deployments).toHaveLength(4)
    for (const one of deployments) {
      expect(await applied(one)).toHaveProperty('spec.replicas', 1)
      await scale(one, 2)
      expect(await applied(one)).toHaveProperty('spec.replicas', 2)
    }
  })

  async function dryRun(object: Manifest): Promise<void> {
    const query = { fieldManager: 'weir-tests', force: true, fieldValidation: 'Strict', dryRun: 'All' }
    orThrow(await client.request({ method: 'PATCH', path: pathTo(object), query, contentType, body: object }))
  }

  /** As `kubectl apply --server-side` does it: who else has a field is asked first. */
  async function applied(object: Manifest): Promise<KubeObject> {
    const query = { fieldManager: 'kubectl', fieldValidation: 'Strict' }
    return orThrow(
      await client.request<KubeObject>({ method: 'PATCH', path: pathTo(object), query, contentType, body: object }),
    )
  }

  /** As `kubectl scale` does it. */
  async function scale(object: Manifest, replicas: number): Promise<void> {
    const path = `${pathTo(object)}/scale`
    const query = { fieldManager: 'kubectl' }
    const body = { spec: { replicas } }
    orThrow(await client.request({ method: 'PATCH', path, query, contentType: 'application/merge-patch+json', body }))
  }
})

type Manifest = KubeObject & { readonly apiVersion?: string; readonly kind?: string }

const contentType = 'application/apply-patch+yaml'

function pathTo({ apiVersion = '', kind = '', metadata: { namespace, name } }: Manifest): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`
  return `${root}${within}/${pluralOf(kind)}/${name}`
}

function pluralOf(kind: string): string {
  return kind.toLowerCase().replace(/y$/, 'ie') + 's'
}
